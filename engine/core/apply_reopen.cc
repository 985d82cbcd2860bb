// An ended workflow goes on: the state becomes what it would be if nothing that is to be done again
// had been done yet. The events that follow schedule what is missing.
#include <algorithm>
#include <set>

#include "engine/core/apply_handlers.h"
#include "engine/core/apply_loop.h"
#include "engine/core/construct.h"
#include "engine/core/joins.h"
#include "engine/core/reopen_rules.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

void DropAll(State& state) {
  const auto all = [](const auto&) { return true; };
  state.tasks.Release(1, static_cast<TaskNumber>(state.tasks.size()), all);
  state.runs.Release(1, static_cast<RunNumber>(state.runs.size()), all);
  state.added = AddedSteps();
  state.loops.clear();
}

void Drop(const std::vector<RunNumber>& runs, State& state) {
  if (runs.empty()) return;
  const std::set<RunNumber> dropped(runs.begin(), runs.end());
  state.tasks.Release(1, static_cast<TaskNumber>(state.tasks.size()),
                      [&](const Task& task) { return dropped.contains(task.run); });
  state.runs.Release(1, static_cast<RunNumber>(state.runs.size()),
                     [&](const StepRun& run) { return dropped.contains(run.number); });
  for (StepRun& run : state.runs) {
    std::erase_if(run.before, [&](RunNumber after) { return dropped.contains(after); });
    std::erase_if(run.after, [&](RunNumber before) { return dropped.contains(before); });
  }
  for (const RunNumber run : runs) state.loops.erase(run);
}

void FindLatest(const Definition& definition, State& state) {
  state.latest.clear();
  for (const StepRun& run : state.runs) {
    const StepIndex instead_of = StepOf(definition, state, run.step).instead_of;
    for (const StepIndex place : {run.step, instead_of}) {
      if (place == kNoStep) continue;
      if (state.latest.size() <= place) state.latest.resize(place + 1, 0);
      state.latest[place] = run.number;
    }
  }
}

void OpenAgain(RunNumber number, State& state) {
  StepRun& run = state.runs.at(number);
  run.closed = false;
  const bool evaluates = state.has_task(run.operation_task) &&
                         state.task(run.operation_task).operation == Operation::kEvaluate;
  if (!evaluates) run.operation_task = 0;
  state.open.insert(number);
}

void Retry(const ApplyContext& context, RunNumber number, State& state) {
  OpenAgain(number, state);
  StepRun& run = state.runs.at(number);
  run.attempts_before = run.attempts;
  run.first_scheduled_at = context.at;
}

void ResumeChild(const ApplyContext& context, bool asked, Task& task, State& state) {
  const Step& step = StepOf(context.definition, state, task.step);
  state.child_tasks.insert(task.number);
  task.resumed_seq = asked ? context.seq : 0;
  task.cancel_requested = false;
  task.child_ended = false;
  task.child_parked = false;
  task.attempt_timeout_at = 0;
  task.attempt_timeout_at = AttemptTimeoutAt(step, task, context.at);
  if (task.attempt_timeout_at == 0) return;
  state.timers.insert(
      {.due_at = task.attempt_timeout_at, .kind = TimerKind::kAttemptTimeout, .task = task.number});
}

void Resume(const ApplyContext& context, const WorkflowReopened& body, RunNumber number,
            State& state) {
  OpenAgain(number, state);
  StepRun& run = state.runs.at(number);
  // The ends of its body are not what it begins after.
  std::erase_if(run.after, [&](RunNumber before) {
    if (!state.has_run(before) || state.run(before).loop != number) return false;
    std::erase(state.runs.at(before).before, number);
    return true;
  });
  Task& task = state.tasks.at(run.task);
  // What this attempt did is told by its next end.
  if (task.effect == Effect::kApplied) --run.attempts_applied;
  if (task.effect == Effect::kUnknown) --run.attempts_unknown;
  task.status = TaskStatus::kInProgress;
  task.ended_at = 0;
  task.effect = Effect::kUnset;
  task.timeout = Timeout::kNone;
  task.reason.clear();
  task.output = Payload();
  if (!task.child.is_nil()) {
    ResumeChild(context, run.task != body.task, task, state);
    if (run.task == body.task) task.child_reopened = body.child_reopened;
  }
}

