// Parking: workflows without anything to do leave memory and come back when they are due.
//
// A parked workflow is a stored snapshot with `wake_at`. They are loaded before that (limits.h,
// kPrefetchMinUs), in pages in order of wake_at, each row once, so that their timers fire in time.
// At most EngineOptions::prefetched_max are in memory ahead of their time. Idle, it asks the
// journal nothing: it knows when the next one is due. Shards whose slots adjoin are asked for
// together. Single-threaded, works on the LoopState it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "engine/runtime/decider.h"
#include "engine/runtime/loop_state.h"

namespace skald::runtime {

class Parking {
 public:
  Parking(LoopState& state, Decider& decider) : state_(state), decider_(decider) {}

  // A shard is served from now on: asks when the first of its parked workflows is due.
  void Serve(const ports::Shard& shard);
  // The memory of workflows is dropped.
  void Forget();

  // A workflow that was loaded, or whose batch is durable: lets it go if it may leave memory.
  void MaybeUnload(Workflow& workflow);
  // The last of a workflow's letters was answered: has its row say so when that makes it one that
  // may leave memory; else as above.
  void Settle(Workflow& workflow);
  // Asks for what is due soon.
  void Tick();
  // When Tick has to run again; 0 = not by itself.
  core::TimeUs next_wake_at() const;

 private:
  // Named by its first slot.
  struct Span {
    ports::SlotRange slots;
    core::TimeUs check_at = 0;  // 0 = nothing behind read_to is due ever
    // What is stored as parked up to here is in memory, or was noted when it left.
    ports::WakePoint read_to;
    bool asking = false;
    bool grown = false;  // while a question was under way, which did not ask for the new slots
    // The earliest wake-up that was noted while a page was under way, which may not show it.
    std::optional<core::TimeUs> noted;
  };
  struct DuePage {
    ports::WakePoint last;  // read_to when the page holds all that there is
    bool full = false;
    LoadFence::Ticket ticket = 0;
    absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> loaded;
  };
  void AskNext(std::uint32_t first_slot);
  void AskDue(std::uint32_t first_slot);
  void OnNext(std::uint32_t first_slot, const absl::StatusOr<core::TimeUs>& wake_at);
  void OnDue(std::uint32_t first_slot, DuePage page);
  void TakeIn(std::vector<std::unique_ptr<Workflow>> loaded, LoadFence::Ticket ticket);
  void NoteWakeAt(std::uint16_t slot, core::TimeUs wake_at);
  bool has_room() const;
  static void Earlier(Span& span, core::TimeUs check_at);

  LoopState& state_;
  Decider& decider_;
  std::map<std::uint32_t, Span> spans_;
  // In memory ahead of their time: still stored as parked.
  absl::flat_hash_set<core::WorkflowId> prefetched_;
};

}  // namespace skald::runtime
