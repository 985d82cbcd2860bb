// Committer: the thread that carries commits to the database, one after the other.
//
// Thread-safe. The destructor answers what is queued or under way with CANCELLED.
#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "engine/base/mutex.h"
#include "engine/ports/journal.h"
#include "engine/postgres/commit_pipeline.h"
#include "engine/postgres/thread.h"
#include "engine/postgres/wake.h"

namespace skald::postgres {

inline constexpr std::size_t kCommitsQueuedMax = 64;
// Delay between attempts to connect: doubles from the first to the last.
inline constexpr int kReconnectDelayMs = 50;
inline constexpr int kReconnectDelayMsMax = 2'000;

class Committer {
 public:
  explicit Committer(std::string connection_string);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // As ports::Journal::Commit.
  void Commit(ports::CommitBatch batch, ports::DoneStatus done);

 private:
  struct Job {
    ports::CommitBatch batch;
    ports::DoneStatus done;
  };

  void Run();
  bool Take(Job& job);
  absl::Status Execute(const ports::CommitBatch& batch);
  absl::Status EnsureConnected();

  Wake wake_;
  CommitPipeline pipeline_;  // used by the thread only
  int reconnect_delay_ms_ = 0;
  std::chrono::steady_clock::time_point reconnect_at_;
  std::string connect_error_;  // of the last attempt

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  Thread thread_;  // last: starts when everything else stands
};

}  // namespace skald::postgres
