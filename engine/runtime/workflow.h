// Workflow: one workflow in memory, with what the runtime has to know beside its state.
//
// Owned by the ShardTable; single-threaded. It may leave memory only when nothing of it is
// uncommitted (last_batch is durable).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/timer_heap.h"

namespace skald::runtime {

// Batches are numbered from 1 in order of commit.
using BatchNumber = std::uint64_t;

// As a heap entry: its next timer.
struct Workflow final : HeapEntry {
  core::State state;
  std::shared_ptr<const core::Definition> definition;  // shared by all its workflows

  BatchNumber last_batch = 0;     // the newest batch that holds something of it
  std::uint32_t write_index = 0;  // where, while that batch is open

  // What the stored row says, or will say once last_batch is durable.
  bool row_stored = false;
  bool row_parked = false;
  core::WorkflowStatus row_status = core::WorkflowStatus::kRunning;
  core::SagaStatus row_saga = core::SagaStatus::kNone;
  std::int64_t row_definition = 0;
  core::EventSeq snapshot_seq = 0;
  std::size_t snapshot_bytes = 0;            // of that snapshot; 0 = there is none
  std::uint64_t snapshot_history_bytes = 0;  // State::history_bytes in it

  // Names of the payloads that are stored apart, as far as they have been met.
  std::set<std::string, std::less<>> payloads_stored;

  // Loaded from the store: stored events that watchers may not have heard of (see Untold).
  std::vector<core::Event> untold;

  // Letters to other workflows that are not answered yet: while there are any, it does not leave
  // memory, and its row says that it is to be loaded.
  std::uint32_t letters_open = 0;
  // Those among them that follow from its end alone (OwedByEnd): a re-opened workflow would not
  // write them again after a recovery, so it is not re-opened before they are answered.
  std::uint32_t debts_open = 0;

  bool deleting = false;  // remover.h

  // Last heartbeats of live tasks.
  std::vector<WorkflowView::Progress> progress;

  bool ended() const { return state.started() && core::IsTerminal(state.status); }
};

}  // namespace skald::runtime
