// Saga rules: what the definition and the attempts of a run say about its undo. Pure questions,
// asked by Apply and by the decision alike. Internal to core.
//
// Thread-safe. Sources: saga.md 2.1 (`unknown`, `undeclared`), 2.3 (outcome classes).
#pragma once

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// What an undo of the run would ask for.
enum class UndoNeed : std::uint8_t {
  kNothing,  // no effect, or nothing to undo by
  kTask,     // its undo task
  kPerson,   // an undeclared step under `undeclared: PARK`
};

// The outcome of a run over its ended attempts (saga.md 2.3).
Effect CombinedOutcome(const StepRun& run);

// REQUIRES: the run's outcome is known.
UndoNeed NeedOf(const Definition& definition, const State& state, const StepRun& run);

// What to do when the outcome of the run is unknown; never kByBarrier.
UnknownPolicy UnknownPolicyOf(const Step& step, const StepRun& run);

// The run did something that its saga cannot undo by itself, so that ending it is not clean: it
// took effect (or may have) and is not a reading step.
bool HadEffect(const Definition& definition, const State& state, const StepRun& run);

// The undo of a settled run is over, one way or the other: what precedes it need not wait for it.
bool UndoIsFinished(const StepRun& run);

// Forward work of the saga's steps ended and no attempt is under way or waiting.
bool AttemptsEnded(const State& state, const StepRun& run);

// Undo may start only when every run is settled (orders and sibling policies other than the
// default).
bool UndoWaitsForAll(const WorkflowSaga& saga);

}  // namespace skald::core
