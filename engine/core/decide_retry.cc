// What follows a failed attempt (conductor.md 3.3, 3.5, 3.6): another attempt, an accepted failure,
// or the end of forward work.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_write.h"
#include "engine/core/schema_rules.h"
#include "engine/core/state_scope.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

constexpr DurationUs kForeverUs = std::numeric_limits<std::int32_t>::max() * kSecondUs;

DurationUs TimesAtMost(DurationUs a, std::int64_t b) {
  DurationUs product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kForeverUs : std::min(product, kForeverUs);
}

DurationUs PlainBackoffUs(const RetryPolicy& policy, std::int64_t failed_before) {
  switch (policy.logic) {
    case RetryLogic::kFixed:
      return policy.delay_us;
    case RetryLogic::kLinearBackoff:
      return TimesAtMost(policy.delay_us,
                         TimesAtMost(policy.backoff_scale_factor, failed_before + 1));
    case RetryLogic::kExponentialBackoff:
      if (failed_before >= 62) return policy.delay_us == 0 ? 0 : kForeverUs;
      return TimesAtMost(policy.delay_us, std::int64_t{1} << failed_before);
  }
  return policy.delay_us;
}

// The finisher of splitmix64: spreads every bit of the input over the whole output.
std::uint64_t Mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

DurationUs JitterUs(DurationUs jitter_us_max, const WorkflowId& workflow, TaskNumber task) {
  if (jitter_us_max <= 0) return 0;
  std::uint64_t hash = task;
  for (const std::uint8_t byte : workflow.bytes()) hash = Mix(hash ^ byte);
  return static_cast<DurationUs>(hash % (static_cast<std::uint64_t>(jitter_us_max) + 1));
}

// The policies of task timeouts do not reach lost responses and leases (conductor.md 3.6).
bool EndsWorkflow(const Task& task, const Step& step) {
  return task.status == TaskStatus::kTimedOut && task.timeout != Timeout::kResponse &&
         task.timeout != Timeout::kLease && task.timeout != Timeout::kChild &&
         step.task.timeout_policy == TimeoutPolicy::kTimeOutWorkflow;
}

bool OutOfTime(const StepRun& run, const Step& step, TimeUs now) {
  return step.task.total_timeout_us != 0 &&
         now - run.first_scheduled_at >= step.task.total_timeout_us;
}

// Since the run began, or a person had it retried.
std::int32_t AttemptsMade(const Task& task, const State& state) {
  return task.attempt - state.run(task.run).attempts_before;
}

bool MayRetry(const Task& task, const Step& step, const State& state) {
  if (!IsDoneElsewhere(step, Operation::kAction)) return false;
  if (task.status != TaskStatus::kFailed && task.status != TaskStatus::kTimedOut) return false;
  const std::int32_t retries = step.task.retry.retry_count;
  return retries < 0 || AttemptsMade(task, state) <= retries;
}

std::string OutOfTimeReason(const Task& task, const StepRun& run, const Step& step,
                            const Draft& draft) {
  return absl::StrCat("Task ", TaskIdText(draft.state(), task.number), "/", step.name,
                      " exceeded total timeout of ", SecondsText(step.task.total_timeout_us),
                      " seconds (elapsed ", (draft.now() - run.first_scheduled_at) / kSecondUs,
                      " seconds across all attempts). No further retries will be attempted.");
}

void GiveUp(TaskNumber number, bool out_of_time, Draft& draft) {
  const State& state = draft.state();
  const Task& task = state.task(number);
  const Step& step = draft.StepAt(task.step);
  const RunNumber run = task.run;
  if (step.optional) {
    draft.Emit(TaskFailureAccepted{number});
    AdvanceNow(run, draft);
    return;
  }
  if (step.permissive) {
    draft.Emit(TaskFailureAccepted{.task = number, .permissive = true});
    AdvanceNow(run, draft);
    return;
  }
  const WorkflowStatus status = EndStatusFor(task.status);
  const FaultCause cause =
      task.status == TaskStatus::kTimedOut ? FaultCause::kTaskTimedOut : FaultCause::kTaskFailed;
  std::string reason =
      out_of_time ? OutOfTimeReason(task, state.run(run), step, draft) : FailedReason(task, draft);
  RaiseFault(cause, std::move(reason), number, "", status, draft);
}

