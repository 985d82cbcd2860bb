#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/limits.h"
#include "engine/core/schema_rules.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

absl::Status NoSuchTask(const State& state, TaskNumber task) {
  return absl::NotFoundError(absl::StrCat("no such task: ", TaskIdText(state, task)));
}

// It was there, and is not any more: an iteration that is not kept, or what a rerun took back.
bool IsGone(const State& state, TaskNumber task) {
  return task >= 1 && task <= state.tasks.size() && !state.has_task(task);
}

absl::Status Superseded(Draft& draft) {
  draft.Answer(Answer::kSuperseded);
  return absl::OkStatus();
}

absl::Status NotStartable(const State& state, const Task& task, std::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("start task ", TaskIdText(state, task.number), ": ", std::string(why)));
}

absl::Status Malformed(const State& state, const ReportResult& trigger, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("result of task ", TaskIdText(state, trigger.task), ": ", std::string(why)));
}

absl::Status CheckStart(const Task& task, const Draft& draft) {
  const State& state = draft.state();
  if (IsTerminal(state.status)) return NotStartable(state, task, "the workflow has ended");
  if (task.status != TaskStatus::kScheduled || !IsWorkerTask(draft.definition(), state, task)) {
    return NotStartable(state, task, absl::StrCat("it is ", std::string(Name(task.status))));
  }
  if (!task.released) return NotStartable(state, task, "its delay is not over");
  if (!IsUndoWork(task.operation) && state.fault.active) {
    return NotStartable(state, task, "the workflow is being undone");
  }
  if (IsUndoWork(task.operation) && UndoIsHeld(state)) {
    return NotStartable(state, task, "undoing is paused");
  }
  return absl::OkStatus();
}

// The barrier may not commit an effect after the attempt has been given up by the clock.
TimeUs NotAfter(TimeUs attempt_timeout_at, TimeUs total_timeout_at) {
  if (attempt_timeout_at == 0 || total_timeout_at == 0) {
    return std::max(attempt_timeout_at, total_timeout_at);
  }
  return std::min(attempt_timeout_at, total_timeout_at);
}

absl::Status CheckResult(const ReportResult& trigger, const Draft& draft) {
  const State& state = draft.state();
  switch (trigger.status) {
    case TaskStatus::kCompleted:
      if (state.task(trigger.task).operation == Operation::kProbe) break;
      if (trigger.effect == Effect::kNone || trigger.effect == Effect::kUnknown) {
        return Malformed(state, trigger, "COMPLETED means effect APPLIED");
      }
      break;
    case TaskStatus::kInProgress:
      if (trigger.callback_after_us < 0) return Malformed(state, trigger, "negative delay");
      break;
    case TaskStatus::kFailed:
    case TaskStatus::kFailedWithTerminalError:
    case TaskStatus::kCanceled:
      break;
    default:
      return Malformed(state, trigger,
                       absl::StrCat("a worker cannot report ", std::string(Name(trigger.status))));
  }
  if (trigger.output.size() > kPayloadBytesCeiling) {
    return Malformed(state, trigger,
                     absl::StrCat("output of ", trigger.output.size(), " bytes, more than ",
                                  FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling)));
  }
  return absl::OkStatus();
}

// The end of the task came from a result under its newest fence, so that the same worker sending it
// again (a stream that broke before the receipt) is told that it is recorded. What the engine
// itself decided (a time-out, a cancel that was not the worker's answer), or an update from
// outside, makes any result late.
bool EndedByResult(const Task& task, TaskStatus reported) {
  if (task.timeout != Timeout::kNone || task.updated) return false;
  if (task.status == TaskStatus::kCanceled) return reported == TaskStatus::kCanceled;
  return true;
}

