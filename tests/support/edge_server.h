// EdgeServer: a whole server in the test's own process: gRPC edge and engine over the memory store.
//
// Single-threaded from the test's side. Calls go over a real connection on a free port.
#pragma once

#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "engine/app/system_clock.h"
#include "engine/base/check.h"
#include "engine/grpc/server.h"
#include "engine/memory/memory_catalog.h"
#include "engine/memory/memory_journal.h"
#include "engine/memory/memory_store.h"
#include "engine/memory/memory_task_log.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/engine_thread.h"
#include "engine/runtime/task_definition_reader.h"
#include "engine/runtime/task_limit_reader.h"
#include "engine/telemetry/prometheus_metrics.h"
#include "skald/v1/admin.grpc.pb.h"
#include "skald/v1/definition.grpc.pb.h"
#include "skald/v1/worker.grpc.pb.h"
#include "skald/v1/workflow.grpc.pb.h"
#include "tests/support/eventually.h"

namespace skald::test {

class EdgeServer {
 public:
  explicit EdgeServer(grpc_edge::StreamOptions streams = {})
      : EdgeServer(runtime::EngineOptions{}, streams) {}
  // `scripts`: outlives the server.
  EdgeServer(runtime::EngineOptions options, grpc_edge::StreamOptions streams,
             ports::ScriptChecker* scripts = nullptr)
      : store_(clock_, 4),
        journal_(store_),
        catalog_(store_),
        definitions_(catalog_),
        task_definitions_(catalog_),
        engine_(
            std::move(options),
            runtime::Collaborators{
                journal_, clock_, metrics_,
                [this](std::int64_t id) { return definitions_.ById(id); },
                [this](const std::string& name_space, const std::string& name,
                       std::int32_t version) {
                  return definitions_.Resolve(name_space, name, version);
                },
                nullptr,
                [this](const std::string& name_space, std::vector<std::string> names, auto done) {
                  task_definitions_.Ask(name_space, std::move(names), std::move(done));
                }}),
        limits_(catalog_,
                [this](runtime::TaskLimits now) { engine_.SetTaskLimits(std::move(now)); }) {
    grpc_edge::ServerOptions settings;
    settings.address = "127.0.0.1:0";
    settings.node_id = "test";
    settings.version = "test";
    settings.streams = streams;
    auto server = grpc_edge::Server::Start(
        settings, grpc_edge::ServerParts{engine_, journal_, catalog_, task_log_, definitions_,
                                         clock_, random_, nullptr, scripts});
    CHECK(server.ok());
    server_ = *std::move(server);
    address_ = "127.0.0.1:" + std::to_string(server_->port());
    const auto channel = NewChannel();
    definition_stub_ = v1::DefinitionService::NewStub(channel);
    workflow_stub_ = v1::WorkflowService::NewStub(channel);
    worker_stub_ = v1::WorkerService::NewStub(channel);
    admin_stub_ = v1::AdminService::NewStub(channel);
    // Until the engine serves it refuses what it is asked.
    CHECK(testing::Eventually([this] { return Serves(); }));
  }
  ~EdgeServer() {
    server_->Stop(0);
    engine_.Stop();
  }

  std::shared_ptr<grpc::Channel> NewChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
  }

  const std::string& address() const { return address_; }
  v1::DefinitionService::Stub& definitions() { return *definition_stub_; }
  v1::WorkflowService::Stub& workflows() { return *workflow_stub_; }
  v1::WorkerService::Stub& workers() { return *worker_stub_; }
  v1::AdminService::Stub& admin() { return *admin_stub_; }
  grpc_edge::Server& server() { return *server_; }
  telemetry::PrometheusMetrics& metrics() { return metrics_; }
  memory::MemoryStore& store() { return store_; }

  grpc::Status Register(const std::string& definition) {
    v1::RegisterWorkflowRequest request;
    request.set_definition(definition);
    v1::RegisterWorkflowResponse response;
    grpc::ClientContext context;
    return definitions().RegisterWorkflow(&context, request, &response);
  }

  grpc::Status Start(const v1::StartRequest& request, v1::StartResponse* response) {
    grpc::ClientContext context;
    return workflows().Start(&context, request, response);
  }

  grpc::Status Get(const std::string& id, v1::Workflow* workflow) {
    v1::GetRequest request;
    request.set_workflow_id(id);
    grpc::ClientContext context;
    return workflows().Get(&context, request, workflow);
  }

  // Waits, by watching, until the workflow has ended.
  v1::Workflow AwaitEnd(const std::string& id) {
    v1::WatchRequest request;
    request.set_workflow_id(id);
    grpc::ClientContext context;
    auto stream = workflows().Watch(&context, request);
    v1::WatchResponse response;
    while (stream->Read(&response)) {
    }
    stream->Finish();
    v1::Workflow workflow;
    CHECK(Get(id, &workflow).ok());
    return workflow;
  }

 private:
  bool Serves() {
    std::promise<bool> answer;
    engine_.Stats([&answer](absl::StatusOr<runtime::EngineStats> stats) {
      answer.set_value(stats.ok() && stats->ready.ok());
    });
    return answer.get_future().get();
  }

  app::DatabaseClock clock_;
  app::SystemRandom random_;
  memory::MemoryStore store_;
  memory::MemoryJournal journal_;
  memory::MemoryCatalog catalog_;
  memory::MemoryTaskLog task_log_;
  telemetry::PrometheusMetrics metrics_;
  runtime::DefinitionCache definitions_;
  runtime::TaskDefinitionReader task_definitions_;
  runtime::EngineThread engine_;
  runtime::TaskLimitReader limits_;
  std::unique_ptr<grpc_edge::Server> server_;
  std::string address_;
  std::unique_ptr<v1::DefinitionService::Stub> definition_stub_;
  std::unique_ptr<v1::WorkflowService::Stub> workflow_stub_;
  std::unique_ptr<v1::WorkerService::Stub> worker_stub_;
  std::unique_ptr<v1::AdminService::Stub> admin_stub_;
};

}  // namespace skald::test
