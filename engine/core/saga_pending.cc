// A fault that waits for a pivot in flight (saga.md 2.4, V12): nothing is decided until it is known
// whether the pivot took effect. It is asked for by a probe, or by dispatching the pivot again
// under the same key where every worker of it had the barrier; else a person answers.
#include <string>
#include <utility>

#include "engine/core/families.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"

namespace skald::core {
namespace {

// Pauses between two dispatches of a pivot of unknown outcome: as those of an undo (saga.md 2.11).
RetryPolicy PivotRetry() {
  RetryPolicy policy;
  policy.retry_count = kPivotDispatchesMax;
  policy.logic = RetryLogic::kExponentialBackoff;
  policy.delay_us = kSecondUs;
  policy.delay_us_max = 300 * kSecondUs;
  return policy;
}

bool MayStillTakeEffect(const State& state, const StepRun& run) {
  if (run.task == 0) return false;
  // Also one that was given back: what it has begun may go on.
  const Task& task = state.task(run.task);
  if (!IsTerminal(task.status) && task.start_count > 0) return true;
  return CombinedOutcome(run) == Effect::kUnknown;
}

}  // namespace

RunNumber BlockingPivot(const Draft& draft) {
  const State& state = draft.state();
  if (state.pivot_passed) return 0;
  for (const RunNumber number : state.open) {
    const StepRun& run = state.run(number);
    if (draft.StepAt(run.step).saga.kind != StepKind::kPivot) continue;
    if (run.settled_seq == 0 && MayStillTakeEffect(state, run)) return number;
  }
  return 0;
}

void PendFault(const SagaFaulted& fault, RunNumber pivot, Draft& draft) {
  draft.Emit(FaultPended{fault.cause, fault.reason, fault.actor, fault.task, fault.end_status});
  if (pivot == 0) return;
  const StepRun& run = draft.state().run(pivot);
  if (AttemptsEnded(draft.state(), run)) {
    AskPivot(pivot, draft);
  } else if (draft.state().task(run.task).status == TaskStatus::kInProgress) {
    CancelOpenTask(run.task, "the saga is to be undone", draft);
  }
}

void AskPivot(RunNumber pivot, Draft& draft) {
  if (UndoIsHeld(draft.state())) return;
  const StepRun& run = draft.state().run(pivot);
  const Step& step = draft.StepAt(run.step);
  const UnknownPolicy policy = UnknownPolicyOf(step, run);
  if (policy == UnknownPolicy::kProbe) {
    ScheduleProbe(pivot, 0, draft);
    return;
  }
  if (policy == UnknownPolicy::kCompensate && run.probe_attempts < kPivotDispatchesMax) {
    const DurationUs delay =
        BackoffUs(PivotRetry(), run.probe_attempts + 1, draft.state().id, run.task);
    ScheduleRetry(run.task, delay, draft);
    return;
  }
  ParkForward("it is unknown whether the pivot " + step.reference + " took effect", draft);
}

void OnPivotKnown(RunNumber pivot, Effect effect, const Payload& output, Draft& draft) {
  const SagaFaulted fault = PendingFault(draft.state());
  SettleAs(pivot, effect, output, draft);
  if (effect != Effect::kApplied) {
    DecideFault(fault, draft);
    return;
  }
  OnPivotCompleted(pivot, draft);
  AcceptRun(pivot, draft);
}

bool HoldsForPendingFault(TaskNumber number, Draft& draft) {
  const State& state = draft.state();
  if (!state.fault.pending) return false;
  const Task& task = state.task(number);
  const bool pivot = draft.StepAt(task.step).saga.kind == StepKind::kPivot;
  if (!pivot || task.operation != Operation::kAction) return false;
  const RunNumber run = task.run;
  switch (CombinedOutcome(state.run(run))) {
    case Effect::kApplied: {
      std::string reason = task.reason;
      OnPivotCompleted(run, draft);
      ParkForward(std::move(reason), draft);
      break;
    }
    case Effect::kUnknown:
      AskPivot(run, draft);
      break;
    case Effect::kNone:
    case Effect::kUnset:
      DecideFault(PendingFault(state), draft);
      break;
  }
  return true;
}

}  // namespace skald::core
