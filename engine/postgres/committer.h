// Committer: the thread that carries commits to the database, one after the other.
//
// A small commit that finds the thread idle is sent by its caller, so that the database is at work
// while the thread still wakes up: under light load this is a good part of a step's latency.
//
// Thread-safe. The destructor answers what is queued or under way with CANCELLED.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "engine/base/mutex.h"
#include "engine/ports/journal.h"
#include "engine/postgres/commit_pipeline.h"
#include "engine/postgres/thread.h"
#include "engine/postgres/wake.h"

namespace skald::postgres {

inline constexpr std::size_t kCommitsQueuedMax = 64;
// Up to here a commit is sent by its caller.
inline constexpr std::size_t kSmallCommitWritesMax = 8;
inline constexpr std::size_t kSmallCommitBytesMax = 64 << 10;
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
    std::optional<absl::Status> begun;  // how it was sent by its caller; nullopt = it was not
  };

  void Run();
  bool Take(Job& job);
  // The thread does not use the pipeline, and nothing is before it.
  bool MayBegin(const ports::CommitBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Begin(const ports::CommitBatch& batch);
  absl::Status Execute(Job& job);
  absl::Status EnsureConnected();

  Wake wake_;
  CommitPipeline pipeline_;  // used by the thread, and by callers while it is idle
  int reconnect_delay_ms_ = 0;
  std::chrono::steady_clock::time_point reconnect_at_;
  std::string connect_error_;  // of the last attempt

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;  // the thread does not use the pipeline
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  Thread thread_;  // last: starts when everything else stands
};

}  // namespace skald::postgres
