// Undoing (saga.md 2.5 phases 3 and 4, 2.7, 2.11): hands out what may be undone, tries again what
// failed, and ends or parks the saga. One undo costs what a forward task costs: an event to
// schedule it and one to end it; which runs come next is kept by ApplySaga.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/core/families.h"
#include "engine/core/saga_input.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// Who did what no person did.
constexpr char kEngine[] = "engine";

bool Gated(const Draft& draft) {
  return draft.state().fault.unsettled > 0 && UndoWaitsForAll(draft.definition().saga);
}

// The run to be undone next; 0 = none now.
RunNumber NextToUndo(const Draft& draft) {
  const Fault& fault = draft.state().fault;
  const WorkflowSaga& saga = draft.definition().saga;
  if (UndoIsHeld(draft.state()) || Gated(draft)) return 0;
  if (saga.order == UndoOrder::kStrictReverse) {
    const bool free = fault.undo_running == 0 && fault.undo_parked == 0;
    return free && !fault.in_turn.empty() ? fault.in_turn.back() : 0;
  }
  if (fault.undo_running >= saga.parallel_undo_max) return 0;
  return fault.ready.empty() ? 0 : *fault.ready.rbegin();
}

void StartUndo(RunNumber number, Draft& draft) {
  const StepRun& run = draft.state().run(number);
  if (NeedOf(draft.definition(), draft.state(), run) == UndoNeed::kTask) {
    ScheduleSagaTask(number, Operation::kCompensate, 0, draft);
    return;
  }
  const std::string& reference = draft.StepAt(run.step).reference;
  draft.Emit(UndoParked{number, absl::StrCat(reference, " does not declare how it is undone")});
}

// Whether some work that was begun is still to end by itself.
bool SomethingProceeds(const Draft& draft) {
  const Fault& fault = draft.state().fault;
  if (fault.undo_running > 0 || fault.unsettled > fault.unsettled_parked) return true;
  if (draft.state().paused_by_person && !Gated(draft)) return !fault.ready.empty();
  return false;
}

// Something to undo still stands (or may): it has an effect, or is not known to have none.
bool Stands(const Draft& draft, const StepRun& run) {
  if (run.undo == UndoPhase::kSkipped) return true;
  if (UndoIsFinished(run)) return false;
  const Step& step = draft.StepAt(run.step);
  const bool known = run.closed && run.completed_seq != 0;
  if (known || run.settled)
    return NeedOf(draft.definition(), draft.state(), run) != UndoNeed::kNothing;
  const bool harmless = run.attempts_dispatched == 0 || (AttemptsEnded(draft.state(), run) &&
                                                         CombinedOutcome(run) == Effect::kNone);
  return step.saga.undo.has_value() && !harmless;
}

std::vector<RunNumber> StandingRuns(const Draft& draft) {
  std::vector<RunNumber> standing;
  for (const StepRun& run : draft.state().runs) {
    const bool pivot =
        draft.StepAt(run.step).saga.kind == StepKind::kPivot && run.outcome == Effect::kApplied;
    if (pivot || Stands(draft, run)) standing.push_back(run.number);
  }
  return standing;
}

SagaStatus EndStatus(const Draft& draft, bool something_stands) {
  if (something_stands) return SagaStatus::kPartiallyCompensated;
  for (const StepRun& run : draft.state().runs) {
    const bool undone = run.undo == UndoPhase::kDone || run.undo == UndoPhase::kNulled ||
                        run.undo == UndoPhase::kResolved;
    if (undone || HadEffect(draft.definition(), draft.state(), run))
      return SagaStatus::kCompensated;
  }
  return SagaStatus::kFailedClean;
}

void EndSaga(Draft& draft) {
  std::vector<RunNumber> standing = StandingRuns(draft);
  const SagaStatus saga_status = EndStatus(draft, !standing.empty());
  const Fault fault = draft.state().fault;
  EndWorkflow(fault.end_status, saga_status, fault.reason, std::move(standing), draft);
}

}  // namespace

bool UndoIsHeld(const State& state) { return state.status != WorkflowStatus::kRunning; }

