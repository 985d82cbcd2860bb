// The part of Apply that keeps the books of loops: where an iteration begins, what of finished ones
// is kept, and what is let go.
//
// Pure. Internal to core. A loop that keeps its last iterations only (keepLastN) lets go of the
// results, runs and tasks of the others; in sagas the runs and tasks stay, because they may have to
// be undone, without the payloads that nothing can ask for any more.
#pragma once

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// The iteration is over and its condition is being evaluated (the task is in the state).
void BeginEvaluation(const Definition& definition, RunNumber loop, State& state);

// A step of the loop's current iteration is about to run, when it is known what it is; and it is
// known. Nothing for steps outside loops.
void HoldIteration(const Definition& definition, StepIndex step, State& state);
void ReleaseIteration(const Definition& definition, StepIndex step, State& state);

// An ended workflow goes on, this loop at that iteration: counts what there is of it. The runs that
// are to be dropped have been, and those that are open say so.
void ReopenLoop(const Definition& definition, const ReopenedLoop& reopened, State& state);

// The loop ended: what it still keeps are its last iterations.
// REQUIRES: `loop` is open.
void CloseLoop(const Definition& definition, RunNumber loop, State& state);

}  // namespace skald::core