// A runner gives no call back: in progress means that its part is done, and that the task is to be
// left open (ports/task_runner.h). What only follows from its input is never left open.
bool LeavesOpen(const ReportResult& trigger, const Draft& draft) {
  if (trigger.status != TaskStatus::kInProgress) return false;
  const Task& task = draft.state().task(trigger.task);
  const Step& step = draft.StepAt(task.step);
  return !RunnerOf(step, task.operation).empty() && !IsPure(step, task.operation);
}

// A runner's answer for an asyncComplete step only begins the wait for an update from outside.
bool HandsOver(const ReportResult& trigger, bool left_open, const Draft& draft) {
  const Task& task = draft.state().task(trigger.task);
  const Step& step = draft.StepAt(task.step);
  // While it is being undone nobody waits for updates: what the runner did stands.
  return trigger.status == TaskStatus::kCompleted && task.operation == Operation::kAction &&
         !draft.state().fault.active && !step.runner.empty() && !IsChoice(step.type) &&
         (left_open || CompletesOutside(step, task.input));
}

// One late result is kept for each fence: workers send again, histories must not grow by it.
void KeepLateResult(const ReportResult& trigger, Draft& draft) {
  const Task& task = draft.state().task(trigger.task);
  if (trigger.fence > task.late_fence && trigger.status != TaskStatus::kInProgress) {
    OnLateResult(trigger, draft);
  }
  draft.Answer(Answer::kSuperseded);
}

absl::Status GiveBack(const ReportResult& trigger, Draft& draft) {
  const State& state = draft.state();
  const std::string limit = GrowthLimit(state);
  if (!limit.empty()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("give task ", TaskIdText(state, trigger.task), " back: ", limit));
  }
  RequeueTask(trigger.task, trigger.callback_after_us, draft);
  return absl::OkStatus();
}

std::string CutReason(const std::string& reason) { return reason.substr(0, kReasonBytesMax); }

// What was done is done; what came of it cannot be used.
bool RefusesOutput(const ReportResult& trigger, const Step& step, Draft& draft) {
  std::string mistake = OutputMistake(step.task.schemas, trigger.output);
  if (mistake.empty()) return false;
  draft.Emit(TaskFailed{.task = trigger.task,
                        .terminal = true,
                        .reason = CutReason(mistake),
                        .effect = HasEffects(step.type) ? Effect::kApplied : Effect::kNone,
                        .verdict = trigger.verdict,
                        .output = trigger.output});
  return true;
}

// Most workers send back what they were given; that is in the history already.
std::string OwnTrace(const ReportResult& trigger, const State& state) {
  const auto& start = state.start;
  const bool given = start.tracestate.empty()
                         ? trigger.trace == start.traceparent
                         : trigger.trace == absl::StrCat(start.traceparent, " ", start.tracestate);
  return given ? "" : trigger.trace;
}

void EmitCompleted(const ReportResult& trigger, Draft& draft) {
  const Task& task = draft.state().task(trigger.task);
  const Step& step = draft.StepAt(task.step);
  if (task.operation == Operation::kAction && RefusesOutput(trigger, step, draft)) return;
  if (task.operation == Operation::kAction && IsChoice(step.type)) {
    draft.Emit(ChoiceMade(step, trigger.task, task.input, ScriptResult(trigger.output)));
    return;
  }
  TaskCompleted completed{
      .task = trigger.task, .output = trigger.output, .verdict = trigger.verdict};
  if (task.operation == Operation::kAction) {
    completed.undo_input =
        ResolveUndoInput(draft.state().run(task.run), Effect::kApplied, trigger.output, draft);
  }
  if (task.operation == Operation::kProbe) completed.effect = trigger.effect;
  completed.trace = OwnTrace(trigger, draft.state());
  draft.Emit(std::move(completed));
}

// A SWITCH whose script fails is FAILED, whatever the runner calls it (conductor.md 2.8).
bool IsTerminally(const ReportResult& trigger, const Draft& draft) {
  const Task& task = draft.state().task(trigger.task);
  const bool choice =
      IsChoice(draft.StepAt(task.step).type) && task.operation == Operation::kAction;
  return trigger.status == TaskStatus::kFailedWithTerminalError && !choice;
}

