#include "engine/core/task_steps.h"

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/cache_key.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/limits.h"
#include "engine/core/task_domains.h"

namespace skald::core {

OfferTask OfferOf(const Definition& definition, const State& state, const Task& task) {
  const Step& step = StepOf(definition, state, task.step);
  const std::string_view runner = RunnerOf(step, task.operation);
  OfferTask offer{.task = task.number, .priority = state.start.priority};
  offer.built_in = !runner.empty();
  offer.task_type = offer.built_in ? std::string(runner) : task.task_type;
  if (!offer.built_in) offer.domain = DomainsOf(step, state, task);
  offer.cache_key = CacheKey(step, task.number, definition, state);
  return offer;
}

void OfferIfReady(TaskNumber number, Draft& draft) {
  const State& state = draft.state();
  const Task& task = state.task(number);
  if (task.status != TaskStatus::kScheduled || !task.released) return;
  if (IsUndoWork(task.operation) && UndoIsHeld(state)) return;
  if (IsChildTask(draft.definition(), draft.state(), task)) return BeginChild(number, draft);
  draft.Ask(OfferOf(draft.definition(), state, task));
}

void TellToStop(const Task& task, std::string_view reason, bool superseded, Draft& draft) {
  draft.Ask(CancelTask{.task = task.number,
                       .fence = task.fence,
                       .incarnation = task.incarnation,
                       .reason = std::string(reason),
                       .superseded = superseded});
}

void TimeOutTask(TaskNumber number, Timeout timeout, std::string reason, Draft& draft) {
  const Task& task = draft.state().task(number);
  if (IsChildTask(draft.definition(), draft.state(), task)) {
    return TimeOutChild(number, timeout, reason, draft);
  }
  const bool held = task.status == TaskStatus::kInProgress && !task.awaits_update;
  if (held) TellToStop(task, reason, true, draft);
  if (task.status == TaskStatus::kScheduled && task.released) draft.Ask(WithdrawTask{number});
  const Effect effect = EffectUnanswered(draft.StepAt(task.step), task);
  draft.Emit(TaskTimedOut{
      .task = number, .timeout = timeout, .reason = std::move(reason), .effect = effect});
  OnTaskEnded(number, draft);
}

void CancelOpenTask(TaskNumber number, const std::string& reason, Draft& draft) {
  const Task& task = draft.state().task(number);
  if (IsTerminal(task.status)) return;
  const bool worker = IsWorkerTask(draft.definition(), draft.state(), task);
  if (IsChildTask(draft.definition(), draft.state(), task) &&
      task.status == TaskStatus::kInProgress) {
    if (task.cancel_requested) return;
    const std::string& fault = draft.state().fault.reason;
    TellChildToEnd(task, ParentEndedReason(fault.empty() ? reason : fault), draft);
    draft.Emit(TaskCancelRequested{.task = number, .reason = reason});
    return;
  }
  const bool held = worker && task.status == TaskStatus::kInProgress && !task.awaits_update;
  // What follows from its input alone has done nothing: nobody waits for its answer.
  const bool pure = IsPure(draft.StepAt(task.step), task.operation);
  if (held && task.cancel_requested && !pure) return;
  if (held) TellToStop(task, reason, pure, draft);
  if (held && !pure) {
    draft.Emit(TaskCancelRequested{.task = number, .reason = reason});
    return;
  }
  if (worker && task.released) draft.Ask(WithdrawTask{number});
  const Effect effect = EffectUnanswered(draft.StepAt(task.step), task);
  draft.Emit(TaskCanceled{.task = number, .effect = effect, .reason = reason});
}

namespace {

void CancelForGood(TaskNumber number, const std::string& reason, const std::string& child_reason,
                   Draft& draft) {
  if (!draft.state().has_task(number)) return;
  const Task& task = draft.state().task(number);
  if (IsTerminal(task.status)) return;
  if (IsChildTask(draft.definition(), draft.state(), task)) {
    TellChildToEnd(task, child_reason, draft);
    draft.Emit(TaskCanceled{.task = number, .effect = Effect::kNone, .reason = reason});
    return;
  }
  const bool worker = IsWorkerTask(draft.definition(), draft.state(), task);
  const bool held = worker && task.status == TaskStatus::kInProgress && !task.awaits_update;
  if (held) TellToStop(task, reason, true, draft);
  if (worker && task.released) draft.Ask(WithdrawTask{number});
  const Effect effect = EffectUnanswered(draft.StepAt(task.step), task);
  draft.Emit(TaskCanceled{.task = number, .effect = effect, .reason = reason});
}

}  // namespace

void CancelEverything(const std::string& reason, const std::string& child_reason, Draft& draft) {
  const State& state = draft.state();
  const std::vector<RunNumber> open(state.open.begin(), state.open.end());
  for (const RunNumber run : open) {
    CancelForGood(state.run(run).task, reason, child_reason, draft);
    // The condition of a loop.
    CancelForGood(state.run(run).operation_task, reason, child_reason, draft);
  }
  if (state.live_tasks == 0 && state.child_tasks.empty()) return;
  // What still lives undoes or probes; only a saga that is given up comes here.
  for (const StepRun& run : state.runs) {
    CancelForGood(run.task, reason, child_reason, draft);
    CancelForGood(run.operation_task, reason, child_reason, draft);
  }
}

void CompleteTask(TaskNumber number, Payload output, Draft& draft) {
  const Task& task = draft.state().task(number);
  TaskCompleted completed{.task = number};
  if (task.operation == Operation::kAction) {
    completed.undo_input =
        ResolveUndoInput(draft.state().run(task.run), Effect::kApplied, output, draft);
  }
  completed.output = std::move(output);
  draft.Emit(std::move(completed));
}

void FailTask(TaskNumber number, std::string reason, Draft& draft) {
  draft.Emit(TaskFailed{.task = number, .terminal = true, .reason = std::move(reason)});
  OnTaskEnded(number, draft);
}

std::string GrowthLimit(const State& state) {
  if (state.tasks.kept() >= kTasksPerWorkflowMax - kTasksReservedForUndo) {
    return absl::StrCat(FixedBound("kTasksPerWorkflowMax", kTasksPerWorkflowMax), ", of which ",
                        kTasksReservedForUndo, " are kept for undoing, is reached", kBoundHint);
  }
  if (state.seq >= kEventsPerWorkflowMax - kEventsReservedForEnd) {
    return absl::StrCat(FixedBound("kEventsPerWorkflowMax", kEventsPerWorkflowMax), ", of which ",
                        kEventsReservedForEnd, " are kept for ending, is reached", kBoundHint);
  }
  if (state.history_bytes >= kHistoryBytesPerWorkflowMax) {
    return absl::StrCat(FixedBound("kHistoryBytesPerWorkflowMax", kHistoryBytesPerWorkflowMax),
                        " is reached", kBoundHint);
  }
  return "";
}

std::string SecondsText(DurationUs duration_us) {
  std::string text = absl::StrCat(duration_us / kSecondUs);
  DurationUs rest = duration_us % kSecondUs;
  if (rest == 0) return text;
  text.push_back('.');
  for (DurationUs digit = kSecondUs / 10; rest != 0; digit /= 10) {
    text.push_back(static_cast<char>('0' + rest / digit));
    rest %= digit;
  }
  return text;
}

std::string_view Name(TimeoutPolicy policy) {
  switch (policy) {
    case TimeoutPolicy::kRetry:
      return "RETRY";
    case TimeoutPolicy::kTimeOutWorkflow:
      return "TIME_OUT_WF";
    case TimeoutPolicy::kAlertOnly:
      return "ALERT_ONLY";
  }
  return "";
}

}  // namespace skald::core
