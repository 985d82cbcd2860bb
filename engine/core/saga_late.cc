// Results that come after their attempt was given up (saga.md 2.6): kept, never obeyed. One that
// shows an effect where the saga holds that there is none raises OrphanEffect and parks it.
#include "engine/core/families.h"
#include "engine/core/saga_steps.h"

namespace skald::core {
namespace {

bool SaysApplied(const ReportResult& result) {
  if (result.effect != Effect::kUnset) return result.effect == Effect::kApplied;
  return result.status == TaskStatus::kCompleted;
}

// The effect stands against what was decided: the step was settled without effect, its undo found
// nothing, or an undo without a barrier cannot tell whether it came first.
bool ContradictsUndo(const State& state, const StepRun& run) {
  if (!run.settled || run.orphan) return false;
  switch (run.undo) {
    case UndoPhase::kNulled:
      return true;
    case UndoPhase::kNotNeeded:
      return run.outcome == Effect::kNone;
    case UndoPhase::kDone:
      return run.outcome != Effect::kApplied &&
             state.task(run.operation_task).verdict == Verdict::kNone;
    case UndoPhase::kNone:
    case UndoPhase::kWaiting:
    case UndoPhase::kRunning:
    case UndoPhase::kParked:
    case UndoPhase::kResolved:
    case UndoPhase::kSkipped:
      return false;
  }
  return false;
}

}  // namespace

void OnLateResult(const ReportResult& trigger, Draft& draft) {
  draft.Emit(
      LateResult{trigger.task, trigger.fence, trigger.status, trigger.effect, trigger.output});
  const State& state = draft.state();
  const Task& task = state.task(trigger.task);
  const bool dispatched = task.start_count > 0;
  const bool action = task.operation == Operation::kAction;
  if (!state.fault.active || !action || !dispatched || !SaysApplied(trigger)) return;
  if (task.effect == Effect::kApplied || !ContradictsUndo(state, state.run(task.run))) return;
  const bool ended = IsTerminal(state.status);
  // Whoever abandoned the saga took on what stands; any other end claimed that nothing does.
  const bool abandoned = state.saga_status == SagaStatus::kAbandoned;
  draft.Emit(OrphanEffect{task.run, trigger.task});
  if (!ended) {
    ContinueUndo(draft);
  } else if (!abandoned) {
    draft.Emit(SagaParked{"a late result shows an effect that was held to be undone"});
  }
}

}  // namespace skald::core
