#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/joins.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/state_scope.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

void AddRead(StepIndex read, const State& state, std::vector<RunNumber>& after) {
  const RunNumber run = state.LatestRun(read);
  if (run == 0 || !state.run(run).closed) return;
  if (std::find(after.begin(), after.end(), run) == after.end()) after.push_back(run);
}

// Data edges (saga.md 2.7): the runs whose output the input reads.
void AddReads(const Step& step, const State& state, std::vector<RunNumber>& after) {
  for (const StepIndex read : step.reads) AddRead(read, state, after);
  if (state.added.empty()) return;
  for (const std::string& root : step.input.roots()) {
    const StepIndex made = state.added.Find(root);
    if (made != kNoStep) AddRead(made, state, after);
  }
}

void Refuse(const Step& step, absl::string_view why, Draft& draft) {
  RaiseFault(FaultCause::kTaskFailed, absl::StrCat("schedule step ", step.reference, ": ", why), 0,
             "", WorkflowStatus::kFailed, draft);
}

void CarryOut(StepIndex index, std::vector<RunNumber> after, Draft& draft) {
  const Step& step = draft.StepAt(index);
  if (const std::string limit = GrowthLimit(draft.state()); !limit.empty()) {
    return Refuse(step, limit, draft);
  }
  TaskScheduled task = FirstAttempt(step, std::move(after), draft);
  if (std::optional<Payload> given = draft.TakeGivenInput(index); given.has_value()) {
    task.input = *std::move(given);
  } else {
    absl::StatusOr<Payload> input = EvaluateInput(step, task.task, draft);
    if (!input.ok()) return Refuse(step, input.status().message(), draft);
    task.input = *std::move(input);
  }
  if (task.input.size() > kPayloadBytesCeiling) {
    return Refuse(step,
                  absl::StrCat("input of ", task.input.size(), " bytes, more than ",
                               FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling)),
                  draft);
  }
  if (draft.state().FindSkip(index) != nullptr) return StepOver(index, std::move(task), draft);
  CarryOutTask(step, std::move(task), draft);
}

bool LoopsAreDue(const State& state) { return GoesForward(state) && !state.loops_due.empty(); }

bool MayCarryOut(const State& state) { return !IsTerminal(state.status) && !state.fault.active; }

}  // namespace

void CarryOutTask(const Step& step, TaskScheduled task, Draft& draft) {
  switch (step.type) {
    case StepType::kSimple:
    case StepType::kInline:
    case StepType::kLambda:
    case StepType::kJqTransform:
    case StepType::kHttp:
    case StepType::kGrpc:
    case StepType::kUpdateTask:
    case StepType::kGetWorkflow:
      return CarryOutQueued(step, std::move(task), draft);
    case StepType::kDynamic:
    case StepType::kForkJoinDynamic:
      return RequestSteps(step, std::move(task), draft);
    case StepType::kSwitch:
    case StepType::kDecision:
      return CarryOutChoice(step, std::move(task), draft);
    case StepType::kForkJoin:
      return CarryOutFork(step, std::move(task), draft);
    case StepType::kJoin:
    case StepType::kExclusiveJoin:
      return CarryOutJoin(step, std::move(task), draft);
    case StepType::kSetVariable:
      return CarryOutSetVariable(step, std::move(task), draft);
    case StepType::kTerminate:
      return CarryOutTerminate(step, std::move(task), draft);
    case StepType::kWait:
      return CarryOutWait(step, std::move(task), draft);
    case StepType::kNoop:
      return CarryOutNoop(std::move(task), draft);
    case StepType::kHuman:
      return CarryOutHuman(std::move(task), draft);
    case StepType::kEvent:
      return CarryOutEvent(step, std::move(task), draft);
    case StepType::kDoWhile:
      return CarryOutLoop(step, std::move(task), draft);
    case StepType::kSubWorkflow:
      return CarryOutSubWorkflow(step, std::move(task), draft);
    case StepType::kStartWorkflow:
      return CarryOutStartWorkflow(step, std::move(task), draft);
    case StepType::kPullMessages:
      return CarryOutPull(std::move(task), draft);
  }
}

PlanScope::PlanScope(Draft& draft) : draft_(draft), outermost_(!draft.carrying_out_plan()) {
  draft_.set_carrying_out_plan(true);
}

// A queue instead of recursion: a definition may chain thousands of server-side steps.
PlanScope::~PlanScope() {
  if (!outermost_) return;
  do {
    while (MayCarryOut(draft_.state())) {
      std::optional<Draft::Planned> next = draft_.NextPlanned();
      if (!next.has_value()) break;
      CarryOut(next->step, std::move(next->after), draft_);
    }
    draft_.DropPlan();
    // Loops of steps that end at once go on in the next decision: State::NextDueAt.
    if (draft_.event_count() > kEventsPerDecisionMax) break;
    if (LoopsAreDue(draft_.state())) AdvanceLoops(draft_);
  } while (draft_.has_plan() || LoopsAreDue(draft_.state()));
  draft_.set_carrying_out_plan(false);
  for (const auto& work : draft_.TakeAfterwards()) {
    if (!IsTerminal(draft_.state().status)) work(draft_);
  }
}

