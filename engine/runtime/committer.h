// Committer: gathers what is decided into batches and hands them to the journal, one at a time.
//
// Natural group commit: whatever was decided while a commit was under way forms the next batch; it
// is closed early only when it is full. Single-threaded. Owns the batches. Outcomes of commits come
// in through the inbox, as every answer of the journal does.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "engine/ports/clock.h"
#include "engine/ports/journal.h"
#include "engine/ports/metrics.h"
#include "engine/runtime/batch.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/inbox.h"

namespace skald::runtime {

// Up to here the thread that brings a commit's answer may take the loop's turn.
inline constexpr std::size_t kTurnAfterWritesMax = 8;

class Committer {
 public:
  // All references outlive the committer.
  Committer(const EngineOptions& options, ports::Journal& journal, ports::Metrics& metrics,
            const ports::Clock& clock, const WatchTable& watches, const ShardTable& shards,
            std::shared_ptr<Inbox> inbox);

  // ---- gathering ----
  // The events join the open batch, behind those of the same workflow.
  void Record(Workflow& workflow, std::vector<core::Event> events);
  // The row joins the open batch, so that it says how the workflow is now.
  void Touch(Workflow& workflow);
  void MarkConsumesStartRequest(Workflow& workflow);
  bool durable(const Workflow& workflow) const { return workflow.last_batch <= durable_batch_; }
  // What has to wait for everything decided on the workflow so far; goes out at the end of the tick
  // when all of that is durable.
  Effects& EffectsFor(const Workflow& workflow);
  Effects& immediate() { return immediate_; }
  // Answers at once when nothing is uncommitted, else with the newest batch, be it under way.
  void AfterCommits(Effects::Reply reply);

  // ---- committing ----
  // A full batch is closed. To be called between decisions: a row shows the state at that moment.
  void MaybeClose(core::TimeUs now);
  // Hands the oldest closed batch, or the open one, to the journal when nothing is under way.
  void MaybeCommit(const ports::NodeLease& lease, core::TimeUs now);
  // The answer to the commit under way has come: empty while there is none.
  std::optional<absl::Status> TakeOutcome();
  // After an OK outcome: the batch that is durable now.
  std::unique_ptr<Batch> TakeDurable();
  // After UNAVAILABLE, which is `why`: the same bytes again, after a growing delay.
  void RetryLater(core::TimeUs now, absl::Status why);
  // Forgets everything uncommitted; all that waited for it is told `why`. A late outcome of the
  // commit under way is ignored.
  void Drop(const absl::Status& why, WorkerTable& workers);

  // The uncommitted workflows that watchers want to hear of, with the last event before.
  Untold CollectUntold() const;

  // ---- looking ----
  std::size_t uncommitted_bytes() const { return uncommitted_bytes_; }
  bool idle() const { return batches_.empty(); }
  BatchNumber durable_batch() const { return durable_batch_; }
  // OK, or why the oldest batch could not be committed so far (disk full, database gone).
  const absl::Status& refused() const { return refused_; }
  // When MaybeCommit has to be called again though nothing came in; 0 = no such time.
  core::TimeUs retry_at() const { return in_flight_ ? 0 : retry_at_; }

 private:
  Batch& Open();
  void Close(Batch& batch, core::TimeUs now);
  void Submit(Batch& batch, const ports::NodeLease& lease);

  const EngineOptions& options_;
  ports::Journal& journal_;
  ports::Metrics& metrics_;
  const ports::Clock& clock_;
  const WatchTable& watches_;
  const ShardTable& shards_;
  std::shared_ptr<Inbox> inbox_;  // shared with callbacks, which may outlive the committer

  BatchNumber next_number_ = 1;
  BatchNumber durable_batch_ = 0;
  std::deque<std::unique_ptr<Batch>> batches_;  // oldest first; only the last may be open
  Effects immediate_{0};
  std::size_t uncommitted_bytes_ = 0;

  bool in_flight_ = false;
  std::uint64_t attempt_ = 0;  // names the commit under way
  core::TimeUs submitted_at_ = 0;
  std::optional<absl::Status> outcome_;
  core::TimeUs retry_at_ = 0;
  core::DurationUs retry_delay_us_ = 0;
  absl::Status refused_;
};

}  // namespace skald::runtime
