#include "engine/grpc/server.h"

#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"

namespace skald::grpc_edge {
namespace {

constexpr int kHandshakeTimeoutMs = 10'000;
constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kPingIntervalMinMs = 5'000;
constexpr int kConcurrentStreamsMax = 10'000;  // of one connection

// What gRPC has to say goes where the rest is said. Most of what matters comes back as a status
// too; a handshake that fails does not.
void LogForGrpc(gpr_log_func_args* said) {
  if (said->severity == GPR_LOG_SEVERITY_ERROR) {
    base::LogWarn("grpc.said", {{"message", said->message}});
  } else {
    base::LogDebug("grpc.said", {{"message", said->message}});
  }
}

}  // namespace

Server::Server(ServerOptions options, const ServerParts& parts)
    : options_(std::move(options)),
      pool_(options_.blocking_threads, options_.blocking_queue_max),
      hub_(options_.streams, options_.node_id, parts.clock, pool_, parts.log),
      starter_(parts.engine, parts.definitions, parts.journal, parts.clock, parts.random, pool_),
      reader_(parts.engine, parts.catalog, parts.definitions, pool_),
      definition_service_(parts.catalog, parts.definitions.environment(), parts.clock, pool_,
                          parts.scripts),
      workflow_service_(parts.engine, parts.catalog, parts.log, starter_, reader_, pool_),
      worker_service_(parts.engine, hub_, options_.streams),
      admin_service_(parts.engine, parts.catalog, pool_, options_.limits, options_.version) {
  if (parts.rehearser != nullptr) test_service_.emplace(*parts.rehearser, pool_);
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      const ServerParts& parts) {
  gpr_set_log_function(LogForGrpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<Server> server(new Server(std::move(options), parts));
  const ServerOptions& settings = server->options_;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(settings.address, grpc::InsecureServerCredentials(), &server->port_);
  builder.RegisterService(&server->definition_service_);
  builder.RegisterService(&server->workflow_service_);
  builder.RegisterService(&server->worker_service_);
  builder.RegisterService(&server->admin_service_);
  if (server->test_service_.has_value()) builder.RegisterService(&*server->test_service_);
  builder.SetMaxReceiveMessageSize(static_cast<int>(settings.streams.message_bytes_max));
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMinMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kConcurrentStreamsMax);
  // Two servers on one port would share its connections by chance.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("grpc: cannot listen on ", settings.address,
                     ": is it in use, or no address (host:port) of this machine?"));
  }
  server->SetServing(false);
  base::LogInfo("grpc.started", {{"address", settings.address}, {"port", server->port_}});
  return server;
}

Server::~Server() { Stop(0); }

void Server::SetServing(bool serving) {
  if (server_ == nullptr) return;
  grpc::HealthCheckServiceInterface& health = *server_->GetHealthCheckService();
  health.SetServingStatus(serving);  // of the services that it knows, and of ""
  for (const char* service :
       {v1::DefinitionService::service_full_name(), v1::WorkflowService::service_full_name(),
        v1::WorkerService::service_full_name(), v1::AdminService::service_full_name()}) {
    health.SetServingStatus(service, serving);
  }
  if (test_service_.has_value()) {
    health.SetServingStatus(v1::TestService::service_full_name(), serving);
  }
}

void Server::Stop(std::int64_t grace_ms) {
  if (server_ == nullptr) return;
  SetServing(false);
  hub_.DrainAll();
  server_->Shutdown(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(grace_ms, GPR_TIMESPAN)));
  server_->Wait();
  server_ = nullptr;
  base::LogInfo("grpc.stopped", {});
}

}  // namespace skald::grpc_edge