void EmitResult(const ReportResult& trigger, Draft& draft) {
  const Effect effect = trigger.effect == Effect::kUnset ? Effect::kNone : trigger.effect;
  switch (trigger.status) {
    case TaskStatus::kCompleted:
      EmitCompleted(trigger, draft);
      break;
    case TaskStatus::kCanceled:
      draft.Emit(TaskCanceled{.task = trigger.task,
                              .effect = effect,
                              .reason = CutReason(trigger.reason),
                              .trace = OwnTrace(trigger, draft.state())});
      break;
    default:
      draft.Emit(TaskFailed{.task = trigger.task,
                            .terminal = IsTerminally(trigger, draft),
                            .reason = CutReason(trigger.reason),
                            .effect = effect,
                            .verdict = trigger.verdict,
                            .output = trigger.output,
                            .trace = OwnTrace(trigger, draft.state())});
  }
}

void OnActionSucceeded(TaskNumber number, Draft& draft) {
  const State& state = draft.state();
  const RunNumber run = state.task(number).run;
  const bool held = !GoesForward(state);
  // The passing of a pivot may park the saga; what follows the pivot is scheduled first.
  const PlanScope plan(draft);
  if (draft.StepAt(state.task(number).step).saga.kind == StepKind::kPivot) {
    OnPivotCompleted(run, draft);
  }
  if (!held) AdvanceNow(run, draft);
}

absl::Status TakeResult(const ReportResult& trigger, bool left_open, Draft& draft) {
  const State& state = draft.state();
  if (absl::Status status = CheckResult(trigger, draft); !status.ok()) return status;
  const Task& task = state.task(trigger.task);
  if (trigger.fence == 0 || trigger.fence != task.fence) {
    // A fence that was never given out is no result of this task's.
    if (trigger.fence == 0 || trigger.fence > task.fence) {
      return Malformed(state, trigger, absl::StrCat("fence ", trigger.fence, " was never given"));
    }
    KeepLateResult(trigger, draft);
    return absl::OkStatus();
  }
  if (IsTerminal(task.status)) {
    if (EndedByResult(task, trigger.status)) {
      draft.Answer(Answer::kUnchanged);
    } else {
      KeepLateResult(trigger, draft);
    }
    return absl::OkStatus();
  }
  if (task.awaits_update) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  const bool queued = task.status == TaskStatus::kScheduled;
  if (HandsOver(trigger, left_open, draft)) {
    if (queued && task.released) draft.Ask(WithdrawTask{trigger.task});
    draft.Emit(TaskHandedOver{.task = trigger.task, .output = trigger.output});
    return absl::OkStatus();
  }
  if (trigger.status == TaskStatus::kInProgress) {
    if (!queued) return GiveBack(trigger, draft);
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  // Given back before, and answered after all by the worker that gave it back.
  if (queued && task.released) draft.Ask(WithdrawTask{trigger.task});
  EmitResult(trigger, draft);
  OnTaskEnded(trigger.task, draft);
  return absl::OkStatus();
}

}  // namespace

// Under ALERT_ONLY nothing is to happen at that moment, so there is no timer.
TimeUs AttemptTimeoutAt(const Step& step, const Task& task, TimeUs now) {
  if (task.attempt_timeout_at != 0) return task.attempt_timeout_at;
  DurationUs timeout = 0;
  if (task.operation == Operation::kAction &&
      step.task.timeout_policy != TimeoutPolicy::kAlertOnly) {
    timeout = step.task.timeout_us;
  }
  if (task.operation == Operation::kCompensate && step.saga.undo.has_value()) {
    timeout = step.saga.undo->timeout_us;
  }
  return timeout == 0 ? 0 : now + timeout;
}

