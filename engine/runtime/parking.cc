#include "engine/runtime/parking.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {

void Parking::Earlier(Span& span, core::TimeUs check_at) {
  if (span.check_at == 0 || check_at < span.check_at) span.check_at = check_at;
}

void Parking::Serve(const ports::Shard& shard) {
  for (auto& [first_slot, span] : spans_) {
    if (span.slots.last + 1 != shard.slots.first) continue;
    span.slots.last = shard.slots.last;
    span.read_to = {};
    span.grown = span.asking;
    if (!span.asking) AskNext(first_slot);
    return;
  }
  spans_[shard.slots.first].slots = shard.slots;
  AskNext(shard.slots.first);
}

void Parking::Forget() {
  spans_.clear();
  prefetched_.clear();
}

bool Parking::has_room() const { return prefetched_.size() < state_.options.prefetched_max; }

void Parking::NoteWakeAt(std::uint16_t slot, core::TimeUs wake_at) {
  for (auto& [first_slot, span] : spans_) {
    if (slot < span.slots.first || slot > span.slots.last) continue;
    Earlier(span, std::max(wake_at - kPrefetchMinUs, state_.now));
    // It may be due within what was read already, but was not stored as parked then.
    span.read_to = std::min(span.read_to, ports::WakePoint{.wake_at = wake_at, .id = {}});
    span.noted = std::min(span.noted.value_or(wake_at), wake_at);
  }
}

void Parking::MaybeUnload(Workflow& workflow) {
  if (!workflow.row_parked || workflow.ended()) prefetched_.erase(workflow.state.id);
  if (!state_.committer.durable(workflow) || workflow.letters_open > 0) return;
  if (workflow.deleting) return;
  const ParkRule rule{
      .shards = state_.shards, .now = state_.now, .park_after_us = state_.options.park_after_us};
  const bool parked = workflow.row_parked && MayPark(workflow, rule);
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
  if (!has_room()) return;
  for (auto& [first_slot, span] : spans_) {
    if (!span.asking && span.check_at != 0 && span.check_at <= state_.now) AskDue(first_slot);
  }
}

core::TimeUs Parking::next_wake_at() const {
  // Room is made by timers that fire, and those wake the loop.
  if (!has_room()) return 0;
  core::TimeUs earliest = 0;
  for (const auto& [first_slot, span] : spans_) {
    if (span.asking || span.check_at == 0) continue;
    if (earliest == 0 || span.check_at < earliest) earliest = span.check_at;
  }
  return earliest;
}

void Parking::AskNext(std::uint32_t first_slot) {
  Span& span = spans_[first_slot];
  span.asking = true;
  state_.journal.NextWakeAt(
      span.slots, span.read_to.wake_at,
      [this, first_slot, generation = state_.generation,
       inbox = state_.inbox](absl::StatusOr<core::TimeUs> wake_at) {
        inbox->PostCompletion([this, first_slot, generation, wake_at = std::move(wake_at)] {
          if (generation == state_.generation) OnNext(first_slot, wake_at);
        });
      });
}

void Parking::OnNext(std::uint32_t first_slot, const absl::StatusOr<core::TimeUs>& wake_at) {
  Span& span = spans_[first_slot];
  span.asking = false;
  if (std::exchange(span.grown, false)) return AskNext(first_slot);
  if (!wake_at.ok()) return Earlier(span, state_.now + kJournalRetryUs);
  if (*wake_at != 0) Earlier(span, std::max(*wake_at - kPrefetchMinUs, state_.now));
}

void Parking::AskDue(std::uint32_t first_slot) {
  Span& span = spans_[first_slot];
  span.asking = true;
  span.check_at = 0;
  span.noted.reset();
  const core::TimeUs until = state_.now + kPrefetchMaxUs;
  const LoadFence::Ticket ticket = state_.load_fence.Begin();
  state_.journal.LoadDue(
      span.slots, span.read_to, until, kDuePageSize,
      [this, first_slot, until, ticket, generation = state_.generation, inbox = state_.inbox,
       find = state_.definition_by_id,
       untold = state_.untold](absl::StatusOr<std::vector<ports::StoredWorkflow>> stored) {
        DuePage page;
        page.ticket = ticket;
        page.last.wake_at = until + 1;
        if (stored.ok() && stored->size() >= kDuePageSize) {
          page.full = true;
          page.last = {.wake_at = stored->back().wake_at, .id = stored->back().id};
        }
        page.loaded = stored.ok() ? FoldAll(*stored, find, *untold) : stored.status();
        inbox->PostCompletion([this, first_slot, generation, page = std::move(page)]() mutable {
          if (generation == state_.generation) OnDue(first_slot, std::move(page));
        });
      });
}

void Parking::OnDue(std::uint32_t first_slot, DuePage page) {
  Span& span = spans_[first_slot];
  span.asking = false;
  if (!page.loaded.ok()) {
    state_.load_fence.End(page.ticket);
    base::LogWarn("parking.load_failed", {{"status", page.loaded.status().ToString()}});
    span.grown = false;  // the next page shows the new slots, from the beginning
    return Earlier(span, state_.now + kJournalRetryUs);
  }
  TakeIn(*std::move(page.loaded), page.ticket);
  if (std::exchange(span.grown, false)) return AskNext(first_slot);
  span.read_to = page.last;
  if (span.noted.has_value()) {
    span.read_to = std::min(span.read_to, ports::WakePoint{.wake_at = *span.noted, .id = {}});
  }
  if (page.full) return Earlier(span, state_.now);
  AskNext(first_slot);
}

void Parking::TakeIn(std::vector<std::unique_ptr<Workflow>> loaded, LoadFence::Ticket ticket) {
  for (std::unique_ptr<Workflow>& workflow : loaded) {
    const core::WorkflowId id = workflow->state.id;
    Workflow* known = state_.shards.Find(id);
    // What is in memory is newer. What left memory since the page was asked for may be newer in the
    // store too; its next wake-up was noted when it left.
    if (known == nullptr && state_.load_fence.LeftSince(ticket, id)) continue;
    if (known == nullptr) {
      known = &state_.shards.Add(std::move(workflow));
      decider_.Adopt(*known);
    }
    // One that has ended waits for another workflow, not for its time.
    if (known->row_parked && !known->ended()) prefetched_.insert(id);
  }
  state_.load_fence.End(ticket);
}

}  // namespace skald::runtime
