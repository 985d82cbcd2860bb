// Inbox: the one place where other threads hand work to the loop.
//
// Three lanes: completions (answers of the journal: as many as calls are under way, never refused),
// workers and clients (bounded). Work is run by the loop in order within its lane. One mutex hop
// per post, one per swap. Thread-safe; shared by the loop and by every journal call under way,
// because an answer may come after the loop is gone.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "engine/base/mutex.h"
#include "engine/core/types.h"

namespace skald::runtime {

class Inbox {
 public:
  using Work = absl::AnyInvocable<void()>;

  // `lane_max` bounds the worker and the client lane, each.
  explicit Inbox(std::size_t lane_max) : lane_max_(lane_max) {}

  void PostCompletion(Work work);
  // The same, and when the loop sleeps, its next turn is taken by the calling thread, which is
  // awake: a step's latency has one change of threads less. The caller holds no lock, and nothing
  // waits for it meanwhile; a turn may take as long as all that came in does (kRequestsPerTickMax).
  void PostCompletionAndTakeTurn(Work work);
  // False when the lane is full. REQUIRES: true is followed by one Post to that lane.
  [[nodiscard]] bool ReserveWorker() { return Reserve(worker_backlog_); }
  [[nodiscard]] bool ReserveClient() { return Reserve(client_backlog_); }
  void PostWorker(Work work) { Add(kWorkers, std::move(work)); }
  void PostClient(Work work) { Add(kClients, std::move(work)); }
  // Past the bound, for what must not be lost and is bounded otherwise: ends of sessions.
  void ForceWorker(Work work);
  void ForceClient(Work work);

  // ---- the loop's side ----
  struct Content {
    std::vector<Work> completions;
    std::deque<Work> workers;
    std::deque<Work> clients;
  };
  // Appends everything that came in to `content`. What the loop has not handled yet still counts
  // against the bounds: call Handled for each piece of work done.
  void TakeInto(Content& content);
  void HandledWorker() { worker_backlog_.fetch_sub(1, std::memory_order_relaxed); }
  void HandledClient() { client_backlog_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t backlog() const { return worker_backlog_.load() + client_backlog_.load(); }

  // A turn of the loop in place of its thread. False: the thread has to wake up, because the loop
  // ends, or has to be called again sooner than the thread will.
  using Turn = std::function<bool()>;
  // Sleeps until something is posted, Wake is called or `timeout_us` has passed. Other threads may
  // take turns meanwhile, one at a time, and never after the return.
  void Wait(core::DurationUs timeout_us, const Turn& turn);
  void Wake();

 private:
  enum Lane : std::size_t { kCompletions, kWorkers, kClients, kLanes };
  bool Reserve(std::atomic<std::size_t>& backlog);
  void Add(Lane lane, Work work);

  const std::size_t lane_max_;
  std::atomic<std::size_t> worker_backlog_ = 0;
  std::atomic<std::size_t> client_backlog_ = 0;
  base::Mutex mutex_;
  base::CondVar posted_;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool sleeping_ GUARDED_BY(mutex_) = false;
  const Turn* turn_ GUARDED_BY(mutex_) = nullptr;  // while the loop sleeps
  bool lent_ GUARDED_BY(mutex_) = false;           // another thread takes a turn
  std::array<std::vector<Work>, kLanes> lanes_ GUARDED_BY(mutex_);
};

}  // namespace skald::runtime
