#include "engine/core/saga_rules.h"

#include "engine/core/construct.h"

namespace skald::core {

Effect CombinedOutcome(const StepRun& run) {
  if (run.attempts_applied > 0) return Effect::kApplied;
  if (run.attempts_unknown > 0) return Effect::kUnknown;
  return Effect::kNone;
}

namespace {

// A loop that has completed and has an undo of its own is undone as one (saga.md 2.8).
bool UndoneWithItsLoop(const Definition& definition, const State& state, const StepRun& run) {
  for (RunNumber number = run.loop; number != 0; number = state.run(number).loop) {
    const StepRun& loop = state.run(number);
    const bool as_one = StepOf(definition, state, loop.step).saga.undo.has_value();
    if (as_one && loop.completed_seq != 0) return true;
  }
  return false;
}

}  // namespace

UndoNeed NeedOf(const Definition& definition, const State& state, const StepRun& run) {
  const Step& step = StepOf(definition, state, run.step);
  if (UndoneWithItsLoop(definition, state, run)) return UndoNeed::kNothing;
  if (run.outcome == Effect::kNone || run.outcome == Effect::kUnset) {
    const bool undo_anyway = step.saga.undo.has_value() && step.saga.compensate_on_failure &&
                             run.attempts_dispatched > 0;
    return undo_anyway ? UndoNeed::kTask : UndoNeed::kNothing;
  }
  if (step.saga.undo.has_value()) return UndoNeed::kTask;
  const bool undeclared = MustDeclare(step.type) && step.saga.kind == StepKind::kUndeclared;
  if (undeclared && definition.saga.undeclared == UndeclaredPolicy::kPark) return UndoNeed::kPerson;
  return UndoNeed::kNothing;
}

UnknownPolicy UnknownPolicyOf(const Step& step, const StepRun& run) {
  if (step.saga.unknown == UnknownPolicy::kProbe && !step.saga.probe.has_value()) {
    return UnknownPolicy::kPark;
  }
  if (step.saga.unknown != UnknownPolicy::kByBarrier) return step.saga.unknown;
  return run.barrier ? UnknownPolicy::kCompensate : UnknownPolicy::kPark;
}

bool HadEffect(const Definition& definition, const State& state, const StepRun& run) {
  if (run.outcome != Effect::kApplied && run.outcome != Effect::kUnknown) return false;
  const Step& step = StepOf(definition, state, run.step);
  if (!HasEffects(step.type) || step.saga.kind == StepKind::kReadOnly) return false;
  if (!MustDeclare(step.type) && !step.saga.undo.has_value()) return false;
  return step.saga.kind != StepKind::kUndeclared || step.saga.undo.has_value() ||
         definition.saga.undeclared != UndeclaredPolicy::kReadOnly;
}

bool UndoIsFinished(const StepRun& run) {
  switch (run.undo) {
    case UndoPhase::kDone:
    case UndoPhase::kNulled:
    case UndoPhase::kResolved:
    case UndoPhase::kSkipped:
    case UndoPhase::kNotNeeded:
      return true;
    case UndoPhase::kNone:
    case UndoPhase::kWaiting:
    case UndoPhase::kRunning:
    case UndoPhase::kParked:
      return false;
  }
  return false;
}

bool AttemptsEnded(const State& state, const StepRun& run) {
  return run.task != 0 && IsTerminal(state.task(run.task).status);
}

bool UndoWaitsForAll(const WorkflowSaga& saga) {
  return saga.order != UndoOrder::kCausal || saga.siblings != SiblingPolicy::kInterrupt;
}

}  // namespace skald::core
