// What other workflows tell this one, and what it tells its parent (conductor.md 2.10, saga.md
// 2.8).
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// The child's output with its id in front.
Payload OutputOf(const ReportChild& report) {
  std::string id = absl::StrCat("{\"subWorkflowId\":\"", report.child.ToString(), "\"}");
  if (report.output.empty()) return Payload(std::move(id));
  const std::string_view output = TrimJson(report.output.text());
  if (KindOf(output) == JsonKind::kObject) return Payload(OverlayMembers(id, output));
  return Payload(OverlayMembers(id, absl::StrCat("{\"output\":", std::string(output), "}")));
}

std::string ReasonOf(const ReportChild& report) {
  return absl::StrCat("Sub workflow ", report.name, ".", report.version, "/",
                      report.child.ToString(), " failure reason: ", report.reason)
      .substr(0, kReasonBytesMax);
}

void EmitCompleted(const ReportChild& report, Draft& draft) {
  const Task& task = draft.state().task(report.task);
  TaskCompleted completed{.task = report.task, .output = OutputOf(report)};
  if (task.operation == Operation::kAction) {
    completed.undo_input =
        ResolveUndoInput(draft.state().run(task.run), Effect::kApplied, completed.output, draft);
  }
  draft.Emit(std::move(completed));
}

// Time ran out before it ended (saga.md 2.4): the attempt counts as timed out, not as canceled.
bool RanOutOfTime(const Task& task) { return task.timeout != Timeout::kNone; }

// A child that did not complete has undone itself: it had no effect for its parent.
void EmitEnd(const ReportChild& report, Draft& draft) {
  const Task& task = draft.state().task(report.task);
  if (report.status == WorkflowStatus::kCompleted) return EmitCompleted(report, draft);
  if (report.status == WorkflowStatus::kTimedOut || RanOutOfTime(task)) {
    draft.Emit(TaskTimedOut{.task = report.task,
                            .timeout = RanOutOfTime(task) ? task.timeout : Timeout::kChild,
                            .reason = RanOutOfTime(task) ? task.reason : ReasonOf(report),
                            .effect = Effect::kNone,
                            .by_child = true});
  } else if (report.status == WorkflowStatus::kTerminated) {
    draft.Emit(TaskCanceled{.task = report.task, .reason = ReasonOf(report), .by_child = true});
  } else {
    draft.Emit(
        TaskFailed{.task = report.task, .reason = ReasonOf(report), .output = OutputOf(report)});
  }
}

void OnStarted(const ReportChild& report, Draft& draft) {
  const Task& task = draft.state().task(report.task);
  if (task.child_parked) return ResumeForChild(report.task, draft);
  if (draft.StepAt(task.step).type != StepType::kStartWorkflow) {
    return draft.Answer(Answer::kUnchanged);
  }
  const WorkflowId& id = report.existing.is_nil() ? report.child : report.existing;
  CompleteTask(report.task, Payload(absl::StrCat("{\"workflowId\":\"", id.ToString(), "\"}")),
               draft);
  OnTaskEnded(report.task, draft);
}

// One that cannot be retried is replaced by another.
void OnRefused(const ReportChild& report, Draft& draft) {
  const bool asked_to_retry = draft.state().task(report.task).resumed_seq != 0;
  draft.Emit(TaskFailed{.task = report.task, .reason = report.reason.substr(0, kReasonBytesMax)});
  if (asked_to_retry && GoesForward(draft.state())) return ScheduleRetry(report.task, 0, draft);
  OnTaskEnded(report.task, draft);
}

// The child was asked to be retried since it ended so.
bool IsOfEarlierEnd(const ReportChild& report, const Task& task) {
  return report.condition == ChildCondition::kEnded &&
         report.status != WorkflowStatus::kCompleted && report.asked < task.resumed_seq;
}

void OnParked(const ReportChild& report, Draft& draft) {
  if (draft.state().task(report.task).child_parked) return draft.Answer(Answer::kUnchanged);
  ParkForChild(report.task, absl::StrCat("sub-workflow ", report.child.ToString(), " is parked"),
               draft);
}

void OnEnded(const ReportChild& report, Draft& draft) {
  if (draft.state().task(report.task).child_parked) ResumeForChild(report.task, draft);
  const Task& task = draft.state().task(report.task);
  const RunNumber run = task.run;
  const bool action = task.operation == Operation::kAction;
  EmitEnd(report, draft);
  const bool passed = report.pivot_passed && report.status == WorkflowStatus::kCompleted;
  const bool known = draft.StepAt(draft.state().run(run).step).saga.kind == StepKind::kPivot;
  const PlanScope plan(draft);
  // A child with a pivot is one (saga.md V2), also where only its run could tell.
  if (passed && !known && action && IsSaga(draft.definition(), draft.state()) &&
      !draft.state().pivot_passed && !draft.state().fault.active) {
    OnPivotCompleted(run, draft);
  }
  OnTaskEnded(report.task, draft);
}

