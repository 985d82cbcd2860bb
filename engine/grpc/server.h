// Server: the gRPC edge of one node: all services of skald.v1, the standard health and reflection
// services, and the bounds of the transport.
//
// Thread-safe. Stop (or the destructor) first tells workers to drain, then ends every call; nothing
// of the edge runs after it. gRPC's own threads serve the calls.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/grpc/admin_service.h"
#include "engine/grpc/blocking_pool.h"
#include "engine/grpc/definition_service.h"
#include "engine/grpc/starter.h"
#include "engine/grpc/test_service.h"
#include "engine/grpc/worker_service.h"
#include "engine/grpc/workflow_reader.h"
#include "engine/grpc/workflow_service.h"
#include "engine/ports/catalog.h"
#include "engine/ports/clock.h"
#include "engine/ports/journal.h"
#include "engine/ports/rehearsal.h"
#include "engine/ports/script_checker.h"
#include "engine/ports/task_log.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/engine.h"

namespace skald::grpc_edge {

struct ServerOptions {
  std::string address = "127.0.0.1:8090";
  std::string node_id;
  std::string version;
  std::size_t blocking_threads = 8;
  std::size_t blocking_queue_max = 10'000;
  StreamOptions streams;
  std::vector<NamedLimit> limits;
};

// What the edge stands on. All outlive the server.
struct ServerParts {
  runtime::Engine& engine;
  ports::Journal& journal;
  ports::Catalog& catalog;
  ports::TaskLog& log;
  runtime::DefinitionCache& definitions;
  const ports::Clock& clock;
  ports::Random& random;
  ports::Rehearser* rehearser = nullptr;  // null: TestService is not served
  // null: definitions are stored without a look at their scripts.
  ports::ScriptChecker* scripts = nullptr;
};

class Server {
 public:
  // UNAVAILABLE: the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       const ServerParts& parts);
  ~Server();

  // The port in use: the one asked for, or the one given for port 0.
  int port() const { return port_; }
  // What the health service says of the server (service "") and of each service of skald.v1.
  void SetServing(bool serving);
  // Idempotent. Waits at most `grace_ms` for workers to finish what they hold, then ends all calls.
  void Stop(std::int64_t grace_ms);

 private:
  Server(ServerOptions options, const ServerParts& parts);

  const ServerOptions options_;
  BlockingPool pool_;
  WorkerHub hub_;
  Starter starter_;
  WorkflowReader reader_;
  DefinitionServiceImpl definition_service_;
  WorkflowServiceImpl workflow_service_;
  WorkerServiceImpl worker_service_;
  AdminServiceImpl admin_service_;
  std::optional<TestServiceImpl> test_service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace skald::grpc_edge
