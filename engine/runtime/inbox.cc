#include "engine/runtime/inbox.h"

#include <chrono>
#include <iterator>
#include <utility>

namespace skald::runtime {

void Inbox::Add(Lane lane, Work work) {
  base::MutexLock lock(mutex_);
  lanes_[lane].push_back(std::move(work));
  woken_ = true;
  if (sleeping_ && !lent_) posted_.Signal();
}

bool Inbox::Reserve(std::atomic<std::size_t>& backlog) {
  if (backlog.fetch_add(1, std::memory_order_relaxed) < lane_max_) return true;
  backlog.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Inbox::PostCompletion(Work work) { Add(kCompletions, std::move(work)); }

void Inbox::PostCompletionAndTakeTurn(Work work) {
  const Turn* turn = nullptr;
  {
    base::MutexLock lock(mutex_);
    lanes_[kCompletions].push_back(std::move(work));
    woken_ = true;
    if (!sleeping_ || lent_) return;
    if (turn_ == nullptr) {
      posted_.Signal();
      return;
    }
    turn = turn_;
    lent_ = true;
  }
  const bool sleep_on = (*turn)();
  base::MutexLock lock(mutex_);
  lent_ = false;
  if (!sleep_on) woken_ = true;
  if (woken_ || !sleeping_) posted_.Signal();
}

void Inbox::ForceWorker(Work work) {
  worker_backlog_.fetch_add(1, std::memory_order_relaxed);
  Add(kWorkers, std::move(work));
}

void Inbox::ForceClient(Work work) {
  client_backlog_.fetch_add(1, std::memory_order_relaxed);
  Add(kClients, std::move(work));
}

void Inbox::TakeInto(Content& content) {
  std::array<std::vector<Work>, kLanes> taken;
  {
    base::MutexLock lock(mutex_);
    taken.swap(lanes_);
    woken_ = false;
  }
  std::move(taken[kCompletions].begin(), taken[kCompletions].end(),
            std::back_inserter(content.completions));
  std::move(taken[kWorkers].begin(), taken[kWorkers].end(), std::back_inserter(content.workers));
  std::move(taken[kClients].begin(), taken[kClients].end(), std::back_inserter(content.clients));
}

void Inbox::Wait(core::DurationUs timeout_us, const Turn& turn) {
  base::MutexLock lock(mutex_);
  if (woken_ || timeout_us <= 0) return;
  sleeping_ = true;
  turn_ = &turn;
  posted_.WaitFor(mutex_, std::chrono::microseconds(timeout_us));
  sleeping_ = false;  // nobody begins a turn any more
  turn_ = nullptr;
  while (lent_) posted_.Wait(mutex_);
}

void Inbox::Wake() {
  base::MutexLock lock(mutex_);
  woken_ = true;
  posted_.Signal();
}

}  // namespace skald::runtime
