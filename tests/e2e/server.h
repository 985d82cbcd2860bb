// A server process, the sample services beside it, and stubs to talk to it.
//
//   Engine engine({"server", "--database-url", url}, folder);
//   engine.Start();
//   engine.AwaitReady();
//   Services services(engine.address(), folder);
//   Api api(engine.address());
//   RegisterOrders(api);
//
// Single-threaded, from the main thread, but for Api, which is thread-safe. What cannot be started
// ends the test binary with a message.
#pragma once

#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "skald/v1/admin.grpc.pb.h"
#include "skald/v1/definition.grpc.pb.h"
#include "skald/v1/worker.grpc.pb.h"
#include "skald/v1/workflow.grpc.pb.h"
#include "tests/e2e/processes.h"

namespace skald::testing {

// A channel to a server that may be restarted: it tries again at once.
std::shared_ptr<grpc::Channel> NewChannel(const std::string& address);

struct Api {
  explicit Api(const std::string& address);

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::DefinitionService::Stub> definitions;
  std::unique_ptr<v1::WorkflowService::Stub> workflows;
  std::unique_ptr<v1::WorkerService::Stub> workers;
  std::unique_ptr<v1::AdminService::Stub> admin;

  grpc::Status Register(const std::string& definition) const;
  grpc::Status RegisterTask(const std::string& definition) const;
  // The deadline is so near that a call into a dying server does not hold its caller up.
  grpc::Status Start(const v1::StartRequest& request, v1::StartResponse& response) const;
  grpc::Status Get(const std::string& workflow_id, v1::Workflow& workflow) const;
  grpc::Status Verify(const std::string& workflow_id, v1::VerifyResponse& response) const;

  // For what has to succeed; otherwise the test binary ends.
  std::string StartOrDie(const std::string& name, const std::string& input) const;
  // Returns the workflow once it has ended.
  v1::Workflow AwaitEnd(const std::string& workflow_id) const;
};

class Engine {
 public:
  // `arguments`: "server" or "dev" and what it needs; addresses and a short task lease are added.
  Engine(std::vector<std::string> arguments, const std::filesystem::path& folder);

  void Start() { process_.Start(); }
  void Kill() { process_.Kill(); }
  Process& process() { return process_; }
  // Waits until it serves.
  void AwaitReady();

  std::string address() const { return "127.0.0.1:" + std::to_string(grpc_port_); }
  int grpc_port() const { return grpc_port_; }
  int http_port() const { return http_port_; }

 private:
  const int grpc_port_;
  const int http_port_;
  Process process_;
};

// inventory, payment and shipping, each with a database of its own on one cluster of their own.
class Services {
 public:
  static constexpr int kCount = 3;

  // Starts them. Handlers run on `threads` threads each.
  Services(const std::string& engine_address, const std::filesystem::path& folder, int threads);
  ~Services();

  // kill -9, and at once started again.
  void KillAndRestart(int service);
  const std::vector<std::string>& databases() const { return databases_; }

 private:
  struct Cluster;
  std::unique_ptr<Cluster> cluster_;
  std::vector<std::string> databases_;
  std::vector<std::unique_ptr<Process>> processes_;
};

// Registers workflows/order.json and the task definitions it needs.
void RegisterOrders(const Api& api);

// `skald workflow verify --all`: whether the history of every workflow of the namespace "default"
// holds what must hold of any. For the end of a run; the server runs.
Said VerifyAll(const Engine& engine);

// Makes a database's schema the engine's. Dies unless it works.
void Migrate(const std::string& database_url);

}  // namespace skald::testing
