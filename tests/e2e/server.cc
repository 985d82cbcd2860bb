#include "tests/e2e/server.h"

#include <chrono>
#include <utility>

#include "engine/app/private_cluster.h"
#include "fmt/format.h"
#include "tests/support/eventually.h"
#include "tests/support/paths.h"
#include "tests/support/private_postgres.h"

namespace skald::testing {
namespace {

constexpr std::chrono::seconds kCallDeadline{10};
constexpr const char* kServices[Services::kCount] = {"inventory", "payment", "shipping"};

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
}

std::vector<std::string> WithAddresses(std::vector<std::string> arguments, int grpc_port,
                                       int http_port) {
  for (const std::string& more :
       {std::string("--grpc-address"), fmt::format("127.0.0.1:{}", grpc_port),
        std::string("--http-address"), fmt::format("127.0.0.1:{}", http_port),
        std::string("--task-lease-ms"), std::string("5000")}) {
    arguments.push_back(more);
  }
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::Channel> NewChannel(const std::string& address) {
  constexpr int kReconnectMs = 50;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

Api::Api(const std::string& address)
    : channel(NewChannel(address)),
      definitions(v1::DefinitionService::NewStub(channel)),
      workflows(v1::WorkflowService::NewStub(channel)),
      workers(v1::WorkerService::NewStub(channel)),
      admin(v1::AdminService::NewStub(channel)) {}

grpc::Status Api::Register(const std::string& definition) const {
  v1::RegisterWorkflowRequest request;
  request.set_definition(definition);
  v1::RegisterWorkflowResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  return definitions->RegisterWorkflow(&context, request, &response);
}

grpc::Status Api::RegisterTask(const std::string& definition) const {
  v1::RegisterTaskRequest request;
  request.set_definition(definition);
  v1::RegisterTaskResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  return definitions->RegisterTask(&context, request, &response);
}

grpc::Status Api::Start(const v1::StartRequest& request, v1::StartResponse& response) const {
  grpc::ClientContext context;
  SetDeadline(context);
  return workflows->Start(&context, request, &response);
}

grpc::Status Api::Get(const std::string& workflow_id, v1::Workflow& workflow) const {
  v1::GetRequest request;
  request.set_workflow_id(workflow_id);
  grpc::ClientContext context;
  SetDeadline(context);
  return workflows->Get(&context, request, &workflow);
}

grpc::Status Api::Verify(const std::string& workflow_id, v1::VerifyResponse& response) const {
  v1::VerifyRequest request;
  request.set_workflow_id(workflow_id);
  grpc::ClientContext context;
  SetDeadline(context);
  return workflows->Verify(&context, request, &response);
}

std::string Api::StartOrDie(const std::string& name, const std::string& input) const {
  v1::StartRequest request;
  request.set_name(name);
  request.set_input(input);
  v1::StartResponse response;
  const grpc::Status status = Start(request, response);
  if (!status.ok()) Die("start " + name + ": " + status.error_message());
  return response.workflow_id();
}

v1::Workflow Api::AwaitEnd(const std::string& workflow_id) const {
  v1::Workflow workflow;
  const bool has_ended = Eventually([&] {
    workflow.Clear();
    return Get(workflow_id, workflow).ok() && workflow.ended_at_us() != 0;
  });
  if (!has_ended) Die("does not end: " + workflow.DebugString());
  return workflow;
}

Engine::Engine(std::vector<std::string> arguments, const std::filesystem::path& folder)
    : grpc_port_(FreePort()),
      http_port_(FreePort()),
      process_("skald", WithAddresses(std::move(arguments), grpc_port_, http_port_),
               folder / "engine.log") {}

void Engine::AwaitReady() {
  if (!Eventually([this] { return GetPage(http_port_, "/ready").code == 200; })) {
    Die("the engine is not ready:\n" + process_.Log());
  }
}

struct Services::Cluster {
  std::unique_ptr<app::PrivateCluster> postgres;
};

Services::Services(const std::string& engine_address, const std::filesystem::path& folder,
                   int threads)
    : cluster_(std::make_unique<Cluster>()) {
  auto started = app::PrivateCluster::Start({.data_dir = folder / "services",
                                             .server_settings = {"max_connections=200"},
                                             .durable = false});
  if (!started.ok()) Die(started.status().ToString());
  cluster_->postgres = *std::move(started);
  const std::string& base = cluster_->postgres->connection_string();
  for (const char* name : kServices) {
    QueryOrDie(base, fmt::format("create database {}", name));
    databases_.push_back(fmt::format("{} dbname={}", base, name));
    processes_.push_back(std::make_unique<Process>(
        name,
        std::vector<std::string>{"--server", engine_address, "--database-url", databases_.back(),
                                 "--threads", std::to_string(threads)},
        folder / fmt::format("{}.log", name)));
    processes_.back()->Start();
  }
}

Services::~Services() = default;

void Services::KillAndRestart(int service) {
  Process& process = *processes_.at(static_cast<std::size_t>(service));
  process.Kill();
  process.Start();
}

void RegisterOrders(const Api& api) {
  const std::filesystem::path folder = SourceDir() / "workflows";
  for (const auto& entry : std::filesystem::directory_iterator(folder / "task-definitions")) {
    const grpc::Status status = api.RegisterTask(ReadFileOrDie(entry.path()));
    if (!status.ok()) Die(entry.path().string() + ": " + status.error_message());
  }
  const grpc::Status status = api.Register(ReadFileOrDie(folder / "order.json"));
  if (!status.ok()) Die("order.json: " + status.error_message());
}

Said VerifyAll(const Engine& engine) {
  return RunProgram("skald", {"workflow", "verify", "--all", "--address", engine.address()});
}

void Migrate(const std::string& database_url) {
  const Said said = RunProgram("skald", {"migrate", "--database-url", database_url});
  if (said.exit_code != 0) Die(said.output);
}

}  // namespace skald::testing
