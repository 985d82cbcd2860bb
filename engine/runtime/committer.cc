#include "engine/runtime/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/check.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {

Committer::Committer(const EngineOptions& options, ports::Journal& journal, ports::Metrics& metrics,
                     const ports::Clock& clock, const WatchTable& watches, const ShardTable& shards,
                     std::shared_ptr<Inbox> inbox)
    : options_(options),
      journal_(journal),
      metrics_(metrics),
      clock_(clock),
      watches_(watches),
      shards_(shards),
      inbox_(std::move(inbox)) {}

Batch& Committer::Open() {
  if (batches_.empty() || batches_.back()->closed) {
    batches_.push_back(std::make_unique<Batch>(next_number_++));
  }
  return *batches_.back();
}

void Committer::Record(Workflow& workflow, std::vector<core::Event> events) {
  if (events.empty()) return;
  Batch& batch = Open();
  std::size_t bytes = 0;
  for (const core::Event& event : events) bytes += RoughBytes(event);
  batch.bytes += bytes;
  uncommitted_bytes_ += bytes;
  if (workflow.last_batch != batch.number) {
    workflow.last_batch = batch.number;
    workflow.write_index = static_cast<std::uint32_t>(batch.drafts.size());
    const core::EventSeq first_seq = events.front().seq;
    batch.drafts.push_back(
        {.workflow = &workflow, .events = std::move(events), .first_seq = first_seq});
    return;
  }
  WriteDraft& draft = batch.drafts[workflow.write_index];
  if (draft.first_seq == 0) draft.first_seq = events.front().seq;
  std::vector<core::Event>& known = draft.events;
  std::move(events.begin(), events.end(), std::back_inserter(known));
}

void Committer::Touch(Workflow& workflow) {
  Batch& batch = Open();
  if (workflow.last_batch == batch.number) return;
  workflow.last_batch = batch.number;
  workflow.write_index = static_cast<std::uint32_t>(batch.drafts.size());
  batch.drafts.push_back({.workflow = &workflow});
}

void Committer::MarkConsumesStartRequest(Workflow& workflow) {
  Batch& batch = Open();
  CHECK(workflow.last_batch == batch.number);
  batch.drafts[workflow.write_index].consumes_start_request = true;
}

Effects& Committer::EffectsFor(const Workflow& workflow) {
  if (durable(workflow)) return immediate_;
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    if ((*batch)->number == workflow.last_batch) return (*batch)->effects;
  }
  return immediate_;
}

void Committer::AfterCommits(Effects::Reply reply) {
  if (batches_.empty()) return reply(absl::OkStatus());
  batches_.back()->effects.AddReply(std::move(reply));
}

void Committer::MaybeClose(core::TimeUs now) {
  if (batches_.empty() || batches_.back()->closed) return;
  Batch& batch = *batches_.back();
  if (batch.drafts.size() >= options_.batch_workflows_max ||
      batch.bytes >= options_.batch_bytes_max) {
    Close(batch, now);
  }
}

void Committer::Close(Batch& batch, core::TimeUs now) {
  const ParkRule rule{.shards = shards_,
                      .now = now,
                      .park_after_us = options_.park_after_us,
                      .snapshot_every_events = options_.snapshot_every_events};
  batch.closed = true;
  batch.writes.reserve(batch.drafts.size());
  std::size_t bytes = 0;
  for (WriteDraft& draft : batch.drafts) {
    batch.events += draft.events.size();
    batch.writes.push_back(SealWrite(draft, rule));
    const ports::WorkflowWrite& write = batch.writes.back();
    bytes += write.events.size();
    for (const auto& [name, payload] : write.payloads) bytes += payload.size();
    if (write.row.has_value() && write.row->snapshot.has_value()) {
      bytes += write.row->snapshot->size();
    }
    if (!draft.events.empty() && watches_.Wants(*draft.workflow)) {
      batch.effects.AddNotice({draft.workflow->state.id, draft.workflow->definition,
                               draft.workflow->state.start.correlation_id,
                               std::move(draft.events)});
    }
    draft.events = {};
  }
  uncommitted_bytes_ += bytes - batch.bytes;
  batch.bytes = bytes;
}

void Committer::MaybeCommit(const ports::NodeLease& lease, core::TimeUs now) {
  if (in_flight_ || outcome_.has_value() || batches_.empty() || now < retry_at_) return;
  Batch& batch = *batches_.front();
  if (!batch.closed) Close(batch, now);
  Submit(batch, lease);
}

void Committer::Submit(Batch& batch, const ports::NodeLease& lease) {
  in_flight_ = true;
  submitted_at_ = clock_.Now();
  const std::uint64_t attempt = ++attempt_;
  // A copy: after UNAVAILABLE the same bytes are sent again.
  ports::CommitBatch commit{lease, batch.writes};
  // After a large batch the journal's thread has the next one to prepare while the loop decides.
  const bool is_small = commit.writes.size() <= kTurnAfterWritesMax;
  journal_.Commit(std::move(commit),
                  [this, attempt, is_small, inbox = inbox_](absl::Status status) {
                    Inbox::Work tell = [this, attempt, status = std::move(status)]() mutable {
                      if (attempt != attempt_ || !in_flight_) return;
                      in_flight_ = false;
                      outcome_ = std::move(status);
                    };
                    if (is_small) {
                      inbox->PostCompletionAndTakeTurn(std::move(tell));
                    } else {
                      inbox->PostCompletion(std::move(tell));
                    }
                  });
}

std::optional<absl::Status> Committer::TakeOutcome() {
  std::optional<absl::Status> outcome;
  outcome.swap(outcome_);
  return outcome;
}

std::unique_ptr<Batch> Committer::TakeDurable() {
  std::unique_ptr<Batch> batch = std::move(batches_.front());
  batches_.pop_front();
  durable_batch_ = batch->number;
  uncommitted_bytes_ -= batch->bytes;
  retry_at_ = 0;
  retry_delay_us_ = 0;
  refused_ = absl::OkStatus();
  metrics_.Committed(batch->drafts.size(), batch->events, batch->bytes,
                     clock_.Now() - submitted_at_);
  return batch;
}

void Committer::RetryLater(core::TimeUs now, absl::Status why) {
  refused_ = std::move(why);
  retry_delay_us_ = std::clamp(retry_delay_us_ * 2, kCommitRetryMinUs, kCommitRetryMaxUs);
  retry_at_ = now + retry_delay_us_;
}

void Committer::Drop(const absl::Status& why, WorkerTable& workers) {
  ++attempt_;
  in_flight_ = false;
  outcome_.reset();
  retry_at_ = 0;
  retry_delay_us_ = 0;
  refused_ = absl::OkStatus();
  std::deque<std::unique_ptr<Batch>> dropped;
  dropped.swap(batches_);
  uncommitted_bytes_ = 0;
  durable_batch_ = next_number_ - 1;
  for (const std::unique_ptr<Batch>& batch : dropped) batch->effects.Fail(why, workers);
}

Untold Committer::CollectUntold() const {
  Untold untold;
  if (watches_.empty()) return untold;
  for (const std::unique_ptr<Batch>& batch : batches_) {
    for (const WriteDraft& draft : batch->drafts) {
      // The first of several batches counts.
      if (draft.first_seq != 0 && watches_.Wants(*draft.workflow)) {
        untold.try_emplace(draft.workflow->state.id, draft.first_seq - 1);
      }
    }
  }
  return untold;
}

}  // namespace skald::runtime
