#include "engine/postgres/session_thread.h"

#include <chrono>
#include <utility>

#include "engine/runtime/engine.h"

namespace skald::postgres {
namespace {

// A statement that begins just after it was cancelled is cancelled again that much later.
constexpr std::chrono::milliseconds kCancelAgain{50};

}  // namespace

SessionThread::SessionThread(std::string connection_string)
    : session_(std::move(connection_string)), thread_([this] { Run(); }) {}

SessionThread::~SessionThread() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  bool ended = false;
  while (!ended) {
    session_.Cancel();
    const base::MutexLock lock(mutex_);
    if (!ended_) changed_.WaitFor(mutex_, kCancelAgain);
    ended = ended_;
  }
  thread_.Join();
  for (Call& call : calls_) call(session_, absl::CancelledError("stopping"));
}

void SessionThread::Post(Call call) {
  {
    const base::MutexLock lock(mutex_);
    if (calls_.size() < kCallsQueuedMax && !stopping_) {
      calls_.push_back(std::move(call));
      changed_.Signal();
      return;
    }
  }
  call(session_, runtime::OverloadError("calls_queued_max", "ask the database"));
}

absl::Status SessionThread::Answer(absl::Status status) {
  const base::MutexLock lock(mutex_);
  if (status.ok() || !stopping_) return status;
  return absl::CancelledError("stopping");
}

void SessionThread::Run() {
  Call call;
  while (Take(call)) {
    call(session_, absl::OkStatus());
    call = nullptr;
  }
  const base::MutexLock lock(mutex_);
  ended_ = true;
  changed_.SignalAll();
}

bool SessionThread::Take(Call& call) {
  const base::MutexLock lock(mutex_);
  while (calls_.empty() && !stopping_) changed_.Wait(mutex_);
  if (stopping_) return false;
  call = std::move(calls_.front());
  calls_.pop_front();
  return true;
}

}  // namespace skald::postgres
