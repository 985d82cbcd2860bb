// UpgradeMap: where the steps of a workflow stand in another definition of its name.
//
// A step is the one with the same taskReferenceName; steps made at run time are numbered on from
// the new definition's, in their order. Nothing else decides it, and nothing of it may ever change:
// replay of a history that holds a WorkflowUpgraded asks the same questions again.
// Pure; thread-safe. Internal to core.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

class StepMap {
 public:
  StepMap(const Definition& from, const Definition& to);

  // kNoStep: it is not there.
  StepIndex To(StepIndex step) const;
  // The same for each, in order.
  std::vector<StepIndex> To(const std::vector<StepIndex>& steps) const;

 private:
  std::vector<StepIndex> to_;  // by step of the old definition
  StepIndex added_ = 0;        // where steps made at run time begin in the new one
};

// State::latest, numbered anew.
std::vector<RunNumber> MapLatest(const StepMap& map, const std::vector<RunNumber>& latest);

// The steps made at run time, compiled anew as steps of that definition. INVALID_ARGUMENT: a step
// that made some is not there.
absl::StatusOr<AddedSteps> MapAdded(const StepMap& map, const Definition& to,
                                    const AddedSteps& added);

// Numbers the state's steps anew. What is to be stepped over and is not there is forgotten.
// INVALID_ARGUMENT, and the state is as it was: a step that has a run, is to be carried out or has
// made steps is not there.
absl::Status MapState(const Definition& from, const Definition& to, State& state);

}  // namespace skald::core
