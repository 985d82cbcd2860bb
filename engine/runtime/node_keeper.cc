#include "engine/runtime/node_keeper.h"

#include <utility>

#include "engine/base/log.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {

template <typename T, typename Method>
ports::Done<T> NodeKeeper::Later(Method method) {
  return [this, method, generation = state_.generation,
          inbox = state_.inbox](absl::StatusOr<T> answer) {
    inbox->PostCompletion([this, method, generation, answer = std::move(answer)]() mutable {
      if (generation != state_.generation || step_ == Step::kResting) return;
      asking_ = false;
      (this->*method)(std::move(answer));
    });
  };
}

void NodeKeeper::Tick() {
  if (asking_ || state_.now < next_at_ || fenced_.has_value()) return;
  switch (step_) {
    case Step::kAcquire:
      return Acquire();
    case Step::kTakeShards:
      return TakeShards();
    case Step::kCount:
      return Count();
    case Step::kLoad:
      return LoadPage();
    case Step::kKeep:
      return Renew();
    case Step::kResting:
      return;
  }
}

void NodeKeeper::Rejoin() {
  step_ = Step::kAcquire;
  asking_ = false;
  next_at_ = 0;
  to_count_.clear();
  to_load_.clear();
}

core::TimeUs NodeKeeper::next_wake_at() const {
  if (asking_ || step_ == Step::kResting || fenced_.has_value()) return 0;
  return next_at_ == 0 ? state_.now : next_at_;
}

void NodeKeeper::RetryLater(const absl::Status& why) {
  base::LogWarn("node.journal_failed",
                {{"node", state_.options.node_id}, {"status", why.ToString()}});
  next_at_ = state_.now + kJournalRetryUs;
}

ports::Done<ports::NodeLease> NodeKeeper::LaterLease() {
  return [later = Later<ports::NodeLease>(&NodeKeeper::OnLease), &clock = state_.clock,
          asked_at = state_.clock.Now()](absl::StatusOr<ports::NodeLease> lease) {
    // Here and not in the loop: the answer's time matters.
    if (lease.ok()) clock.Learn(asked_at, clock.Now(), lease->database_now);
    later(std::move(lease));
  };
}

void NodeKeeper::Acquire() {
  asking_ = true;
  state_.journal.AcquireNode(state_.options.node_id, state_.options.node_lease_us, LaterLease());
}

void NodeKeeper::Renew() {
  asking_ = true;
  state_.journal.RenewNode(state_.lease, state_.options.node_lease_us, LaterLease());
}

void NodeKeeper::OnLease(absl::StatusOr<ports::NodeLease> lease) {
  if (absl::IsAborted(lease.status()) && step_ == Step::kKeep) {
    fenced_ = lease.status();
    return;
  }
  if (!lease.ok()) return RetryLater(lease.status());
  const bool renewed = step_ == Step::kKeep;
  state_.lease = *std::move(lease);
  next_at_ = state_.now + state_.options.node_lease_us / 3;
  if (renewed && state_.shards.covers_all()) return;
  if (!renewed) {
    base::LogInfo("node.lease_taken",
                  {{"node", state_.lease.node_id}, {"epoch", state_.lease.epoch}});
    NoteOtherStarts();
  }
  step_ = Step::kTakeShards;
  next_at_ = 0;
}

// The first lease ever given out has no predecessor. A lease that is taken again by this loop
// follows on its own starts, which it knows.
void NodeKeeper::NoteOtherStarts() {
  if (std::exchange(joined_before_, true) || state_.lease.epoch <= 1) return;
  state_.matcher.gates().AssumeStartsUntil(state_.now);
}

void NodeKeeper::TakeShards() {
  asking_ = true;
  state_.journal.TakeShards(state_.lease, Later<std::vector<ports::Shard>>(&NodeKeeper::OnShards));
}

void NodeKeeper::OnShards(absl::StatusOr<std::vector<ports::Shard>> shards) {
  if (absl::IsAborted(shards.status())) {
    fenced_ = shards.status();
    return;
  }
  if (!shards.ok()) return RetryLater(shards.status());
  for (const ports::Shard& shard : *shards) {
    if (!state_.shards.AddShard(shard)) continue;
    to_load_.push_back(shard);
    const bool next = !to_count_.empty() && to_count_.back().last + 1 == shard.slots.first;
    if (next) to_count_.back().last = shard.slots.last;
    if (!next) to_count_.push_back(shard.slots);
  }
  if (!to_load_.empty()) decider_.CloseGates();
  loaded_to_ = core::WorkflowId();
  step_ = Step::kCount;
  if (to_load_.empty()) FinishLoading();
}

// Before anything of the shards is served, so that no change is counted twice.
void NodeKeeper::Count() {
  asking_ = true;
  state_.journal.CountOpen(to_count_.front(), Later<ports::OpenWorkflows>(&NodeKeeper::OnCount));
}

void NodeKeeper::OnCount(absl::StatusOr<ports::OpenWorkflows> open) {
  if (!open.ok()) return RetryLater(open.status());
  next_at_ = 0;
  state_.open += *open;
  to_count_.pop_front();
  if (to_count_.empty()) step_ = Step::kLoad;
}

void NodeKeeper::LoadPage() {
  asking_ = true;
  auto later = [this, generation = state_.generation, inbox = state_.inbox,
                find = state_.definition_by_id,
                untold = state_.untold](absl::StatusOr<std::vector<ports::StoredWorkflow>> stored) {
    Page page;
    page.rows = stored.ok() ? stored->size() : 0;
    if (page.rows > 0) page.last = stored->back().id;
    page.loaded = stored.ok() ? FoldAll(*stored, find, *untold) : stored.status();
    inbox->PostCompletion([this, generation, page = std::move(page)]() mutable {
      if (generation != state_.generation || step_ == Step::kResting) return;
      asking_ = false;
      OnPage(std::move(page));
    });
  };
  state_.journal.LoadActive(to_load_.front().slots, loaded_to_, kActivePageSize, std::move(later));
}

void NodeKeeper::OnPage(Page page) {
  if (!page.loaded.ok()) return RetryLater(page.loaded.status());
  next_at_ = 0;
  for (std::unique_ptr<Workflow>& workflow : *page.loaded) {
    if (state_.shards.Find(workflow->state.id) != nullptr) continue;
    decider_.Adopt(state_.shards.Add(std::move(workflow)));
  }
  if (page.rows >= kActivePageSize) {
    loaded_to_ = page.last;
    return;
  }
  const ports::Shard shard = to_load_.front();
  to_load_.pop_front();
  loaded_to_ = core::WorkflowId();
  state_.shards.MarkLoaded(shard.shard_id);
  parking_.Serve(shard);
  starts_.Serve(shard);
  if (to_load_.empty()) FinishLoading();
}

void NodeKeeper::FinishLoading() {
  step_ = Step::kKeep;
  next_at_ = state_.now + state_.options.node_lease_us / 3;
  if (state_.phase == Phase::kJoining) {
    state_.phase = Phase::kServing;
    base::LogInfo("node.serving", {{"node", state_.lease.node_id},
                                   {"epoch", state_.lease.epoch},
                                   {"shards", state_.shards.shards().size()},
                                   {"workflows", state_.shards.workflow_count()}});
  }
  decider_.OpenGates();
  workers_.SettleClaims();
}

}  // namespace skald::runtime
