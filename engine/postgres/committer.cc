#include "engine/postgres/committer.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/runtime/engine.h"

namespace skald::postgres {

Committer::Committer(std::string connection_string)
    : pipeline_(std::move(connection_string), wake_), thread_([this] { Run(); }) {}

Committer::~Committer() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  wake_.Raise();
  thread_.Join();
  for (Job& job : jobs_) job.done(absl::CancelledError("commit: stopping"));
}

void Committer::Commit(ports::CommitBatch batch, ports::DoneStatus done) {
  if (absl::Status size = CheckBatchSize(batch); !size.ok()) {
    done(std::move(size));
    return;
  }
  {
    const base::MutexLock lock(mutex_);
    if (jobs_.size() < kCommitsQueuedMax) {
      std::optional<absl::Status> begun;
      if (MayBegin(batch)) begun = Begin(batch);
      jobs_.push_back({std::move(batch), std::move(done), std::move(begun)});
      changed_.Signal();
      return;
    }
  }
  done(runtime::OverloadError("commits_queued_max", "commit"));
}

void Committer::Run() {
  [[maybe_unused]] const absl::Status early = EnsureConnected();  // else at the first commit
  Job job;
  while (Take(job)) {
    absl::Status status = Execute(job);
    {
      // The pipeline is free: what the answer brings about may be on its way before this returns.
      const base::MutexLock lock(mutex_);
      idle_ = true;
    }
    job.done(std::move(status));
    job = {};
  }
}

bool Committer::Take(Job& job) {
  const base::MutexLock lock(mutex_);
  idle_ = true;
  while (jobs_.empty() && !stopping_) changed_.Wait(mutex_);
  idle_ = false;
  if (stopping_) return false;
  job = std::move(jobs_.front());
  jobs_.pop_front();
  return true;
}

bool Committer::MayBegin(const ports::CommitBatch& batch) {
  if (!idle_ || !jobs_.empty() || batch.writes.size() > kSmallCommitWritesMax) return false;
  std::size_t bytes = 0;
  for (const ports::WorkflowWrite& write : batch.writes) {
    bytes += write.events.size();
    if (write.row.has_value() && write.row->snapshot.has_value()) {
      bytes += write.row->snapshot->size();
    }
    for (const auto& [name, payload] : write.payloads) bytes += payload.size();
  }
  return bytes <= kSmallCommitBytesMax && pipeline_.connected();
}

absl::Status Committer::Begin(const ports::CommitBatch& batch) {
  return pipeline_.Begin(batch.lease, MakeCommitParameters(batch));
}

absl::Status Committer::Execute(Job& job) {
  if (!job.begun.has_value()) {
    RETURN_IF_ERROR(EnsureConnected());
    job.begun = Begin(job.batch);
  }
  absl::Status status = pipeline_.Finish(*std::move(job.begun));
  if (!status.ok()) {
    base::LogWarn("postgres.commit_failed", {{"code", absl::StatusCodeToString(status.code())},
                                             {"writes", job.batch.writes.size()},
                                             {"error", status.message()}});
  }
  return status;
}

absl::Status Committer::EnsureConnected() {
  if (pipeline_.connected()) return absl::OkStatus();
  const auto now = std::chrono::steady_clock::now();
  if (now < reconnect_at_) return absl::UnavailableError(connect_error_);
  const absl::Status status = pipeline_.Connect();
  if (status.ok()) {
    reconnect_delay_ms_ = 0;
    base::LogInfo("postgres.committer_connected");
    return status;
  }
  if (absl::IsCancelled(status)) return status;
  connect_error_ = std::string(status.message());
  reconnect_delay_ms_ =
      std::clamp(reconnect_delay_ms_ * 2, kReconnectDelayMs, kReconnectDelayMsMax);
  reconnect_at_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(reconnect_delay_ms_);
  base::LogWarn("postgres.connect_failed",
                {{"error", status.message()}, {"retry_ms", reconnect_delay_ms_}});
  return absl::UnavailableError(connect_error_);  // whatever the reason, nothing was written
}

}  // namespace skald::postgres
