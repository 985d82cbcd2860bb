// SessionThread: a thread with a database session, which carries out calls one after the other.
//
// Thread-safe. The destructor cancels the statement under way and answers what is queued or under
// way with CANCELLED.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "engine/base/mutex.h"
#include "engine/postgres/session.h"
#include "engine/postgres/thread.h"

namespace skald::postgres {

inline constexpr std::size_t kCallsQueuedMax = 100'000;

class SessionThread {
 public:
  // Carries the call out, or with a status that is not OK only answers it. Called exactly once.
  using Call = std::function<void(Session&, const absl::Status&)>;

  explicit SessionThread(std::string connection_string);
  ~SessionThread();
  SessionThread(const SessionThread&) = delete;
  SessionThread& operator=(const SessionThread&) = delete;

  // Answered RESOURCE_EXHAUSTED with a retry delay at once when too many wait.
  void Post(Call call);

  // `status`, or CANCELLED in place of an error that the destructor brought about.
  absl::Status Answer(absl::Status status);

 private:
  void Run();
  bool Take(Call& call);

  Session session_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Call> calls_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;

  Thread thread_;  // last: starts when everything else stands
};

}  // namespace skald::postgres