void RequeueTask(TaskNumber number, DurationUs delay_us, Draft& draft) {
  const State& state = draft.state();
  const TimeUs available_at = delay_us == 0 ? 0 : draft.now() + delay_us;
  draft.Emit(TaskRequeued{.task = number, .available_at = available_at});
  // Nothing forward is started any more once the saga is being undone (saga.md P5).
  if (state.fault.active && !IsUndoWork(state.task(number).operation)) {
    CancelOpenTask(number, "given back while the saga is being undone", draft);
    return OnTaskEnded(number, draft);
  }
  OfferIfReady(number, draft);
}

absl::Status OnStartTask(const StartTask& trigger, Draft& draft) {
  const State& state = draft.state();
  if (!state.has_task(trigger.task)) return NoSuchTask(state, trigger.task);
  const Task& task = state.task(trigger.task);
  if (absl::Status status = CheckStart(task, draft); !status.ok()) return status;
  const TimeUs timeout_at = AttemptTimeoutAt(draft.StepAt(task.step), task, draft.now());
  draft.Emit(TaskStarted{.task = trigger.task,
                         .worker = trigger.worker,
                         .incarnation = trigger.incarnation,
                         .barrier = trigger.barrier,
                         .attempt_timeout_at = timeout_at,
                         .not_after = NotAfter(timeout_at, task.total_timeout_at),
                         .domain = trigger.domain});
  return absl::OkStatus();
}

absl::Status OnReportResult(const ReportResult& trigger, Draft& draft) {
  const State& state = draft.state();
  if (IsGone(state, trigger.task)) return Superseded(draft);
  if (!state.has_task(trigger.task)) return NoSuchTask(state, trigger.task);
  if (!LeavesOpen(trigger, draft)) return TakeResult(trigger, false, draft);
  ReportResult done = trigger;
  done.status = TaskStatus::kCompleted;
  return TakeResult(done, true, draft);
}

absl::Status OnLoseTask(const LoseTask& trigger, Draft& draft) {
  const State& state = draft.state();
  if (IsGone(state, trigger.task)) return Superseded(draft);
  if (!state.has_task(trigger.task)) return NoSuchTask(state, trigger.task);
  const Task& task = state.task(trigger.task);
  if (task.status != TaskStatus::kInProgress || task.fence != trigger.fence || trigger.fence == 0) {
    draft.Answer(Answer::kSuperseded);
    return absl::OkStatus();
  }
  const Step& step = draft.StepAt(task.step);
  // The process died with it, most likely: what follows from its input alone is simply run again.
  if (trigger.timeout == Timeout::kLease && IsPure(draft.StepAt(task.step), task.operation) &&
      !task.cancel_requested && task.start_count < kPureStartsMax) {
    TellToStop(task, "its runner was lost", true, draft);
    draft.Emit(TaskRequeued{.task = trigger.task});
    OfferIfReady(trigger.task, draft);
    return absl::OkStatus();
  }
  std::string reason =
      trigger.timeout == Timeout::kResponse
          ? absl::StrCat("responseTimeout: ", SecondsText(step.task.response_timeout_us),
                         " exceeded for the taskId: ", TaskIdText(state, task.number),
                         " with Task Definition: ", task.task_type)
          : absl::StrCat("lease of worker ", task.worker,
                         " lost for the taskId: ", TaskIdText(state, task.number));
  TimeOutTask(trigger.task, trigger.timeout, std::move(reason), draft);
  return absl::OkStatus();
}

void OnTaskEnded(TaskNumber number, Draft& draft) {
  const Task& task = draft.state().task(number);
  if (task.operation == Operation::kEvaluate) {
    OnConditionEnded(draft);
  } else if (IsUndoWork(task.operation)) {
    OnUndoTaskEnded(number, draft);
  } else if (draft.state().fault.active) {
    OnAttemptSettled(number, draft);
  } else if (task.status == TaskStatus::kCompleted) {
    OnActionSucceeded(number, draft);
  } else {
    OnAttemptFailed(number, draft);
  }
}

}  // namespace skald::core
