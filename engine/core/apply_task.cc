#include <algorithm>
#include <set>
#include <vector>

#include "engine/core/apply_handlers.h"
#include "engine/core/apply_loop.h"
#include "engine/core/construct.h"
#include "engine/core/joins.h"

namespace skald::core {
namespace {

Task& TaskOf(TaskNumber number, State& state) { return state.tasks.at(number); }
StepRun& RunOf(RunNumber number, State& state) { return state.runs.at(number); }

void AddTimer(TimeUs due_at, TimerKind kind, TaskNumber task, State& state) {
  if (due_at != 0) state.timers.insert({.due_at = due_at, .kind = kind, .task = task});
}

void DropTimer(TimeUs due_at, TimerKind kind, TaskNumber task, State& state) {
  if (due_at != 0) state.timers.erase({.due_at = due_at, .kind = kind, .task = task});
}

void DropTimers(const Task& task, State& state) {
  DropTimer(task.available_at, TimerKind::kTaskAvailable, task.number, state);
  DropTimer(task.available_at, TimerKind::kWait, task.number, state);
  DropTimer(task.poll_timeout_at, TimerKind::kPollTimeout, task.number, state);
  DropTimer(task.attempt_timeout_at, TimerKind::kAttemptTimeout, task.number, state);
  DropTimer(task.total_timeout_at, TimerKind::kTotalTimeout, task.number, state);
}

// A worker task begins to wait for a worker, or for the moment from which it may be given to one.
void Enqueue(TimeUs at, Task& task, State& state) {
  task.status = TaskStatus::kScheduled;
  task.released = task.available_at <= at;
  if (!task.released) {
    AddTimer(task.available_at, TimerKind::kTaskAvailable, task.number, state);
  }
  AddTimer(task.poll_timeout_at, TimerKind::kPollTimeout, task.number, state);
}

}  // namespace

std::uint32_t CountOpenJoined(const ApplyContext& context, const Step& step, const StepRun& join,
                              const State& state) {
  if (step.type == StepType::kExclusiveJoin) {
    return ExclusiveChoice(context.definition, state, join) == 0 ? 1 : 0;
  }
  if (step.joins_fork != kNoStep) {
    const auto branches = state.branches_open.find(state.LatestRun(step.joins_fork));
    return branches == state.branches_open.end() ? 0 : branches->second;
  }
  return static_cast<std::uint32_t>(
      std::count_if(step.join_on.begin(), step.join_on.end(), [&](StepIndex joined) {
        const RunNumber run = JoinedRun(context.definition, state, join, joined);
        return run == 0 || !state.run(run).closed;
      }));
}

namespace {

// A run of a loop's current iteration: the iteration is not over, and its last runs are others now.
void OpenInLoop(const StepRun& run, State& state) {
  Loop& loop = state.loops.at(run.loop);
  ++loop.open;
  state.loops_due.erase(run.loop);
  for (const RunNumber before : run.after) loop.tails.erase(before);
  loop.tails.insert(run.number);
}

// Only undoing asks which runs follow a run. Without a saga the runs of a loop are not noted, so
// that a step before it does not gather one for each iteration.
bool KeepsEdges(const ApplyContext& context, const StepRun& run, const State& state) {
  return MayBeUndone(context.definition, state) || run.loop == 0;
}

void OpenRun(const ApplyContext& context, const TaskScheduled& body, State& state) {
  StepRun& run = state.runs.emplace_back();
  run.step = body.step;
  run.iteration = body.iteration;
  run.generation = body.generation;
  run.first_scheduled_at = context.at;
  run.after = body.after;
  const StepIndex loop = LoopAround(context.definition, state, body.step);
  if (loop != kNoStep) run.loop = state.LatestRun(loop);
  if (KeepsEdges(context, run, state)) {
    for (const RunNumber before : body.after) RunOf(before, state).before.push_back(body.run);
  }
  if (state.latest.size() <= body.step) state.latest.resize(body.step + 1, 0);
  state.latest[body.step] = body.run;
  state.open.insert(state.open.end(), body.run);
  const Step& step = StepOf(context.definition, state, body.step);
  if (step.instead_of != kNoStep) {
    if (state.latest.size() <= step.instead_of) state.latest.resize(step.instead_of + 1, 0);
    state.latest[step.instead_of] = body.run;
  }
  if (run.loop != 0) OpenInLoop(run, state);
  if (step.type == StepType::kDoWhile) state.loops[body.run].run = body.run;
  if (IsJoin(step.type)) {
    state.join_remaining[body.run] = CountOpenJoined(context, step, run, state);
  }
  if (step.type != StepType::kForkJoinDynamic) return;
  const StepList* made = state.added.NewestOf(step.index);
  if (made != nullptr && !made->heads.empty()) {
    state.branches_open[body.run] = static_cast<std::uint32_t>(made->heads.size());
  }
}

// Each as a cause of the end of `after`. A JOIN may have thousands of them, so that each costs a
// look into a set; 0 is none.
void AddEdges(const std::vector<RunNumber>& before, RunNumber after, bool both_ways, State& state) {
  std::vector<RunNumber>& known = RunOf(after, state).after;
  std::set<RunNumber> seen(known.begin(), known.end());
  for (const RunNumber number : before) {
    if (number == 0 || !seen.insert(number).second) continue;
    known.push_back(number);
    if (both_ways) RunOf(number, state).before.push_back(after);
  }
}

// The ends of the joined runs were preconditions of the end of their JOIN (saga.md 2.7).
void AddJoinEdges(const ApplyContext& context, const Step& join, RunNumber number, State& state) {
  const StepRun& run = state.run(number);
  const bool both_ways = KeepsEdges(context, run, state);
  std::vector<RunNumber> joined;
  if (join.type == StepType::kExclusiveJoin) {
    const TaskNumber task = ExclusiveChoice(context.definition, state, run);
    if (task != 0) joined.push_back(state.task(task).run);
  } else {
    for (const StepIndex step : JoinedSteps(context.definition, state, join)) {
      joined.push_back(JoinedRun(context.definition, state, run, step));
    }
  }
  AddEdges(joined, number, both_ways, state);
}

// One of those that an open JOIN waits for has ended.
void CountDown(const ApplyContext& context, const Step& join, State& state) {
  const RunNumber run = state.LatestRun(join.index);
  const auto remaining = state.join_remaining.find(run);
  if (remaining == state.join_remaining.end() || remaining->second == 0) return;
  if (join.type != StepType::kExclusiveJoin ||
      ExclusiveChoice(context.definition, state, state.run(run)) != 0) {
    --remaining->second;
  }
}

void EndBranch(const ApplyContext& context, StepIndex fork, State& state) {
  const auto branches = state.branches_open.find(state.LatestRun(fork));
  if (branches == state.branches_open.end() || branches->second == 0) return;
  --branches->second;
  const StepIndex join = StepOf(context.definition, state, fork).next;
  CountDown(context, StepOf(context.definition, state, join), state);
}

// Not of an iteration that is over: a step of one that a person had retried alone.
bool IsOfCurrentIteration(const StepRun& run, const State& state) {
  if (run.loop == 0) return true;
  const auto loop = state.loops.find(run.loop);
  return loop != state.loops.end() && run.number >= loop->second.first_run;
}

void CloseRun(const ApplyContext& context, RunNumber number, State& state) {
  StepRun& run = RunOf(number, state);
  if (run.closed) return;
  run.closed = true;
  state.open.erase(number);
  if (!IsOfCurrentIteration(run, state)) return;
  const Step& step = StepOf(context.definition, state, run.step);
  for (const StepIndex join : step.joined_by) {
    CountDown(context, StepOf(context.definition, state, join), state);
  }
  const StepIndex fork = ForkEndedBy(context.definition, state, run);
  if (fork != kNoStep) EndBranch(context, fork, state);
  if (const auto loop = state.loops.find(run.loop); loop != state.loops.end()) {
    if (--loop->second.open == 0) state.loops_due.insert(run.loop);
  }
  if (step.type == StepType::kDoWhile) {
    if (MayBeUndone(context.definition, state)) {
      const std::set<RunNumber>& tails = state.loops.at(number).tails;
      AddEdges({tails.begin(), tails.end()}, number, true, state);
    }
    CloseLoop(context.definition, number, state);
  }
  if (!IsJoin(step.type)) return;
  state.join_remaining.erase(number);
  if (step.joins_fork != kNoStep) state.branches_open.erase(state.LatestRun(step.joins_fork));
  AddJoinEdges(context, step, number, state);
}

// An attempt is over. What it means is decided at resume when the workflow is paused now.
void EndTask(const ApplyContext& context, TaskStatus status, Task& task, State& state) {
  const bool worker = IsWorkerTask(context.definition, state, task);
  if (worker && !IsTerminal(task.status) && !task.awaits_update) --state.live_tasks;
  state.child_tasks.erase(task.number);
  DropTimers(task, state);
  task.awaits_update = false;
  task.status = status;
  task.released = false;
  task.ended_at = context.at;
  if (task.operation == Operation::kEvaluate && state.loops.contains(task.run)) {
    state.loops_due.insert(task.run);
  }
  // A loop that failed has nothing left to decide.
  if (task.operation == Operation::kAction) state.loops_due.erase(task.run);
  if (task.operation != Operation::kAction || state.fault.active) return;
  if (state.status == WorkflowStatus::kPaused) state.held.push_back(task.run);
}

}  // namespace

void ApplyTask(const ApplyContext& context, const TaskScheduled& body, State& state) {
  const Step& step = StepOf(context.definition, state, body.step);
  Task& task = state.tasks.emplace_back();
  task.run = body.run;
  task.step = body.step;
  task.operation = body.operation;
  task.iteration = body.iteration;
  task.attempt = body.attempt;
  task.scheduled_at = context.at;
  task.available_at = body.available_at;
  task.poll_timeout_at = body.poll_timeout_at;
  task.total_timeout_at = body.total_timeout_at;
  task.task_type = body.task_type;
  task.input = body.input;
  AddTimer(body.total_timeout_at, TimerKind::kTotalTimeout, body.task, state);
  if (IsWorkerTask(step, body.operation)) {
    Enqueue(context.at, task, state);
    ++state.live_tasks;
  } else if (IsChildTask(step, body.operation)) {
    Enqueue(context.at, task, state);
    state.child_tasks.insert(body.task);
  } else {
    task.status = TaskStatus::kInProgress;
    task.started_at = context.at;
    if (step.type == StepType::kWait) {
      AddTimer(body.available_at, TimerKind::kWait, body.task, state);
    }
  }
  if (body.operation == Operation::kEvaluate) BeginEvaluation(context.definition, body.run, state);
  if (body.operation != Operation::kAction) return;
  if (body.run > state.runs.size()) OpenRun(context, body, state);
  RunOf(body.run, state).task = body.task;
  RunOf(body.run, state).attempts = body.attempt;
}

void ApplyTask(const ApplyContext&, const TaskReleased& body, State& state) {
  Task& task = TaskOf(body.task, state);
  DropTimer(task.available_at, TimerKind::kTaskAvailable, task.number, state);
  task.released = true;
}

void ApplyTask(const ApplyContext& context, const TaskStarted& body, State& state) {
  Task& task = TaskOf(body.task, state);
  DropTimer(task.available_at, TimerKind::kTaskAvailable, task.number, state);
  DropTimer(task.poll_timeout_at, TimerKind::kPollTimeout, task.number, state);
  DropTimer(task.attempt_timeout_at, TimerKind::kAttemptTimeout, task.number, state);
  task.status = TaskStatus::kInProgress;
  task.released = false;
  task.fence = context.seq;
  ++task.start_count;
  if (task.started_at == 0) task.started_at = context.at;
  task.worker = body.worker;
  task.incarnation = body.incarnation;
  task.domain = body.domain;
  task.barrier = body.barrier;
  task.not_after = body.not_after;
  task.child = body.child;
  task.attempt_timeout_at = body.attempt_timeout_at;
  AddTimer(body.attempt_timeout_at, TimerKind::kAttemptTimeout, task.number, state);
}

// The attempt's own timeout runs on; the one for waiting in the queue starts anew.
void ApplyTask(const ApplyContext& context, const TaskRequeued& body, State& state) {
  Task& task = TaskOf(body.task, state);
  const Step& step = StepOf(context.definition, state, task.step);
  // Those of a task that nobody had taken.
  DropTimer(task.available_at, TimerKind::kTaskAvailable, task.number, state);
  DropTimer(task.poll_timeout_at, TimerKind::kPollTimeout, task.number, state);
  task.available_at = body.available_at;
  if (task.poll_timeout_at != 0) {
    task.poll_timeout_at = std::max(body.available_at, context.at) + step.task.poll_timeout_us;
  }
  Enqueue(context.at, task, state);
}

void ApplyTask(const ApplyContext& context, const TaskHandedOver& body, State& state) {
  Task& task = TaskOf(body.task, state);
  if (IsWorkerTask(context.definition, state, task)) --state.live_tasks;
  DropTimer(task.available_at, TimerKind::kTaskAvailable, task.number, state);
  DropTimer(task.poll_timeout_at, TimerKind::kPollTimeout, task.number, state);
  task.status = TaskStatus::kInProgress;
  task.released = false;
  task.awaits_update = true;
  task.output = body.output;
}

void ApplyTask(const ApplyContext&, const TaskUpdated& body, State& state) {
  TaskOf(body.task, state).updated = true;
}

void ApplyTask(const ApplyContext&, const TaskProgressed& body, State& state) {
  TaskOf(body.task, state).output = body.output;
}

void ApplyTask(const ApplyContext& context, const TaskCompleted& body, State& state) {
  Task& task = TaskOf(body.task, state);
  EndTask(context, TaskStatus::kCompleted, task, state);
  task.output = body.output;
  if (!body.input.empty()) task.input = body.input;
  task.verdict = body.verdict;
  task.trace = body.trace;
  task.effect = task.operation == Operation::kProbe ? body.effect : Effect::kApplied;
  if (task.operation == Operation::kAction) CloseRun(context, task.run, state);
}

void ApplyTask(const ApplyContext& context, const TaskFailed& body, State& state) {
  Task& task = TaskOf(body.task, state);
  EndTask(context, body.terminal ? TaskStatus::kFailedWithTerminalError : TaskStatus::kFailed, task,
          state);
  task.output = body.output;
  task.reason = body.reason;
  task.verdict = body.verdict;
  task.trace = body.trace;
  task.effect = body.effect;
}

void ApplyTask(const ApplyContext& context, const TaskTimedOut& body, State& state) {
  Task& task = TaskOf(body.task, state);
  EndTask(context, TaskStatus::kTimedOut, task, state);
  task.timeout = body.timeout;
  task.child_ended = body.by_child;
  task.reason = body.reason;
  task.effect = body.effect;
}

void ApplyTask(const ApplyContext&, const TaskCancelRequested& body, State& state) {
  Task& task = TaskOf(body.task, state);
  task.cancel_requested = true;
  if (body.timeout == Timeout::kNone) return;
  DropTimers(task, state);
  task.timeout = body.timeout;
  task.reason = body.reason;
}

void ApplyTask(const ApplyContext&, const ChildParked& body, State& state) {
  TaskOf(body.task, state).child_parked = true;
}

void ApplyTask(const ApplyContext&, const ChildResumed& body, State& state) {
  Task& task = TaskOf(body.task, state);
  task.child_parked = false;
  task.child_reopened = std::max(task.child_reopened, body.reopened);
}

void ApplyTask(const ApplyContext& context, const TaskCanceled& body, State& state) {
  Task& task = TaskOf(body.task, state);
  EndTask(context, TaskStatus::kCanceled, task, state);
  if (!body.output.empty()) task.output = body.output;
  task.child_ended = body.by_child;
  task.reason = body.reason;
  task.trace = body.trace;
  task.effect = body.effect;
}

void ApplyTask(const ApplyContext& context, const TaskSkipped& body, State& state) {
  Task& task = TaskOf(body.task, state);
  EndTask(context, TaskStatus::kSkipped, task, state);
  task.output = body.output;
  task.effect = Effect::kNone;
  std::erase_if(state.skips, [&](const Skip& skip) { return skip.step == task.step; });
  CloseRun(context, task.run, state);
}

void ApplyTask(const ApplyContext& context, const TaskFailureAccepted& body, State& state) {
  Task& task = TaskOf(body.task, state);
  if (body.permissive) {
    state.permitted.push_back(task.run);
  } else {
    task.status = TaskStatus::kCompletedWithErrors;
  }
  CloseRun(context, task.run, state);
}

void ApplyTask(const ApplyContext&, const LateResult& body, State& state) {
  Task& task = TaskOf(body.task, state);
  task.late_fence = std::max(task.late_fence, body.fence);
}

void ApplyTask(const ApplyContext&, const StepSettled& body, State& state) {
  const RunNumber run = body.run;
  if (!body.output.empty()) TaskOf(RunOf(run, state).task, state).output = body.output;
}

}  // namespace skald::core
