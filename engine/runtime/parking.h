// Parking: workflows without anything to do leave memory and come back when they are due.
//
// A parked workflow is a stored snapshot with `wake_at`. They are loaded a little before that
// (kPrefetchUs), in pages, so that their timers fire in time. Idle, it asks the journal nothing: it
// knows when the next one is due. Single-threaded, works on the LoopState it is given.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

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
  struct Watched {
    ports::SlotRange slots;
    core::TimeUs check_at = 0;      // 0 = nothing is due ever
    core::TimeUs loaded_until = 0;  // all that is due until then is in memory
    bool asking = false;
  };
  struct DuePage {
    core::TimeUs until = 0;
    std::size_t rows = 0;
    std::size_t rows_asked = 0;
    LoadFence::Ticket ticket = 0;
  };
  void AskNext(std::int32_t shard_id);
  void AskDue(std::int32_t shard_id);
  void OnNext(std::int32_t shard_id, const absl::StatusOr<core::TimeUs>& wake_at);
  void OnDue(std::int32_t shard_id, const DuePage& page,
             absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> loaded);
  void NoteWakeAt(std::uint16_t slot, core::TimeUs wake_at);
  static void Earlier(Watched& watched, core::TimeUs check_at);

  LoopState& state_;
  Decider& decider_;
  std::map<std::int32_t, Watched> shards_;
  // In memory, and still stored as parked: each page may show them again.
  std::set<core::WorkflowId> prefetched_;
};

}  // namespace skald::runtime
