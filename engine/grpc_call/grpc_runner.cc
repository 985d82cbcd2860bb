#include "engine/grpc_call/grpc_runner.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/grpc_call/channel_pool.h"
#include "engine/grpc_call/connection_watcher.h"
#include "engine/grpc_call/grpc_call.h"
#include "engine/grpc_call/grpc_result.h"
#include "engine/grpc_call/tls_profiles.h"
#include "engine/grpc_call/type_cache.h"

namespace skald::grpc_call {

struct GrpcRunner::Parts {
  Parts(GrpcOptions options_in, TlsProfiles profiles_in)
      : options(std::move(options_in)),
        profiles(std::move(profiles_in)),
        channels(options, profiles),
        table(std::make_shared<CallTable>()) {}

  const GrpcOptions options;
  const TlsProfiles profiles;
  ChannelPool channels;
  TypeCache types;
  ConnectionWatcher watcher;
  const std::shared_ptr<CallTable> table;  // shared with the calls (grpc_call.h)
};

absl::StatusOr<std::unique_ptr<GrpcRunner>> GrpcRunner::Start(GrpcOptions options) {
  ASSIGN_OR_RETURN(TlsProfiles profiles, TlsProfiles::Load(options.tls_profiles));
  return std::unique_ptr<GrpcRunner>(
      new GrpcRunner(std::make_unique<Parts>(std::move(options), std::move(profiles))));
}

GrpcRunner::GrpcRunner(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

GrpcRunner::~GrpcRunner() {
  for (const auto& call : parts_->table->Close()) call->Cancel("the server is stopping");
  parts_->table->WaitUntilEmpty();
}

std::size_t GrpcRunner::Capacity() const { return parts_->options.calls_max; }

void GrpcRunner::Run(ports::RunnerTask task, Done done) {
  const auto call = std::make_shared<GrpcCall>(
      CallParts{parts_->options, parts_->channels, parts_->types, parts_->watcher, parts_->table},
      std::move(task), std::move(done));
  if (parts_->table->Add(call)) {
    call->Start();
  } else {
    call->Cancel("the server is stopping");
  }
}

void GrpcRunner::Cancel(std::string_view task_id) {
  for (const auto& call : parts_->table->Find(task_id)) call->Cancel("canceled");
}

}  // namespace skald::grpc_call
