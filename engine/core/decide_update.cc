// Updates from outside (conductor.md 3.7; saga.md 2.15): they end a task that waits for one, and
// also one that a worker has or that is still queued; who has it is told that it is over. Or they
// say how far it is: it stays open then, and a worker's is queued again.
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/schema_rules.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

bool IsOpen(TaskNumber task, const State& state) {
  return state.has_task(task) && !IsTerminal(state.task(task).status);
}

// The open task of the newest run of that step: its undo or probe, else its action; or that one,
// ended by an update.
absl::StatusOr<TaskNumber> FindOpen(const UpdateTask& trigger, const Draft& draft) {
  const State& state = draft.state();
  if (trigger.task != 0) {
    if (state.has_task(trigger.task)) return trigger.task;
    return absl::NotFoundError(
        absl::StrCat("update task: no such task: ", TaskIdText(state, trigger.task)));
  }
  const StepIndex step = FindStep(draft.definition(), state, trigger.reference);
  if (step == kNoStep) {
    return absl::NotFoundError(absl::StrCat("update task: no step ", trigger.reference));
  }
  const RunNumber number = state.LatestRun(step);
  if (number != 0) {
    const StepRun& run = state.run(number);
    if (IsOpen(run.operation_task, state)) return run.operation_task;
    if (IsOpen(run.task, state)) return run.task;
    // The same update again changes nothing, by whichever name the task is meant.
    if (state.has_task(run.task) && state.task(run.task).updated) return run.task;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("update task: step ", trigger.reference, " has no open task"));
}

absl::Status Check(const UpdateTask& trigger) {
  RETURN_IF_ERROR(CheckTold(trigger.status));
  const bool delays = trigger.callback_after_us != 0;
  if (delays && (trigger.status != TaskStatus::kInProgress || trigger.callback_after_us < 0)) {
    return absl::InvalidArgumentError("callback_after: only with IN_PROGRESS, and 0 or more");
  }
  if (!trigger.output.empty() && TrimJson(trigger.output.text()).front() != '{') {
    return absl::InvalidArgumentError("output: a JSON object expected");
  }
  if (trigger.output.size() > kPayloadBytesCeiling) {
    return absl::InvalidArgumentError(
        absl::StrCat("output: ", trigger.output.size(), " bytes, more than ",
                     FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling)));
  }
  return absl::OkStatus();
}

// A control construct ends by its own rules.
bool MayBeUpdated(const Task& task, const Draft& draft) {
  return AwaitsOutside(draft.definition(), draft.state(), task) ||
         IsWorkerTask(draft.definition(), draft.state(), task);
}

Payload OutputOf(const UpdateTask& trigger, const Task& task) {
  if (!trigger.merge_output || task.output.empty()) return trigger.output;
  return Payload(OverlayMembers(task.output.text(), trigger.output.text()));
}

absl::Status CheckOutput(const UpdateTask& trigger, const Payload& output, const Step& step) {
  if (trigger.status != TaskStatus::kCompleted) return absl::OkStatus();
  const std::string mistake = OutputMistake(step.task.schemas, output);
  if (mistake.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("update task: ", mistake));
}

// What nobody had begun did nothing, nor does a step that only waits.
Effect EffectOf(const UpdateTask& trigger, const Task& task, const Draft& draft) {
  const bool by_worker = IsWorkerTask(draft.definition(), draft.state(), task);
  const bool begun = !by_worker || task.start_count > 0;
  const bool may_have_one = begun && HasEffects(draft.StepAt(task.step).type);
  if (task.operation == Operation::kAction && !may_have_one) return Effect::kNone;
  return trigger.effect == Effect::kUnset ? Effect::kNone : trigger.effect;
}

// A worker has it, or may get it.
bool IsQueuedOrHeld(const Task& task, const Draft& draft) {
  return IsWorkerTask(draft.definition(), draft.state(), task) && !task.awaits_update;
}

