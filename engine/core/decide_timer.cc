#include "absl/strings/str_cat.h"
#include "engine/base/check.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

std::string TimedOutReason(std::string_view what, DurationUs elapsed_us, DurationUs bound_us,
                           TimeoutPolicy policy) {
  const bool poll = what == "poll";
  return absl::StrCat(poll ? "Task poll timed out after " : "Task timed out after ",
                      elapsed_us / kSecondUs, " seconds. ", poll ? "Poll timeout" : "Timeout",
                      " configured as ", SecondsText(bound_us),
                      " seconds. Timeout policy configured to ", std::string(Name(policy)));
}

void OnAvailable(TaskNumber task, Draft& draft) {
  draft.Emit(TaskReleased{task});
  OfferIfReady(task, draft);
}

void OnPollTimeout(TaskNumber number, Draft& draft) {
  const Task& task = draft.state().task(number);
  const TaskDefinition& bounds = draft.StepAt(task.step).task;
  const DurationUs elapsed = draft.now() - (task.poll_timeout_at - bounds.poll_timeout_us);
  TimeOutTask(number, Timeout::kPoll,
              TimedOutReason("poll", elapsed, bounds.poll_timeout_us, bounds.timeout_policy),
              draft);
}

void OnAttemptTimeout(TaskNumber number, Draft& draft) {
  const Task& task = draft.state().task(number);
  const Step& step = draft.StepAt(task.step);
  // Undo tasks are always tried again: their policy is saga.md 2.11.
  const bool undo = IsUndoWork(task.operation);
  TimeOutTask(number, Timeout::kAttempt,
              TimedOutReason("attempt", draft.now() - task.started_at,
                             task.attempt_timeout_at - task.started_at,
                             undo ? TimeoutPolicy::kRetry : step.task.timeout_policy),
              draft);
}

void OnTotalTimeout(TaskNumber number, Draft& draft) {
  const Task& task = draft.state().task(number);
  const TaskDefinition& bounds = draft.StepAt(task.step).task;
  const TimeUs since = draft.state().run(task.run).first_scheduled_at;
  TimeOutTask(number, Timeout::kTotal,
              absl::StrCat("Task ", TaskIdText(draft.state(), number),
                           " exceeded total timeout of ", SecondsText(bounds.total_timeout_us),
                           " seconds (elapsed ", (draft.now() - since) / kSecondUs,
                           " seconds across all attempts). Timeout policy configured to ",
                           std::string(Name(bounds.timeout_policy))),
              draft);
}

void OnWait(TaskNumber task, Draft& draft) {
  CompleteTask(task, Payload("{}"), draft);
  OnTaskEnded(task, draft);
}

void OnWorkflowDeadline(const Timer& timer, Draft& draft) {
  if (draft.definition().timeout_ends_workflow) OnWorkflowTimeout(draft);
  // ALERT_ONLY, or a saga past its pivot, which a timeout does not end.
  if (draft.state().timers.count(timer) != 0) draft.Emit(WorkflowTimeoutAlerted{});
}

void Fire(const Timer& timer, Draft& draft) {
  switch (timer.kind) {
    case TimerKind::kTaskAvailable:
      return OnAvailable(timer.task, draft);
    case TimerKind::kPollTimeout:
      return OnPollTimeout(timer.task, draft);
    case TimerKind::kAttemptTimeout:
      return OnAttemptTimeout(timer.task, draft);
    case TimerKind::kTotalTimeout:
      return OnTotalTimeout(timer.task, draft);
    case TimerKind::kWait:
      return OnWait(timer.task, draft);
    case TimerKind::kWorkflowTimeout:
      return OnWorkflowDeadline(timer, draft);
    case TimerKind::kSettleTimeout:
      return OnSettleTimeout(draft);
    case TimerKind::kCompensationTimeout:
      return OnCompensationTimeout(draft);
  }
}

}  // namespace

std::string WorkflowTimeoutReason(const Draft& draft) {
  const Definition& definition = draft.definition();
  const TimeUs since = draft.state().timeout_at - definition.timeout_us;
  return absl::StrCat("Workflow timed out after ", (draft.now() - since) / kSecondUs,
                      " seconds. Timeout configured as ", SecondsText(definition.timeout_us),
                      " seconds. Timeout policy configured to ",
                      definition.timeout_ends_workflow ? "TIME_OUT_WF" : "ALERT_ONLY");
}

absl::Status OnFireTimers(Draft& draft) {
  const State& state = draft.state();
  if (state.NextDueAt() == 0 || state.NextDueAt() > draft.now()) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  // What the decision before left of its loops goes on at the end of this plan.
  if (GoesForward(state) && !state.loops_due.empty()) const PlanScope plan(draft);
  // In order of their times. What they start themselves is later than now, or has its own decision.
  while (!state.timers.empty() && state.timers.begin()->due_at <= draft.now()) {
    const Timer timer = *state.timers.begin();
    Fire(timer, draft);
    // Every timer that fires is ended by an event; otherwise it would fire for ever.
    CHECK(state.timers.count(timer) == 0);
  }
  return absl::OkStatus();
}

}  // namespace skald::core
