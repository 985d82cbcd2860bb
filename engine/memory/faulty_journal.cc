#include "engine/memory/faulty_journal.h"

#include <algorithm>

namespace skald::memory {

template <typename Answer>
void FaultyJournal::Queue(Call call, std::function<void(std::function<void(Answer)>)> carry_out,
                          std::function<void(Answer)> done) {
  const Fate fate = plan_(call);
  // Filled when the call is carried out; shared by the two steps.
  auto answer = std::make_shared<Answer>(absl::UnavailableError("the store cannot be reached"));
  const bool carries_out = fate.kind == Fate::Kind::kOk || fate.kind == Fate::Kind::kUnknownWritten;
  if (carries_out) {
    At(now_ + fate.carried_out_after_us,
       {false, [carry_out, answer](bool cancelled) {
          if (!cancelled) carry_out([answer](Answer value) { *answer = std::move(value); });
        }});
  }
  const bool unknown =
      fate.kind == Fate::Kind::kUnknownWritten || fate.kind == Fate::Kind::kUnknownLost;
  const core::DurationUs answered_after_us =
      unknown ? fate.answered_after_us
              : std::max(fate.answered_after_us, fate.carried_out_after_us);
  At(now_ + answered_after_us,
     {true, [done, answer, unknown](bool cancelled) {
        if (cancelled) return done(absl::CancelledError("the journal has gone"));
        if (unknown) return done(absl::UnknownError("the connection broke before the answer"));
        done(std::move(*answer));
      }});
}

FaultyJournal::~FaultyJournal() {
  for (auto& [at, step] : steps_) {
    if (step.answers) step.run(true);
  }
}

void FaultyJournal::Advance(core::TimeUs now) {
  while (!steps_.empty() && steps_.begin()->first.first <= now) {
    const Step step = std::move(steps_.begin()->second);
    now_ = std::max(now_, steps_.begin()->first.first);
    steps_.erase(steps_.begin());
    step.run(false);
  }
  now_ = std::max(now_, now);
}

void FaultyJournal::Crash(bool reach_store) {
  std::erase_if(steps_, [&](const auto& entry) { return entry.second.answers || !reach_store; });
}

void FaultyJournal::AcquireNode(const std::string& node_id, core::DurationUs lease_us,
                                ports::Done<ports::NodeLease> done) {
  Queue<absl::StatusOr<ports::NodeLease>>(
      Call::kAcquireNode,
      [this, node_id, lease_us](auto set) { inner_.AcquireNode(node_id, lease_us, set); }, done);
}

void FaultyJournal::RenewNode(const ports::NodeLease& lease, core::DurationUs lease_us,
                              ports::Done<ports::NodeLease> done) {
  Queue<absl::StatusOr<ports::NodeLease>>(
      Call::kRenewNode,
      [this, lease, lease_us](auto set) { inner_.RenewNode(lease, lease_us, set); }, done);
}

void FaultyJournal::TakeShards(const ports::NodeLease& lease,
                               ports::Done<std::vector<ports::Shard>> done) {
  Queue<absl::StatusOr<std::vector<ports::Shard>>>(
      Call::kTakeShards, [this, lease](auto set) { inner_.TakeShards(lease, set); }, done);
}

void FaultyJournal::ReleaseNode(const ports::NodeLease& lease, ports::DoneStatus done) {
  Queue<absl::Status>(
      Call::kReleaseNode, [this, lease](auto set) { inner_.ReleaseNode(lease, set); }, done);
}

void FaultyJournal::Commit(ports::CommitBatch batch, ports::DoneStatus done) {
  // Shared: std::function wants to copy what it holds.
  auto shared = std::make_shared<ports::CommitBatch>(std::move(batch));
  Queue<absl::Status>(
      Call::kCommit, [this, shared](auto set) { inner_.Commit(std::move(*shared), set); }, done);
}

void FaultyJournal::Load(const core::WorkflowId& id,
                         ports::Done<std::optional<ports::StoredWorkflow>> done) {
  Queue<absl::StatusOr<std::optional<ports::StoredWorkflow>>>(
      Call::kLoad, [this, id](auto set) { inner_.Load(id, set); }, done);
}

void FaultyJournal::LoadActive(const ports::SlotRange& slots, const core::WorkflowId& after,
                               std::size_t count_max,
                               ports::Done<std::vector<ports::StoredWorkflow>> done) {
  Queue<absl::StatusOr<std::vector<ports::StoredWorkflow>>>(
      Call::kLoadActive,
      [this, slots, after, count_max](auto set) {
        inner_.LoadActive(slots, after, count_max, set);
      },
      done);
}

void FaultyJournal::CountOpen(const ports::SlotRange& slots,
                              ports::Done<ports::OpenWorkflows> done) {
  Queue<absl::StatusOr<ports::OpenWorkflows>>(
      Call::kCountOpen, [this, slots](auto set) { inner_.CountOpen(slots, set); }, done);
}

void FaultyJournal::LoadDue(const ports::SlotRange& slots, const ports::WakePoint& after,
                            core::TimeUs until, std::size_t count_max,
                            ports::Done<std::vector<ports::StoredWorkflow>> done) {
  Queue<absl::StatusOr<std::vector<ports::StoredWorkflow>>>(
      Call::kLoadDue,
      [this, slots, after, until, count_max](auto set) {
        inner_.LoadDue(slots, after, until, count_max, set);
      },
      done);
}

void FaultyJournal::NextWakeAt(const ports::SlotRange& slots, core::TimeUs from,
                               ports::Done<core::TimeUs> done) {
  Queue<absl::StatusOr<core::TimeUs>>(
      Call::kNextWakeAt, [this, slots, from](auto set) { inner_.NextWakeAt(slots, from, set); },
      done);
}

void FaultyJournal::Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
                           ports::Done<ports::Deletion> done) {
  Queue<absl::StatusOr<ports::Deletion>>(
      Call::kDelete, [this, lease, id](auto set) { inner_.Delete(lease, id, set); }, done);
}

void FaultyJournal::Retain(const ports::NodeLease& lease, core::TimeUs before,
                           std::uint32_t count_max, ports::Done<ports::Removed> done) {
  Queue<absl::StatusOr<ports::Removed>>(
      Call::kRetain,
      [this, lease, before, count_max](auto set) { inner_.Retain(lease, before, count_max, set); },
      done);
}

void FaultyJournal::LoadStartRequests(const ports::SlotRange& slots, std::size_t count_max,
                                      ports::Done<std::vector<ports::StartRequest>> done) {
  Queue<absl::StatusOr<std::vector<ports::StartRequest>>>(
      Call::kLoadStartRequests,
      [this, slots, count_max](auto set) { inner_.LoadStartRequests(slots, count_max, set); },
      done);
}

void FaultyJournal::RefuseStartRequest(const core::WorkflowId& id, std::string reason,
                                       ports::DoneStatus done) {
  Queue<absl::Status>(
      Call::kRefuseStartRequest,
      [this, id, reason = std::move(reason)](auto set) {
        inner_.RefuseStartRequest(id, reason, set);
      },
      done);
}

void FaultyJournal::OnStartRequest(std::function<void()> notify) {
  inner_.OnStartRequest(std::move(notify));
}

void FaultyJournal::ClaimKeys(std::vector<ports::KeyClaim> claims,
                              ports::Done<std::vector<ports::KeyHolder>> done) {
  Queue<absl::StatusOr<std::vector<ports::KeyHolder>>>(
      Call::kClaimKeys, [this, claims](auto set) { inner_.ClaimKeys(claims, set); }, done);
}

}  // namespace skald::memory
