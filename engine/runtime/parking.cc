#include "engine/runtime/parking.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {

void Parking::Earlier(Watched& watched, core::TimeUs check_at) {
  if (watched.check_at == 0 || check_at < watched.check_at) watched.check_at = check_at;
}

void Parking::Serve(const ports::Shard& shard) {
  shards_[shard.shard_id].slots = shard.slots;
  AskNext(shard.shard_id);
}

void Parking::Forget() {
  shards_.clear();
  prefetched_.clear();
}

void Parking::NoteWakeAt(std::uint16_t slot, core::TimeUs wake_at) {
  for (auto& [shard_id, watched] : shards_) {
    if (slot < watched.slots.first || slot > watched.slots.last) continue;
    Earlier(watched, std::max(wake_at - kPrefetchUs, state_.now));
    // It may be due within what was loaded already, but was not stored as parked then.
    watched.loaded_until = std::min(watched.loaded_until, wake_at - 1);
  }
}

void Parking::MaybeUnload(Workflow& workflow) {
  if (!state_.committer.durable(workflow) || workflow.letters_open > 0) return;
  if (workflow.deleting) return;
  const ParkRule rule{
      .shards = state_.shards, .now = state_.now, .park_after_us = state_.options.park_after_us};
  const bool parked = workflow.row_parked && MayPark(workflow, rule);
  if (!workflow.row_parked) prefetched_.erase(workflow.state.id);
  if (!workflow.ended() && !parked) return;
  const core::WorkflowId id = workflow.state.id;
  const core::TimeUs wake_at = workflow.state.NextDueAt();
  const core::WorkflowId parent = workflow.state.start.parent;
  prefetched_.erase(id);
  state_.timers.Remove(workflow);
  state_.shards.Remove(id);
  state_.load_fence.NoteLeft(id);
  if (parked && wake_at != 0) NoteWakeAt(id.Slot(), wake_at);
  if (!parked || parent.is_nil()) return;
  // Of a parent that waits for nothing else there is no need in memory either.
  Workflow* waiting = state_.shards.Find(parent);
  if (waiting != nullptr && !waiting->row_parked && MayPark(*waiting, rule)) {
    state_.committer.Touch(*waiting);
  }
}

void Parking::Settle(Workflow& workflow) {
  if (workflow.letters_open > 0) return;
  const ParkRule rule{
      .shards = state_.shards, .now = state_.now, .park_after_us = state_.options.park_after_us};
  const bool paid = workflow.ended() && workflow.row_parked;
  if (paid || (!workflow.row_parked && MayPark(workflow, rule))) {
    state_.committer.Touch(workflow);
  } else {
    MaybeUnload(workflow);
  }
}

void Parking::Tick() {
  for (auto& [shard_id, watched] : shards_) {
    if (!watched.asking && watched.check_at != 0 && watched.check_at <= state_.now) {
      AskDue(shard_id);
    }
  }
}

core::TimeUs Parking::next_wake_at() const {
  core::TimeUs earliest = 0;
  for (const auto& [shard_id, watched] : shards_) {
    if (watched.asking || watched.check_at == 0) continue;
    if (earliest == 0 || watched.check_at < earliest) earliest = watched.check_at;
  }
  return earliest;
}

void Parking::AskNext(std::int32_t shard_id) {
  Watched& watched = shards_[shard_id];
  watched.asking = true;
  watched.check_at = 0;
  state_.journal.NextWakeAt(
      watched.slots, [this, shard_id, generation = state_.generation,
                      inbox = state_.inbox](absl::StatusOr<core::TimeUs> wake_at) {
        inbox->PostCompletion([this, shard_id, generation, wake_at = std::move(wake_at)] {
          if (generation == state_.generation) OnNext(shard_id, wake_at);
        });
      });
}

void Parking::OnNext(std::int32_t shard_id, const absl::StatusOr<core::TimeUs>& wake_at) {
  Watched& watched = shards_[shard_id];
  watched.asking = false;
  if (!wake_at.ok()) return Earlier(watched, state_.now + kJournalRetryUs);
  if (*wake_at == 0) return;
  // What is due within the loaded span is in memory, and only still stored as parked: ask again
  // when it has fired.
  const bool loaded = *wake_at <= watched.loaded_until;
  Earlier(watched, loaded ? watched.loaded_until + 1 : *wake_at - kPrefetchUs);
}

void Parking::AskDue(std::int32_t shard_id) {
  Watched& watched = shards_[shard_id];
  watched.asking = true;
  watched.check_at = 0;
  const core::TimeUs until = state_.now + kPrefetchUs;
  const std::size_t rows_asked = kDuePageSize + prefetched_.size();
  const LoadFence::Ticket ticket = state_.load_fence.Begin();
  state_.journal.LoadDue(
      watched.slots, until, rows_asked,
      [this, shard_id, until, rows_asked, ticket, generation = state_.generation,
       inbox = state_.inbox, find = state_.definition_by_id,
       untold = state_.untold](absl::StatusOr<std::vector<ports::StoredWorkflow>> stored) {
        const std::size_t rows = stored.ok() ? stored->size() : 0;
        absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> loaded =
            stored.ok() ? FoldAll(*stored, find, *untold) : stored.status();
        inbox->PostCompletion([this, shard_id, until, rows, rows_asked, ticket, generation,
                               loaded = std::move(loaded)]() mutable {
          if (generation != state_.generation) return;
          OnDue(shard_id, {until, rows, rows_asked, ticket}, std::move(loaded));
        });
      });
}

void Parking::OnDue(std::int32_t shard_id, const DuePage& page,
                    absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> loaded) {
  Watched& watched = shards_[shard_id];
  watched.asking = false;
  if (!loaded.ok()) {
    state_.load_fence.End(page.ticket);
    base::LogWarn("parking.load_failed", {{"status", loaded.status().ToString()}});
    return Earlier(watched, state_.now + kJournalRetryUs);
  }
  for (std::unique_ptr<Workflow>& workflow : *loaded) {
    const core::WorkflowId id = workflow->state.id;
    Workflow* known = state_.shards.Find(id);
    // What is in memory is newer. What left memory since the page was asked for may be newer in the
    // store too; its next wake-up was noted when it left.
    if (known == nullptr && state_.load_fence.LeftSince(page.ticket, id)) continue;
    if (known == nullptr) decider_.Adopt(state_.shards.Add(std::move(workflow)));
    if (known == nullptr || known->row_parked) prefetched_.insert(id);
  }
  state_.load_fence.End(page.ticket);
  if (page.rows >= page.rows_asked) return Earlier(watched, state_.now);
  watched.loaded_until = page.until;
  AskNext(shard_id);
}

}  // namespace skald::runtime