// Inputs are evaluated anew over the old ones, except in sagas: a step's attempts share one key
// with the worker's barrier, which refuses the key with another input. What passes a limit by now
// stays as it was, too.
Payload RetryInput(const Task& failed, const Step& step, const Draft& draft) {
  const bool child = step.type == StepType::kSubWorkflow;
  const bool same = step.input.is_constant() && !child;
  if (IsSaga(draft.definition(), draft.state()) || same) return failed.input;
  const auto next = static_cast<TaskNumber>(draft.state().tasks.size() + 1);
  const absl::StatusOr<Payload> input = EvaluateInput(step, next, draft);
  if (!input.ok()) return failed.input;
  if (child) return SubWorkflowInput(step, *input, draft);
  return Payload(MergeDefaults(input->text(), failed.input.text()));
}

}  // namespace

WorkflowStatus EndStatusFor(TaskStatus status) {
  if (status == TaskStatus::kTimedOut) return WorkflowStatus::kTimedOut;
  return status == TaskStatus::kCanceled ? WorkflowStatus::kTerminated : WorkflowStatus::kFailed;
}

std::string FailedReason(const Task& task, const Draft& draft) {
  return absl::StrCat("Task ", TaskIdText(draft.state(), task.number),
                      " failed with status: ", std::string(Name(EndStatusFor(task.status))),
                      " and reason: '", task.reason, "'");
}

DurationUs BackoffUs(const RetryPolicy& policy, std::int32_t attempt, const WorkflowId& workflow,
                     TaskNumber task) {
  DurationUs delay = PlainBackoffUs(policy, std::max(attempt, 1) - 1);
  if (policy.delay_us_max > 0) delay = std::min(delay, policy.delay_us_max);
  return delay + JitterUs(policy.jitter_us_max, workflow, task);
}

void ScheduleRetry(TaskNumber number, DurationUs delay_us, Draft& draft) {
  const State& state = draft.state();
  const Task& failed = state.task(number);
  const Step& step = draft.StepAt(failed.step);
  if (const std::string limit = GrowthLimit(state); !limit.empty()) {
    RaiseFault(FaultCause::kTaskFailed, absl::StrCat("retry step ", step.reference, ": ", limit),
               number, "", WorkflowStatus::kFailed, draft);
    return;
  }
  const StepRun& run = state.run(failed.run);
  TaskScheduled next;
  next.task = static_cast<TaskNumber>(state.tasks.size() + 1);
  next.run = failed.run;
  next.step = failed.step;
  next.iteration = failed.iteration;
  next.generation = run.generation;
  next.attempt = failed.attempt + 1;
  next.task_type = failed.task_type;
  next.reference = RunReference(state, run, step.reference);
  next.input = RetryInput(failed, step, draft);
  SetQueueTimes(step, delay_us, run.first_scheduled_at, draft.now(), next);
  const TaskNumber task = next.task;
  draft.Emit(std::move(next));
  OfferUnlessMistaken(task, draft);
}

void OnAttemptFailed(TaskNumber number, Draft& draft) {
  if (HoldsForPendingFault(number, draft)) return;
  // Paused: Apply has put the run among State::held.
  if (GoesForward(draft.state())) DecideFailure(number, draft);
}

void DecideFailure(TaskNumber number, Draft& draft) {
  const State& state = draft.state();
  const Task& task = state.task(number);
  const Step& step = draft.StepAt(task.step);
  if (EndsWorkflow(task, step)) {
    RaiseFault(FaultCause::kTaskTimedOut, task.reason, number, "", WorkflowStatus::kTimedOut,
               draft);
    return;
  }
  if (!MayRetry(task, step, state)) return GiveUp(number, false, draft);
  if (OutOfTime(state.run(task.run), step, draft.now())) return GiveUp(number, true, draft);
  const std::int32_t made = AttemptsMade(task, state);
  ScheduleRetry(number, BackoffUs(step.task.retry, made, state.id, number), draft);
}

}  // namespace skald::core