void TakeFromHolder(const Task& task, std::string_view why, Draft& draft) {
  if (!IsQueuedOrHeld(task, draft)) return;
  if (task.status == TaskStatus::kInProgress) {
    TellToStop(task, why, true, draft);
  } else if (task.released) {
    draft.Ask(WithdrawTask{task.number});
  }
}

// It stays open. Who has it has given it back with that, as a worker does (conductor.md 3.7); one
// that is still queued only waits longer, if at all.
absl::Status KeepOpen(const UpdateTask& trigger, TaskNumber number, const Payload& output,
                      Draft& draft) {
  const State& state = draft.state();
  const Task& task = state.task(number);
  const bool held = task.status == TaskStatus::kInProgress;
  const bool later =
      draft.now() + trigger.callback_after_us > std::max(task.available_at, draft.now());
  const bool requeued = IsQueuedOrHeld(task, draft) && (held || later);
  if (!requeued && task.output == output) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (const std::string limit = GrowthLimit(state); !limit.empty()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("update task ", TaskIdText(state, number), ": ", limit));
  }
  if (requeued) TakeFromHolder(task, "an update from outside gave it back", draft);
  draft.Emit(TaskProgressed{
      .task = number, .output = output, .actor = trigger.actor, .reason = trigger.reason});
  if (requeued) RequeueTask(number, trigger.callback_after_us, draft);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTold(TaskStatus status) {
  switch (status) {
    case TaskStatus::kInProgress:
    case TaskStatus::kCompleted:
    case TaskStatus::kFailed:
    case TaskStatus::kFailedWithTerminalError:
    case TaskStatus::kCanceled:
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("status: COMPLETED, FAILED, FAILED_WITH_TERMINAL_ERROR, CANCELED or "
                       "IN_PROGRESS expected, not ",
                       std::string(Name(status))));
  }
}

void EndAsTold(TaskNumber number, const UpdateTask& told, const Payload& output, Draft& draft) {
  const Effect effect = EffectOf(told, draft.state().task(number), draft);
  std::string reason = told.reason.substr(0, kReasonBytesMax);
  if (told.status == TaskStatus::kCompleted) {
    CompleteTask(number, output.empty() ? Payload("{}") : output, draft);
  } else if (told.status == TaskStatus::kCanceled) {
    draft.Emit(TaskCanceled{
        .task = number, .effect = effect, .reason = std::move(reason), .output = output});
  } else {
    draft.Emit(TaskFailed{.task = number,
                          .terminal = told.status == TaskStatus::kFailedWithTerminalError,
                          .reason = std::move(reason),
                          .effect = effect,
                          .output = output});
  }
  OnTaskEnded(number, draft);
}

absl::Status OnUpdateTask(const UpdateTask& trigger, Draft& draft) {
  const State& state = draft.state();
  if (absl::Status status = Check(trigger); !status.ok()) return status;
  const absl::StatusOr<TaskNumber> found = FindOpen(trigger, draft);
  if (!found.ok()) return found.status();
  const TaskNumber number = *found;
  if (IsTerminal(state.status) || !IsOpen(number, state)) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (!MayBeUpdated(state.task(number), draft)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "update task ", TaskIdText(state, number), ": a step of type ",
        std::string(Name(draft.StepAt(state.task(number).step).type)), " ends by itself"));
  }
  const Payload output = OutputOf(trigger, state.task(number));
  if (absl::Status status = CheckOutput(trigger, output, draft.StepAt(state.task(number).step));
      !status.ok()) {
    return status;
  }
  if (trigger.status == TaskStatus::kInProgress) return KeepOpen(trigger, number, output, draft);
  TakeFromHolder(state.task(number), "an update from outside decided it", draft);
  draft.Emit(TaskUpdated{.task = number, .actor = trigger.actor, .reason = trigger.reason});
  EndAsTold(number, trigger, output, draft);
  return absl::OkStatus();
}

}  // namespace skald::core
