// Saga inputs: what an undo or a probe task is sent.
//
// The input of an undo is fixed in two moments: all but `${saga.…}` when the step ended (stored
// with that event, or derived from the run's own input and output for the default object), the rest
// when the undo is scheduled. Later attempts repeat it byte for byte (I12, I22). Pure. Internal to
// core. Source: saga.md 2.1.
#pragma once

#include <string>
#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/core/state.h"

namespace skald::core {

// The values of `${saga.…}`.
struct SagaFacts {
  std::string_view reason;
  std::string_view trigger;
  std::string_view failed_task;  // reference; empty: no task failed
  std::int32_t generation = 1;
};

// "TASK_FAILED": what `${saga.trigger}` says.
std::string_view TriggerName(FaultCause cause);

SagaFacts FactsOf(const Definition& definition, const State& state, const StepRun& run);

// What remains to be replaced in a stored undo input.
// REQUIRES: `stored` was made by Template::EvaluateExcept("saga", …).
std::string FinishUndoInput(std::string_view stored, const SagaFacts& facts);

// `object` with `"possibleDuplicate": true` as its first member; other values stay as they are.
std::string MarkPossibleDuplicate(std::string object);

// The whole input of the undo (kCompensate) or the probe (kProbe) of a run.
// REQUIRES: a fault is active or pending; the step has that undo or probe.
Payload SagaTaskInput(const Definition& definition, const State& state, const StepRun& run,
                      Operation operation);

}  // namespace skald::core