// What a step that is open again led to before must not begin a second time.
void NoteLedOn(const Definition& definition, RunNumber number, State& state) {
  StepRun& run = state.runs.at(number);
  run.closed = true;
  const std::vector<StepIndex> followers = FollowersOf(definition, state, run);
  run.led_on = !IsCurrent(state, run) ||
               std::any_of(followers.begin(), followers.end(),
                           [&](StepIndex step) { return !IsMissing(state, run, step); });
  run.closed = false;
}

void CountBranches(const Definition& definition, State& state) {
  for (const StepRun& run : state.runs) {
    const Step& step = StepOf(definition, state, run.step);
    if (step.type != StepType::kForkJoinDynamic || !IsCurrent(state, run)) continue;
    if (state.LatestRun(run.step) != run.number || step.next == kNoStep) continue;
    const RunNumber join = state.LatestRun(step.next);
    if (join > run.number && state.run(join).closed) continue;
    const std::uint32_t open = OpenBranches(definition, state, run);
    const StepList* made = state.added.NewestOf(run.step);
    if (made != nullptr && !made->heads.empty()) state.branches_open[run.number] = open;
  }
}

void CountJoins(const ApplyContext& context, State& state) {
  for (const RunNumber number : state.open) {
    const StepRun& run = state.run(number);
    const Step& step = StepOf(context.definition, state, run.step);
    if (!IsJoin(step.type)) continue;
    std::uint32_t open = CountOpenJoined(context, step, run, state);
    if (step.type == StepType::kExclusiveJoin && open == 0) {
      const TaskNumber chosen = ExclusiveChoice(context.definition, state, run);
      if (state.open.contains(state.task(chosen).run)) open = 1;
    }
    state.join_remaining[number] = open;
  }
}

void BeginAgain(const ApplyContext& context, const WorkflowReopened& body, State& state) {
  state.status = WorkflowStatus::kRunning;
  state.generation = body.generation;
  state.ended_at = 0;
  state.reason.clear();
  state.output = Payload();
  state.failure_workflow = WorkflowId();
  state.failure_workflow_name.clear();
  state.failure_workflow_refused = false;
  state.failure_status = WorkflowStatus::kFailed;
  state.failure_task = 0;
  state.awaits_turn = false;
  if (body.asked == 0) state.reopened_seq = context.seq;
  state.reopened_asked = std::max(state.reopened_asked, body.asked);
  if (!body.input.empty()) state.start.input = body.input;
  if (!body.correlation_id.empty()) state.start.correlation_id = body.correlation_id;
  if (body.definition_id != 0) {
    state.start.definition_id = body.definition_id;
    state.start.version = body.version;
  }
  state.timeout_at = body.timeout_at;
  if (body.timeout_at != 0) {
    state.timers.insert(
        {.due_at = body.timeout_at, .kind = TimerKind::kWorkflowTimeout, .task = 0});
  }
}

}  // namespace

void ApplyWorkflow(const ApplyContext& context, const WorkflowReopened& body, State& state) {
  BeginAgain(context, body, state);
  if (body.anew) {
    DropAll(state);
    state.latest.clear();
    state.skips.clear();
    state.variables = context.definition.variables;
    return;
  }
  Drop(body.dropped, state);
  FindLatest(context.definition, state);
  std::vector<RunNumber> done;
  for (const RunNumber run : body.retried) {
    if (state.run(run).closed) done.push_back(run);
    Retry(context, run, state);
  }
  for (const RunNumber run : body.resumed) Resume(context, body, run, state);
  for (const ReopenedLoop& loop : body.loops) ReopenLoop(context.definition, loop, state);
  for (const RunNumber run : done) NoteLedOn(context.definition, run, state);
  CountBranches(context.definition, state);
  CountJoins(context, state);
}

}  // namespace skald::core