// ---- a completed child is undone: the task is the undo, carried out by the child itself ----

void FailUndo(TaskNumber task, std::string reason, Draft& draft) {
  draft.Emit(TaskFailed{.task = task, .terminal = true, .reason = std::move(reason)});
  OnTaskEnded(task, draft);
}

void FinishUndo(const ReportChild& report, TaskNumber task, Draft& draft) {
  draft.Emit(TaskCompleted{.task = task, .output = OutputOf(report)});
  OnTaskEnded(task, draft);
}

bool IsUndone(const ReportChild& report) {
  return report.saga_status == SagaStatus::kCompensated ||
         report.saga_status == SagaStatus::kFailedClean;
}

// A child that declares nothing to undo leaves an effect behind only if its parent says that
// undeclared work has one.
bool MayStayUndone(const Draft& draft) {
  const UndeclaredPolicy policy = draft.definition().saga.undeclared;
  return policy == UndeclaredPolicy::kIgnore || policy == UndeclaredPolicy::kReadOnly;
}

void OnUndoReport(const ReportChild& report, TaskNumber undo, Draft& draft) {
  const std::string who = absl::StrCat("sub-workflow ", report.child.ToString());
  switch (report.condition) {
    case ChildCondition::kRunning:
      return draft.Answer(Answer::kUnchanged);
    case ChildCondition::kParked:
      return FailUndo(undo, absl::StrCat(who, " is parked"), draft);
    case ChildCondition::kRefused:
      return FailUndo(undo, absl::StrCat(who, ": ", report.reason), draft);
    case ChildCondition::kNotUndone:
      if (report.saga_status == SagaStatus::kNone && MayStayUndone(draft)) {
        return FinishUndo(report, undo, draft);
      }
      return FailUndo(undo, absl::StrCat(who, " cannot be undone: ", report.reason), draft);
    case ChildCondition::kEnded:
      break;
  }
  // Its completion, told again.
  if (report.status == WorkflowStatus::kCompleted) return draft.Answer(Answer::kUnchanged);
  if (IsUndone(report)) return FinishUndo(report, undo, draft);
  FailUndo(undo, absl::StrCat(who, " ended ", std::string(Name(report.saga_status))), draft);
}

// The action has ended: what its child says now is about the undo of it, if there is one.
void OnLaterReport(const ReportChild& report, Draft& draft) {
  const State& state = draft.state();
  const StepRun& run = state.run(state.task(report.task).run);
  draft.Answer(Answer::kSuperseded);
  if (run.task != report.task || run.operation_task == 0) return;
  const Task& undo = state.task(run.operation_task);
  const Step& step = draft.StepAt(undo.step);
  if (undo.child != report.child || !IsChildTask(step, undo.operation)) return;
  draft.Answer(Answer::kRecorded);
  if (!IsTerminal(undo.status)) return OnUndoReport(report, undo.number, draft);
  const bool moved_on =
      report.condition == ChildCondition::kRunning ||
      (report.condition == ChildCondition::kEnded && report.status != WorkflowStatus::kCompleted);
  if (run.undo == UndoPhase::kParked && moved_on && state.fault.active) {
    return RetryChildUndo(run.number, draft);
  }
  draft.Answer(Answer::kSuperseded);
}

absl::Status CheckReport(const ReportChild& report, const State& state) {
  if (!state.has_task(report.task) && report.task > state.tasks.size()) {
    return absl::NotFoundError(absl::StrCat("no such task: ", TaskIdText(state, report.task)));
  }
  if (report.condition != ChildCondition::kEnded || IsTerminal(report.status)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("child of task ", TaskIdText(state, report.task),
                                                 ": ended as ", std::string(Name(report.status))));
}

}  // namespace