void ContinueUndo(Draft& draft) {
  // What led here may have ended the workflow already: a probe that proved a pivot's absence.
  if (IsTerminal(draft.state().status)) return;
  for (RunNumber next = NextToUndo(draft); next != 0; next = NextToUndo(draft)) {
    StartUndo(next, draft);
  }
  const Fault& fault = draft.state().fault;
  if (fault.unsettled == 0 && fault.undo_unfinished == 0) {
    EndSaga(draft);
    return;
  }
  if (draft.state().saga_status == SagaStatus::kParked || SomethingProceeds(draft)) return;
  if (fault.undo_parked == 0) return;
  draft.Emit(SagaParked{absl::StrCat("undo steps that wait for a person: ", fault.undo_parked)});
}

void ScheduleSagaTask(RunNumber number, Operation operation, TimeUs available_at, Draft& draft) {
  const State& state = draft.state();
  const StepRun& run = state.run(number);
  const Step& step = draft.StepAt(run.step);
  const bool undo = operation == Operation::kCompensate;
  const Task* before = run.operation_task == 0 ? nullptr : &state.task(run.operation_task);
  if (before != nullptr && before->operation != operation) before = nullptr;

  TaskScheduled scheduled;
  scheduled.task = static_cast<TaskNumber>(state.tasks.size()) + 1;
  scheduled.run = number;
  scheduled.step = run.step;
  scheduled.iteration = run.iteration;
  scheduled.generation = run.generation;
  scheduled.attempt = before == nullptr ? 1 : before->attempt + 1;
  scheduled.operation = operation;
  scheduled.task_type = undo ? step.saga.undo->task_type : step.saga.probe->task_type;
  scheduled.reference = RunReference(state, run, step.reference);
  scheduled.input =
      before == nullptr ? SagaTaskInput(draft.definition(), state, run, operation) : before->input;
  scheduled.available_at = available_at > draft.now() ? available_at : 0;
  const TaskNumber task = scheduled.task;
  draft.Emit(std::move(scheduled));
  OfferIfReady(task, draft);
}

void OnUndoFailed(const Task& task, Draft& draft) {
  const StepRun& run = draft.state().run(task.run);
  if (run.undo != UndoPhase::kRunning) return;
  const Undo& undo = *draft.StepAt(run.step).saga.undo;
  const RetryPolicy& retry = undo.retry;
  const bool terminal = task.status == TaskStatus::kFailedWithTerminalError;
  const bool used_up = retry.retry_count >= 0 && run.undo_attempts > retry.retry_count;
  const bool parked = draft.state().saga_status == SagaStatus::kParked;
  if (!terminal && !used_up && !parked) {
    const DurationUs delay = BackoffUs(retry, run.undo_attempts, draft.state().id, task.number);
    ScheduleSagaTask(task.run, Operation::kCompensate, draft.now() + delay, draft);
    return;
  }
  std::string reason =
      absl::StrCat("undo attempt ", task.attempt, " of ", draft.StepAt(run.step).reference, ": ",
                   task.reason.empty() ? std::string(Name(task.status)) : task.reason);
  if (!terminal && used_up && undo.on_exhausted == OnExhausted::kSkip) {
    draft.Emit(UndoResolved{task.run, Resolution::kSkipped, kEngine, std::move(reason), {}});
    return;
  }
  draft.Emit(UndoParked{task.run, std::move(reason)});
}

void EndUnundone(WorkflowStatus status, SagaStatus saga_status, std::string reason, Draft& draft) {
  std::vector<RunNumber> standing = StandingRuns(draft);
  const bool clean = standing.empty() && saga_status != SagaStatus::kAbandoned;
  const SagaStatus end = clean ? EndStatus(draft, false) : saga_status;
  EndWorkflow(status, end, std::move(reason), std::move(standing), draft);
}

void OnCompensationTimeout(Draft& draft) {
  if (draft.state().saga_status == SagaStatus::kParked) return;
  draft.Emit(SagaParked{"the undo took longer than its time limit"});
  OnUndoPaused(draft);
}

void OnUndoPaused(Draft& draft) {
  for (const StepRun& run : draft.state().runs) {
    if (run.operation_task == 0) continue;
    const Task& task = draft.state().task(run.operation_task);
    const bool offered = task.status == TaskStatus::kScheduled && task.released;
    if (offered) draft.Ask(WithdrawTask{task.number});
  }
}

}  // namespace skald::core
