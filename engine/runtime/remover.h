// Remover: takes workflows that have ended out of the store: one that a person names, and all that
// are older than the node's retention.
//
// Single-threaded, works on the LoopState it is given. A workflow that is being deleted stays in
// memory until the store has answered, and nothing is decided on it meanwhile, so that no late
// result writes to what is gone.
#pragma once

#include <map>
#include <string>

#include "engine/runtime/loader.h"
#include "engine/runtime/loop_state.h"
#include "engine/runtime/parking.h"

namespace skald::runtime {

class Remover {
 public:
  Remover(LoopState& state, Loader& loader, Parking& parking)
      : state_(state), loader_(loader), parking_(parking) {}

  // As Engine::Delete.
  void Delete(DeleteRequest request, Callback<core::Answer> done);

  // Retention: asks the store when it is time.
  void Tick();
  // 0 = never.
  core::TimeUs next_wake_at() const;

  // The memory of workflows is dropped: whoever waits for an answer is told why.
  void Forget(const absl::Status& why);

 private:
  struct Pending {
    DeleteRequest request;
    Callback<core::Answer> done;
  };

  absl::Status MayDelete(const Workflow& workflow, const DeleteRequest& request) const;
  void Ask(Workflow& workflow, DeleteRequest request, Callback<core::Answer> done);
  void OnDeleted(const core::WorkflowId& id, const absl::StatusOr<ports::Deletion>& deletion);
  void OnRemoved(const absl::StatusOr<ports::Removed>& removed);

  LoopState& state_;
  Loader& loader_;
  Parking& parking_;
  std::map<core::WorkflowId, Pending> pending_;
  bool asking_ = false;
  core::TimeUs next_at_ = 0;
};

}  // namespace skald::runtime
