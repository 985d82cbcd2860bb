// The families of the decision and what they may ask of one another. Each is a file pair's worth of
// handlers (decide_<family>.cc, saga_<part>.cc); new constructs are new files. Internal to core.
//
// Order of a forward run: ScheduleStep → (started, failed, retried …) → CloseRun → Advance →
// ScheduleStep of what follows → … → MaybeComplete. A fault leaves that road for good:
// RaiseFault → settle → undo → end.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/draft.h"

namespace skald::core {

// ---- workflow (decide_workflow.cc)
// -----------------------------------------------------------------
absl::Status OnStartWorkflow(const StartWorkflow& trigger, Draft& draft);
absl::Status OnSignal(const SignalWorkflow& trigger, Draft& draft);
// control_message.cc
absl::Status OnSendMessage(const SendMessage& trigger, Draft& draft);
absl::Status OnPause(const PauseWorkflow& trigger, Draft& draft);
absl::Status OnResume(const ResumeWorkflow& trigger, Draft& draft);
absl::Status OnTerminate(const TerminateWorkflow& trigger, Draft& draft);
// Emits WorkflowEnded with the output of conductor.md 3.3, and cancels what is still open.
void EndWorkflow(WorkflowStatus status, std::string reason, Draft& draft);
// The same with the saga's own end; the form above means COMPLETED for a completed saga,
// FAILED_CLEAN for any other end of one, NONE without saga data.
void EndWorkflow(WorkflowStatus status, SagaStatus saga_status, std::string reason,
                 std::vector<RunNumber> unresolved, Draft& draft);
// Ends the workflow COMPLETED when nothing is open any more.
void MaybeComplete(Draft& draft);

// ---- turns (decide_turn.cc)
// ------------------------------------------------------------
// The first step of a workflow that has just begun, unless it has to wait for its turn.
void BeginOrQueue(Draft& draft);
// Has the workflow wait for its turn, when its definition bounds them.
bool MaybeQueue(Draft& draft);
absl::Status OnAdmit(Draft& draft);

// ---- other workflows (decide_child.cc)
// ------------------------------------------------------------
absl::Status OnReportChild(const ReportChild& report, Draft& draft);
// Called at the end of every decision: asks that the parent is told of what it has to know.
void TellParentOfChanges(Draft& draft);

// It is parked, or a workflow below it is that it waits for.
bool WaitsForPerson(const State& state);

// ---- failure workflow (failure_workflow.cc)
// ------------------------------------------------------
// The workflow fails with that status, at that task: decides on the failure workflow, once, when
// the definition names one.
void MaybeStartFailureWorkflow(WorkflowStatus status, TaskNumber task, Draft& draft);
// Called at the end of every decision: asks for the one decided on, with what is known by then.
void AskForFailureWorkflow(Draft& draft);
StartChild StartFailureWorkflowOf(const Definition& definition, const State& state);
// The output with the key under which the reference tells of it.
Payload WithFailureWorkflow(const Payload& output, const std::string& id_or_error);
absl::Status OnReportFailureWorkflow(const ReportChild& report, Draft& draft);

// ---- task (decide_task.cc, decide_retry.cc)
// ----------------------------------------------------------
absl::Status OnStartTask(const StartTask& trigger, Draft& draft);
absl::Status OnReportResult(const ReportResult& trigger, Draft& draft);
absl::Status OnLoseTask(const LoseTask& trigger, Draft& draft);
// decide_cache.cc. Changes nothing when a worker has the task, or it has ended.
absl::Status OnReuseResult(const ReuseResult& trigger, Draft& draft);
// decide_update.cc. Changes nothing when the task has ended.
absl::Status OnUpdateTask(const UpdateTask& trigger, Draft& draft);
// INVALID_ARGUMENT: nobody outside may say that of a task.
absl::Status CheckTold(TaskStatus status);
// Ends an open task with that output as somebody outside told, which is in the history already, and
// decides what follows. REQUIRES: CheckTold, not kInProgress.
void EndAsTold(TaskNumber task, const UpdateTask& told, const Payload& output, Draft& draft);
// An attempt of an action has failed or timed out (its event is emitted): retries it, accepts the
// failure of an optional step, or raises the fault / fails the workflow.
void OnAttemptFailed(TaskNumber task, Draft& draft);
// Delay before the attempt that follows number `attempt`; jitter is hashed from the ids.
DurationUs BackoffUs(const RetryPolicy& policy, std::int32_t attempt, const WorkflowId& workflow,
                     TaskNumber task);
// Another attempt of the run whose newest attempt `failed` is, not before `delay_us` from now; also
// what a person's retry of a parked forward step asks for.
void ScheduleRetry(TaskNumber failed, DurationUs delay_us, Draft& draft);
// Takes back what is not started (TaskCanceled, effect kNone) and asks workers to stop what is
// (TaskCancelRequested). WAIT and JOIN runs are canceled at once. Any operation; does not tell the
// saga families of it.
void CancelOpenTask(TaskNumber task, const std::string& reason, Draft& draft);

// ---- control constructs (decide_control.cc, one file per construct beside it)
// ------------------------ Schedules a step's first attempt, or carries a control construct out.
// REQUIRES: workflow running and no active fault.
void ScheduleStep(StepIndex step, std::vector<RunNumber> after, Draft& draft);
// The same for what a construct begins with: it comes before whatever is planned already.
void ScheduleInPlace(StepIndex step, std::vector<RunNumber> after, Draft& draft);
// A condition of a loop was evaluated, or could not be (its event is emitted).
void OnConditionEnded(Draft& draft);
// A run is closed successfully: goes on to what follows it. Does nothing while the workflow is not
// RUNNING or a fault is active.
void Advance(RunNumber run, Draft& draft);
// A pause or a park has ended (its event is emitted, and has emptied State::held): decides what was
// held. `held`: State::held as it was before that event.
void ReleaseHeld(const std::vector<RunNumber>& held, Draft& draft);

// ---- steps made at run time (control_made.cc)
// ------------------------------------------------------------------------
absl::Status OnStepsResolved(const StepsResolved& trigger, Draft& draft);
// A pause or a park has ended: asks again for what is still open.
void ResumeRequests(Draft& draft);

// ---- operations on ended workflows (decide_reopen.cc)
// ------------------------------------------------------------
absl::Status OnRestart(const RestartWorkflow& trigger, Draft& draft);
absl::Status OnRetry(const RetryWorkflow& trigger, Draft& draft);
absl::Status OnRerun(const RerunWorkflow& trigger, Draft& draft);
// A sub-workflow of this ended workflow was re-opened: so is this one, and waits for it again.
// False: it cannot be, and nothing has changed.
bool ReopenForChild(const ReportChild& report, Draft& draft);

// ---- operations on running workflows (decide_skip.cc)
absl::Status OnSkipTask(const SkipTask& trigger, Draft& draft);
absl::Status OnUpdateVariables(const UpdateVariables& trigger, Draft& draft);
// decide_upgrade.cc
absl::Status OnUpgrade(const UpgradeWorkflow& trigger, Draft& draft);

// ---- timers (decide_timer.cc)
// ------------------------------------------------------------------------
absl::Status OnFireTimers(Draft& draft);

// ---- saga (saga_fault.cc, saga_settle.cc, saga_undo.cc, saga_operator.cc)
// ----------------------------
absl::Status OnCompensate(const CompensateWorkflow& trigger, Draft& draft);
absl::Status OnOperate(const OperateSaga& trigger, Draft& draft);
absl::Status OnUndoForParent(const UndoForParent& trigger, Draft& draft);
// The sub-workflow that carries out this open task waits for a person: so does the saga (saga.md
// 2.8), until ResumeForChild.
void ParkForChild(TaskNumber task, std::string reason, Draft& draft);
void ResumeForChild(TaskNumber task, Draft& draft);
// The undo of this run was parked because its sub-workflow was: asks it again.
void RetryChildUndo(RunNumber run, Draft& draft);
// Decides the fault (saga.md 2.4, 2.5 phase 1) and starts settling. For definitions without saga
// data: ends the workflow with `end_status`. After the pivot: parks.
void RaiseFault(FaultCause cause, std::string reason, TaskNumber task, std::string actor,
                WorkflowStatus end_status, Draft& draft);
// While a fault is active: an action attempt's outcome became known (its event is emitted):
// completed, failed, timed out or canceled. Called instead of OnAttemptFailed and Advance.
void OnAttemptSettled(TaskNumber task, Draft& draft);
// Called first by OnAttemptFailed: true when a pending fault decides what follows, so that the
// attempt is not retried and raises nothing.
bool HoldsForPendingFault(TaskNumber task, Draft& draft);
// Called at the end of every decision: decides a pending fault when nothing it waited for is left.
void ReviewPendingFault(Draft& draft);
// OnTerminate of a definition with saga data (saga.md 2.4): compensates, or refuses.
absl::Status TerminateSaga(const TerminateWorkflow& trigger, Draft& draft);
// An undo or probe task ended (its event is emitted): completed, failed, timed out or canceled.
void OnUndoTaskEnded(TaskNumber task, Draft& draft);
// A pivot run completed (its TaskCompleted is emitted).
void OnPivotCompleted(RunNumber run, Draft& draft);
void OnSettleTimeout(Draft& draft);
void OnCompensationTimeout(Draft& draft);
// The workflow timed out under TIME_OUT_WF.
void OnWorkflowTimeout(Draft& draft);
// A result for an attempt that had been given up: LateResult, and OrphanEffect where it shows that
// an effect stands against what was decided.
void OnLateResult(const ReportResult& trigger, Draft& draft);
// A pause began while undoing (its event is emitted): takes the queued undo tasks back from the
// workers.
void OnUndoPaused(Draft& draft);
// A pause ended while undoing: schedules what is ready and offers again what was taken back.
void OnUndoResumed(Draft& draft);
// Undo and probe tasks are neither offered nor started while this holds (OnStartTask refuses them,
// released ones are not offered, OpenCommands leaves them out).
bool UndoIsHeld(const State& state);
// The undo input of a run as far as it can be known when the run ends, stored with that end: its
// template, with `${saga.…}` left for the undo itself. Empty when the step has no undo, and for the
// default object of saga.md 2.1, which the run's own input and output give at any later time.
// `output`: the output to use, not yet in the state.
Payload ResolveUndoInput(const StepRun& run, Effect effect, const Payload& output,
                         const Draft& draft);

}  // namespace skald::core