absl::Status OnReportChild(const ReportChild& report, Draft& draft) {
  const State& state = draft.state();
  if (report.task == 0) return OnReportFailureWorkflow(report, draft);
  if (absl::Status status = CheckReport(report, state); !status.ok()) return status;
  // The workflow was begun anew without it.
  if (!state.has_task(report.task)) {
    draft.Answer(Answer::kSuperseded);
    return absl::OkStatus();
  }
  const Task& task = state.task(report.task);
  const bool goes_on = !IsTerminal(state.status);
  if (task.child != report.child || (!goes_on && !ReopenForChild(report, draft))) {
    draft.Answer(Answer::kSuperseded);
    return absl::OkStatus();
  }
  // ReopenForChild brought it here: the child may have ended again already.
  if (!goes_on && report.condition == ChildCondition::kRunning) return absl::OkStatus();
  if (state.task(report.task).status != TaskStatus::kInProgress) {
    OnLaterReport(report, draft);
    return absl::OkStatus();
  }
  if (report.reopened > state.task(report.task).child_reopened) {
    draft.Emit(ChildResumed{.task = report.task, .reopened = report.reopened});
  }
  if (IsOfEarlierEnd(report, state.task(report.task))) {
    draft.Answer(Answer::kSuperseded);
    return absl::OkStatus();
  }
  if (UndoesItsChild(draft.StepAt(state.task(report.task).step),
                     state.task(report.task).operation)) {
    OnUndoReport(report, report.task, draft);
    return absl::OkStatus();
  }
  switch (report.condition) {
    case ChildCondition::kRunning:
      OnStarted(report, draft);
      break;
    case ChildCondition::kParked:
      OnParked(report, draft);
      break;
    case ChildCondition::kRefused:
    case ChildCondition::kNotUndone:
      OnRefused(report, draft);
      break;
    case ChildCondition::kEnded:
      OnEnded(report, draft);
  }
  return absl::OkStatus();
}

void TellParentOfChanges(Draft& draft) {
  const WorkflowStarted& start = draft.state().start;
  if (start.parent.is_nil()) return;
  const std::vector<Event>& events = draft.events();
  const bool changed = std::any_of(events.begin(), events.end(), [](const Event& event) {
    return std::holds_alternative<WorkflowEnded>(event.body) ||
           std::holds_alternative<SagaParked>(event.body) ||
           std::holds_alternative<SagaResumed>(event.body) ||
           std::holds_alternative<ChildParked>(event.body) ||
           std::holds_alternative<ChildResumed>(event.body) ||
           std::holds_alternative<WorkflowReopened>(event.body);
  });
  if (changed) draft.Ask(TellParent{start.parent, start.parent_task});
}

bool WaitsForPerson(const State& state) {
  if (IsTerminal(state.status)) return false;
  if (state.saga_status == SagaStatus::kParked) return true;
  return std::any_of(state.child_tasks.begin(), state.child_tasks.end(),
                     [&](TaskNumber task) { return state.task(task).child_parked; });
}

ReportChild ReportOf(const State& child) {
  ReportChild report;
  report.task = child.start.parent_task;
  report.child = child.id;
  report.name = child.start.name;
  report.version = child.start.version;
  report.pivot_passed = child.pivot_passed;
  report.reopened = child.reopened_seq;
  report.asked = child.reopened_asked;
  if (WaitsForPerson(child)) report.condition = ChildCondition::kParked;
  if (!IsTerminal(child.status)) return report;
  report.condition = ChildCondition::kEnded;
  report.status = child.status;
  report.saga_status = child.saga_status;
  report.output = child.output;
  report.reason = child.reason;
  return report;
}

std::string ParentEndedReason(std::string_view reason) {
  return absl::StrCat("Parent workflow has been terminated with reason: ", std::string(reason))
      .substr(0, kReasonBytesMax);
}

std::string ParentEndedReason(std::string_view reason, WorkflowStatus status) {
  if (!reason.empty()) return ParentEndedReason(reason);
  return absl::StrCat("Parent workflow has been terminated with status ",
                      std::string(Name(status)));
}

void TellChildToEnd(const Task& task, const std::string& reason, Draft& draft) {
  const Step& step = draft.StepAt(task.step);
  const bool detached =
      task.operation == Operation::kAction && step.type == StepType::kStartWorkflow;
  if (task.child.is_nil() || detached || UndoesItsChild(step, task.operation)) return;
  draft.Ask(TerminateChild{task.number, task.child, reason});
}

// In a saga the attempt is over when the child has ended, which may have completed meanwhile.
void TimeOutChild(TaskNumber number, Timeout timeout, std::string reason, Draft& draft) {
  const Task& task = draft.state().task(number);
  TellChildToEnd(task, ParentEndedReason(reason), draft);
  const bool waits = IsSaga(draft.definition(), draft.state()) &&
                     task.status == TaskStatus::kInProgress && task.operation == Operation::kAction;
  if (waits) {
    draft.Emit(TaskCancelRequested{number, std::move(reason), timeout});
    return;
  }
  draft.Emit(TaskTimedOut{
      .task = number, .timeout = timeout, .reason = std::move(reason), .effect = Effect::kNone});
  OnTaskEnded(number, draft);
}

}  // namespace skald::core
