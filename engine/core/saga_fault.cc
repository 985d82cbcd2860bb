// The decision to go backward (saga.md 2.4, 2.5 phase 1): what may raise a fault, what a passed
// pivot or a RETRYABLE step makes of it, and the pivot's own passing.
#include <algorithm>
#include <string>
#include <utility>

#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

bool OfTask(FaultCause cause) {
  return cause == FaultCause::kTaskFailed || cause == FaultCause::kTaskTimedOut;
}

const Step* StepOfTask(TaskNumber task, const Draft& draft) {
  if (!draft.state().has_task(task)) return nullptr;
  return &draft.StepAt(draft.state().task(task).step);
}

// How long attempts in flight are waited for; 0 when there is none.
TimeUs SettleUntil(const Draft& draft) {
  const DurationUs own = draft.definition().saga.settle_timeout_us;
  DurationUs bound = 0;
  for (const RunNumber number : draft.state().open) {
    const StepRun& run = draft.state().run(number);
    const Step& step = draft.StepAt(run.step);
    if (!IsWorkerTask(step, Operation::kAction) || IsPure(step, Operation::kAction)) continue;
    if (run.task == 0) continue;
    const Task& task = draft.state().task(run.task);
    if (task.status != TaskStatus::kInProgress || task.awaits_update) continue;
    const DurationUs response = step.task.response_timeout_us;
    const DurationUs usual =
        response == 0 ? kSettleTimeoutMaxUs : std::min(response, kSettleTimeoutMaxUs);
    bound = std::max(bound, own != 0 ? own : usual);
  }
  return bound == 0 ? 0 : draft.now() + bound;
}

// Takes an attempt as lost without waiting for its worker.
void GiveUp(TaskNumber number, const std::string& reason, Draft& draft) {
  const Task task = draft.state().task(number);
  draft.Emit(TaskCanceled{number, Effect::kUnknown, reason});
  draft.Ask(CancelTask{number, task.fence, task.incarnation, reason, true});
}

// Brings a run in flight at the fault to its outcome, or asks for it (saga.md 2.6).
void BeginSettle(RunNumber number, Draft& draft) {
  const StepRun& run = draft.state().run(number);
  const Step& step = draft.StepAt(run.step);
  if (run.task == 0 || AttemptsEnded(draft.state(), run)) {
    SettleRun(number, draft);
    return;
  }
  // The condition of a loop.
  if (draft.state().has_task(run.operation_task)) {
    CancelOpenTask(run.operation_task, "the saga is being undone", draft);
  }
  const Task& task = draft.state().task(run.task);
  const bool under_way =
      task.status == TaskStatus::kInProgress && IsDoneElsewhere(step, Operation::kAction);
  const InFlightPolicy policy = step.saga.in_flight;
  if (under_way && policy == InFlightPolicy::kSettle) return;
  if (under_way && policy == InFlightPolicy::kCompensateNow && task.barrier) {
    GiveUp(run.task, "the saga is undone without waiting for it", draft);
  } else {
    CancelOpenTask(run.task, "the saga is being undone", draft);
  }
  if (AttemptsEnded(draft.state(), draft.state().run(number))) SettleRun(number, draft);
}

// A step that makes steps was refused. Its request stays open, and nothing will ever answer it.
bool MayBeRefusedRequest(FaultCause cause, TaskNumber task, const Draft& draft) {
  return OfTask(cause) && task == 0 && !draft.state().requests.empty();
}

// With DRAIN the siblings of the failed branch run on to their end first.
bool WaitsForSiblings(FaultCause cause, TaskNumber task, const Draft& draft) {
  if (draft.definition().saga.siblings != SiblingPolicy::kDrain || !OfTask(cause)) return false;
  if (MayBeRefusedRequest(cause, task, draft)) return false;
  if (!draft.state().requests.empty()) return true;
  for (const RunNumber number : draft.state().open) {
    const StepRun& run = draft.state().run(number);
    // Neither a JOIN nor a loop does anything by itself.
    const StepType type = draft.StepAt(run.step).type;
    if (IsJoin(type) || type == StepType::kDoWhile) continue;
    if (!AttemptsEnded(draft.state(), run)) return true;
  }
  return false;
}

// The pivot reported a failure and that it took effect all the same: no way back, and no way on.
bool FailedPivotTookEffect(TaskNumber task, const Draft& draft) {
  const Step* step = StepOfTask(task, draft);
  if (step == nullptr || step->saga.kind != StepKind::kPivot) return false;
  return CombinedOutcome(draft.state().run(draft.state().task(task).run)) == Effect::kApplied;
}

}  // namespace