void ScheduleStep(StepIndex step, std::vector<RunNumber> after, Draft& draft) {
  const PlanScope plan(draft);
  draft.Plan({step, std::move(after)});
}

void ScheduleInPlace(StepIndex step, std::vector<RunNumber> after, Draft& draft) {
  const PlanScope plan(draft);
  draft.PlanInPlace({step, std::move(after)});
}

void ScheduleFollowing(RunNumber run, Draft& draft) {
  StepIndex at = draft.state().run(run).step;
  const Task& task = draft.state().task(draft.state().run(run).task);
  if (IsChoice(draft.StepAt(at).type) && task.status != TaskStatus::kSkipped) {
    const Branch* chosen = ChosenBranch(draft.StepAt(at), task.output);
    if (chosen != nullptr) return ScheduleInPlace(chosen->steps.front(), {run}, draft);
  }
  while (draft.StepAt(at).next == kNoStep) {
    at = draft.StepAt(at).parent;
    // The end of a branch leads nowhere: the JOIN behind the fork waits for it.
    if (at == kNoStep || !IsChoice(draft.StepAt(at).type)) return;
  }
  ScheduleStep(draft.StepAt(at).next, {run}, draft);
}

void Advance(RunNumber run, Draft& draft) {
  if (GoesForward(draft.state())) AdvanceNow(run, draft);
}

void AdvanceJoins(RunNumber run, Draft& draft) {
  const State& state = draft.state();
  for (const StepIndex join : JoinsOf(draft.definition(), state, state.run(run))) {
    const RunNumber join_run = state.LatestRun(join);
    const auto remaining = state.join_remaining.find(join_run);
    if (remaining == state.join_remaining.end() || remaining->second > 0) continue;
    CompleteJoin(join_run, draft);
  }
}

void AdvanceNow(RunNumber run, Draft& draft) {
  const PlanScope plan(draft);
  AdvanceJoins(run, draft);
  if (!draft.state().run(run).led_on) ScheduleFollowing(run, draft);
}

void ReleaseHeld(const std::vector<RunNumber>& held, Draft& draft) {
  const PlanScope plan(draft);
  for (const RunNumber run : held) {
    if (!MayCarryOut(draft.state())) return;
    const TaskNumber task = draft.state().run(run).task;
    if (draft.state().run(run).closed) {
      AdvanceNow(run, draft);
    } else if (!HoldsForPendingFault(task, draft)) {
      DecideFailure(task, draft);
    }
  }
  if (MayCarryOut(draft.state())) ResumeRequests(draft);
}

TaskScheduled FirstAttempt(const Step& step, std::vector<RunNumber> after, const Draft& draft) {
  const State& state = draft.state();
  TaskScheduled task;
  task.task = static_cast<TaskNumber>(state.tasks.size() + 1);
  task.run = static_cast<RunNumber>(state.runs.size() + 1);
  task.step = step.index;
  task.generation = state.generation;
  task.task_type = TaskTypeOf(step);
  task.reference = step.reference;
  if (const StepIndex loop = LoopAround(draft.definition(), state, step.index); loop != kNoStep) {
    StepRun run;
    run.loop = state.LatestRun(loop);
    run.iteration = task.iteration = state.loops.at(run.loop).iteration;
    task.reference = RunReference(state, run, step.reference);
  }
  AddReads(step, state, after);
  task.after = std::move(after);
  return task;
}

absl::StatusOr<Payload> EvaluateInput(const Step& step, TaskNumber task, const Draft& draft) {
  StateScope scope(draft.definition(), draft.state(), step.reads);
  scope.set_own_task(task);
  ASSIGN_OR_RETURN(std::string input, step.input.TryEvaluate(scope));
  if (!step.given_input.empty()) input = OverlayMembers(input, step.given_input.text());
  if (step.task.input_template.empty()) return Payload(std::move(input));
  return Payload(MergeDefaults(input, step.task.input_template.text()));
}

void SetQueueTimes(const Step& step, DurationUs delay_us, TimeUs first_scheduled_at, TimeUs now,
                   TaskScheduled& task) {
  if (delay_us > 0) task.available_at = now + delay_us;
  if (step.task.timeout_policy == TimeoutPolicy::kAlertOnly) return;
  if (step.task.poll_timeout_us > 0) {
    task.poll_timeout_at = std::max(now, task.available_at) + step.task.poll_timeout_us;
  }
  // A person's retry after the total time gets an attempt without that bound.
  const TimeUs total_timeout_at = first_scheduled_at + step.task.total_timeout_us;
  if (step.task.total_timeout_us > 0 && total_timeout_at > now) {
    task.total_timeout_at = total_timeout_at;
  }
}

}  // namespace skald::core
