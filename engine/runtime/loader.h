// Loader: finds the workflow that a request is about, in memory or in the store.
//
// Requests for a workflow that is being loaded wait for it, in order. Bounds: kLoadsInFlightMax
// loads at once, kLoadWaitersMax requests that wait. Single-threaded, works on the LoopState.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "engine/runtime/decider.h"
#include "engine/runtime/loop_state.h"
#include "engine/runtime/parking.h"

namespace skald::runtime {

class Loader {
 public:
  // NOT_FOUND: there is no such workflow. UNAVAILABLE: another node owns its slot, or the store
  // cannot be read now. RESOURCE_EXHAUSTED: a bound of this class. INTERNAL: it cannot be read.
  using Use = absl::AnyInvocable<void(absl::StatusOr<Workflow*>)>;

  Loader(LoopState& state, Decider& decider, Parking& parking)
      : state_(state), decider_(decider), parking_(parking) {}

  // Calls `use` now when the workflow is in memory, else when it has been loaded. The workflow may
  // be an ended one. It leaves memory again when `use` decided nothing on it.
  void With(const core::WorkflowId& id, Use use);

  // The memory of workflows is dropped: who waits is told `why`.
  void Forget(const absl::Status& why);

  bool idle() const { return waiting_.empty(); }

 private:
  void Ask(const core::WorkflowId& id);
  void OnLoaded(const core::WorkflowId& id, LoadFence::Ticket ticket,
                absl::StatusOr<std::unique_ptr<Workflow>> loaded);
  void Answer(const core::WorkflowId& id, std::vector<Use> uses, const absl::Status& otherwise);

  LoopState& state_;
  Decider& decider_;
  Parking& parking_;
  absl::flat_hash_map<core::WorkflowId, std::vector<Use>> waiting_;
  std::deque<core::WorkflowId> to_ask_;
  std::size_t loads_ = 0;
  std::size_t waiters_ = 0;
};

}  // namespace skald::runtime
