#include "engine/grpc_call/connection_watcher.h"

#include <grpc/support/time.h>

#include <cstdint>
#include <utility>

#include "engine/grpc_call/byte_buffers.h"

namespace skald::grpc_call {
namespace {

// gRPC cannot be told to stop watching; so it watches for so long at a time.
constexpr std::int64_t kWatchMsMax = 200;

bool IsBefore(const gpr_timespec& a, const gpr_timespec& b) { return gpr_time_cmp(a, b) < 0; }

}  // namespace

ConnectionWatcher::ConnectionWatcher() : thread_([this] { Loop(); }) {}

ConnectionWatcher::~ConnectionWatcher() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    queue_.Shutdown();
  }
  thread_.join();
}

void ConnectionWatcher::Watch(std::shared_ptr<Connection> connection, gpr_timespec deadline,
                              std::weak_ptr<void> owner, Known known) {
  Look(std::make_unique<Watching>(
      Watching{std::move(connection), deadline, std::move(owner), std::move(known)}));
}

void ConnectionWatcher::Look(std::unique_ptr<Watching> watching) {
  if (watching->owner.expired()) return;
  const grpc_connectivity_state state = watching->connection->channel->GetState(true);
  const bool open = state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING;
  if (open && IsBefore(gpr_now(GPR_CLOCK_MONOTONIC), watching->deadline)) {
    const gpr_timespec slice = DeadlineIn(kWatchMsMax);
    const gpr_timespec until = IsBefore(slice, watching->deadline) ? slice : watching->deadline;
    base::MutexLock lock(mutex_);
    if (!stopping_) {
      // The loop takes it over.
      grpc::Channel& channel = *watching->connection->channel;
      channel.NotifyOnStateChange(state, until, &queue_, watching.release());
      return;
    }
  }
  watching->known(state == GRPC_CHANNEL_READY);
}

void ConnectionWatcher::Loop() {
  void* tag = nullptr;
  bool changed = false;  // or the slice of time is over: a look tells
  while (queue_.Next(&tag, &changed)) {
    Look(std::unique_ptr<Watching>(static_cast<Watching*>(tag)));
  }
}

}  // namespace skald::grpc_call
