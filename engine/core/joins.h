// Joins: what JOIN and EXCLUSIVE_JOIN steps wait for (conductor.md 2.6, 2.7).
// Pure questions, asked by Apply and by the decision alike. Internal to core.
//
// The JOIN behind a dynamic fork waits for the ends of its branches: a branch
// ends with the last step that follows its first one, out of cases; any other
// JOIN waits for the steps it names.
#pragma once

#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// The steps that a JOIN waits for, as far as they are known now: of a branch
// that leads into a case the last step of that case.
std::vector<StepIndex> JoinedSteps(const Definition& definition, const State& state,
                                   const Step& join);

// The dynamic fork one of whose branches the end of this run ends; kNoStep when
// it ends none.
StepIndex ForkEndedBy(const Definition& definition, const State& state, const StepRun& run);

// The joins that may go on when this run ends.
std::vector<StepIndex> JoinsOf(const Definition& definition, const State& state,
                               const StepRun& run);

// The run of `step` that a JOIN waits for: inside a loop only one of the same
// iteration counts. 0 = none yet.
RunNumber JoinedRun(const Definition& definition, const State& state, const StepRun& join,
                    StepIndex step);

// The task whose output an EXCLUSIVE_JOIN takes, or whose failure is its own; 0
// while it waits.
TaskNumber ExclusiveChoice(const Definition& definition, const State& state, const StepRun& join);

}  // namespace skald::core