void RaiseFault(FaultCause cause, std::string reason, TaskNumber task, std::string actor,
                WorkflowStatus end_status, Draft& draft) {
  if (draft.carrying_out_plan()) {
    draft.Afterwards(
        [=](Draft& later) { RaiseFault(cause, reason, task, actor, end_status, later); });
    return;
  }
  const State& state = draft.state();
  if (!IsSaga(draft.definition(), draft.state())) {
    draft.set_last_task(task);
    if (task != 0 && OfTask(cause)) FailJoinsOf(task, draft);
    EndWorkflow(end_status, std::move(reason), draft);
    return;
  }
  if (state.fault.active) return;
  if (!state.pivot_passed && FailedPivotTookEffect(task, draft)) {
    OnPivotCompleted(state.task(task).run, draft);
  }
  const Step* step = StepOfTask(task, draft);
  const bool retryable = step != nullptr && step->saga.kind == StepKind::kRetryable;
  if (state.pivot_passed || (retryable && OfTask(cause))) {
    ParkForward(std::move(reason), draft);
    return;
  }
  if (state.fault.pending) {
    // The siblings would be waited for, and this one has no end.
    const bool endless = MayBeRefusedRequest(cause, task, draft) && BlockingPivot(draft) == 0;
    if (endless) DecideFault(PendingFault(state), draft);
    return;
  }
  const SagaFaulted fault{cause, std::move(reason), task, std::move(actor), end_status, 0, 0};
  const RunNumber pivot = BlockingPivot(draft);
  if (pivot != 0 || WaitsForSiblings(cause, task, draft)) {
    PendFault(fault, pivot, draft);
    return;
  }
  DecideFault(fault, draft);
}

void DecideFault(const SagaFaulted& fault, Draft& draft) {
  if (fault.task != 0 && OfTask(fault.cause)) FailJoinsOf(fault.task, draft);
  SagaFaulted decided = fault;
  decided.settle_until = SettleUntil(draft);
  const DurationUs timeout_us = draft.definition().saga.compensation_timeout_us;
  if (timeout_us != 0) decided.compensation_timeout_at = draft.now() + timeout_us;
  const bool on_purpose =
      decided.cause == FaultCause::kTerminated || decided.cause == FaultCause::kParent;
  draft.Emit(std::move(decided));
  if (draft.definition().failure_workflow_at == FailureWorkflowAt::kOnFailure && !on_purpose) {
    MaybeStartFailureWorkflow(fault.end_status, fault.task, draft);
  }
  const auto runs = static_cast<RunNumber>(draft.state().runs.size());
  for (RunNumber number = 1; number <= runs; ++number) {
    if (!draft.state().has_run(number)) continue;
    if (!draft.state().run(number).settled) BeginSettle(number, draft);
  }
  ContinueUndo(draft);
}

SagaFaulted PendingFault(const State& state) {
  const Fault& fault = state.fault;
  return SagaFaulted{fault.cause, fault.reason, fault.task, fault.actor, fault.end_status, 0, 0};
}

void ParkForward(std::string reason, Draft& draft) {
  if (draft.carrying_out_plan()) {
    draft.Afterwards([=](Draft& later) { ParkForward(reason, later); });
    return;
  }
  if (draft.state().saga_status == SagaStatus::kParked) return;
  draft.Emit(SagaParked{std::move(reason)});
}

void ReviewPendingFault(Draft& draft) {
  const State& state = draft.state();
  if (!state.fault.pending || state.status != WorkflowStatus::kRunning) return;
  if (BlockingPivot(draft) != 0 || WaitsForSiblings(state.fault.cause, state.fault.task, draft))
    return;
  DecideFault(PendingFault(state), draft);
}

void OnPivotCompleted(RunNumber run, Draft& draft) {
  const Fault pended = draft.state().fault;
  draft.Emit(PivotPassed{run});
  if (!pended.pending) return;
  draft.Emit(FaultRefused{"the pivot passed"});
  if (pended.cause == FaultCause::kWorkflowTimeout) draft.Emit(WorkflowTimeoutAlerted{});
  // A step that failed elsewhere stays failed: with no way back, a person has to see to it.
  const bool elsewhere =
      draft.state().has_task(pended.task) && draft.state().task(pended.task).run != run;
  if (OfTask(pended.cause) && elsewhere) ParkForward(pended.reason, draft);
}

void OnWorkflowTimeout(Draft& draft) {
  const Definition& definition = draft.definition();
  const std::string reason = WorkflowTimeoutReason(draft);
  if (!IsSaga(definition, draft.state())) {
    EndWorkflow(WorkflowStatus::kTimedOut, reason, draft);
    return;
  }
  if (draft.state().fault.active) return;
  if (draft.state().pivot_passed) {
    draft.Emit(WorkflowTimeoutAlerted{});
    ParkForward("the workflow timed out after its pivot", draft);
    return;
  }
  if (definition.saga.on_timeout == OnAbort::kIgnore) {
    EndUnundone(WorkflowStatus::kTimedOut, SagaStatus::kPartiallyCompensated, reason, draft);
    return;
  }
  RaiseFault(FaultCause::kWorkflowTimeout, reason, 0, "", WorkflowStatus::kTimedOut, draft);
}

void OnSettleTimeout(Draft& draft) {
  const std::vector<RunNumber> open(draft.state().open.begin(), draft.state().open.end());
  for (const RunNumber number : open) {
    const StepRun& run = draft.state().run(number);
    if (run.settled || AttemptsEnded(draft.state(), run)) continue;
    if (IsChildTask(draft.definition(), draft.state(), draft.state().task(run.task))) continue;
    GiveUp(run.task, "no answer within the settle bound", draft);
    SettleRun(number, draft);
  }
  ContinueUndo(draft);
}

}  // namespace skald::core
