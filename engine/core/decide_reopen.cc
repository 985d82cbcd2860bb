// Restart, retry and rerun of workflows that have ended (conductor.md 3.11), also because a
// sub-workflow was (ReopenForChild). Each is one event, which says of every run what becomes of it
// (WorkflowReopened); the plan then schedules what should be there and is not.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/core/reopen_rules.h"
#include "engine/core/saga_rules.h"
#include "engine/core/schema_rules.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

constexpr char kEngine[] = "engine";
constexpr char kNothingToRetry[] =
    "There are no retryable tasks! Use restart if you want to attempt entire workflow execution "
    "again.";

absl::Status Refused(std::string_view verb, const State& state, const std::string& why) {
  return absl::FailedPreconditionError(
      absl::StrCat(std::string(verb), " workflow ", state.id.ToString(), ": ", why));
}

absl::Status NotEnded(std::string_view verb, const State& state) {
  return absl::FailedPreconditionError(absl::StrCat("Workflow: ", state.id.ToString(),
                                                    " is not in terminal state, unable to ",
                                                    std::string(verb), "."));
}

absl::Status CheckRoom(std::string_view verb, const State& state) {
  const std::string limit = GrowthLimit(state);
  if (limit.empty()) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(std::string(verb), " workflow ", state.id.ToString(), ": ", limit));
}

bool AnyUndoScheduled(const State& state) {
  return std::any_of(state.tasks.begin(), state.tasks.end(),
                     [](const Task& task) { return task.operation == Operation::kCompensate; });
}

// saga.md 2.15: going on forward would build upon what was undone, or given up.
absl::Status CheckSaga(std::string_view verb, const Draft& draft) {
  const State& state = draft.state();
  if (!IsSaga(draft.definition(), state)) return absl::OkStatus();
  const SagaStatus saga = state.saga_status;
  const bool clean = saga == SagaStatus::kCompleted || saga == SagaStatus::kFailedClean;
  if (clean && !AnyUndoScheduled(state)) return absl::OkStatus();
  return Refused(
      verb, state,
      absl::StrCat("its saga ended ", std::string(Name(saga)), ": only a restart begins it again"));
}

bool HasFailed(const Task& task) { return IsTerminal(task.status) && !IsSuccessful(task.status); }

bool GoesOnInPlace(const Step& step) {
  return IsJoin(step.type) || step.type == StepType::kDoWhile;
}

// A sub-workflow that was there and can be retried itself.
bool HasChildToRetry(const Step& step, const Task& task) {
  return step.type == StepType::kSubWorkflow && !task.child.is_nil();
}

// What becomes of the runs that are not dropped, and did not succeed.
void SortRuns(bool resume_children, const Retraction& retraction, const Draft& draft,
              WorkflowReopened& reopened) {
  for (const StepRun& run : draft.state().runs) {
    if (retraction.dropped.contains(run.number)) continue;
    const Task& task = draft.state().task(run.task);
    const Step& step = draft.StepAt(run.step);
    const bool waits_for_child = reopened.kind == Reopening::kChild && reopened.task == run.task;
    const bool back_in_loop = retraction.loops.contains(run.number);
    if (run.closed && !HasFailed(task) && !waits_for_child && !back_in_loop) continue;
    const bool child = resume_children && HasChildToRetry(step, task);
    if (waits_for_child || back_in_loop || GoesOnInPlace(step) || child) {
      reopened.resumed.push_back(run.number);
    } else {
      reopened.retried.push_back(run.number);
    }
  }
}

void SayLoops(const Retraction& retraction, Draft& draft, WorkflowReopened& reopened) {
  const State& state = draft.state();
  for (const RunNumber number : reopened.resumed) {
    const Step& step = draft.StepAt(state.run(number).step);
    if (step.type != StepType::kDoWhile) continue;
    ReopenedLoop loop{.run = number};
    const auto open = state.loops.find(number);
    const auto back = retraction.loops.find(number);
    if (back != retraction.loops.end()) {
      loop.iteration = back->second;
    } else if (open != state.loops.end()) {
      loop.iteration = std::max(open->second.iteration, 1);
    }
    if (open == state.loops.end()) FillLoop(step, state.task(state.run(number).task), draft, loop);
    reopened.loops.push_back(std::move(loop));
  }
}

// A TERMINATE step that stays done has ended the workflow, whatever else goes on.
absl::Status CheckTerminate(std::string_view verb, const Retraction& retraction,
                            const Draft& draft) {
  for (const StepRun& run : draft.state().runs) {
    const Step& step = draft.StepAt(run.step);
    if (step.type != StepType::kTerminate || !run.closed) continue;
    if (draft.state().task(run.task).status != TaskStatus::kCompleted) continue;
    if (retraction.dropped.contains(run.number)) continue;
    return Refused(verb, draft.state(),
                   absl::StrCat("the TERMINATE step ", step.reference,
                                " has ended it: rerun it from a step before, or restart it"));
  }
  return absl::OkStatus();
}

// What a step did stands until it is undone: doing it again beside it is no rerun.
absl::Status CheckEffects(std::string_view verb, const Retraction& retraction, const Draft& draft) {
  if (!IsSaga(draft.definition(), draft.state())) return absl::OkStatus();
  for (const RunNumber number : retraction.dropped) {
    const StepRun& run = draft.state().run(number);
    if (!HadEffect(draft.definition(), draft.state(), run)) continue;
    return Refused(verb, draft.state(),
                   absl::StrCat("the effect of step ", draft.StepAt(run.step).reference,
                                " stands: undo it, or restart the workflow"));
  }
  return absl::OkStatus();
}

TimeUs TimeoutAt(const Definition& definition, TimeUs now) {
  return definition.timeout_us == 0 ? 0 : now + definition.timeout_us;
}

// Another attempt of what the decision carries out itself.
void CarryOutAgain(RunNumber number, Draft& draft) {
  const State& state = draft.state();
  const StepRun& run = state.run(number);
  const Step& step = draft.StepAt(run.step);
  TaskScheduled task;
  task.task = static_cast<TaskNumber>(state.tasks.size() + 1);
  task.run = number;
  task.step = run.step;
  task.iteration = run.iteration;
  task.generation = run.generation;
  task.attempt = run.attempts + 1;
  task.task_type = TaskTypeOf(step);
  task.reference = RunReference(state, run, step.reference);
  absl::StatusOr<Payload> input = EvaluateInput(step, task.task, draft);
  if (!input.ok()) {
    return RaiseFault(
        FaultCause::kTaskFailed,
        absl::StrCat("retry step ", step.reference, ": ", std::string(input.status().message())),
        run.task, "", WorkflowStatus::kFailed, draft);
  }
  task.input = *std::move(input);
  CarryOutTask(step, std::move(task), draft);
}

void Retry(RunNumber run, Draft& draft) {
  const TaskNumber task = draft.state().run(run).task;
  if (IsDoneElsewhere(draft.StepAt(draft.state().run(run).step), Operation::kAction)) {
    ScheduleRetry(task, 0, draft);
  } else {
    CarryOutAgain(run, draft);
  }
}

// The steps that should be there and are not.
std::vector<Draft::Planned> Missing(const Draft& draft) {
  const State& state = draft.state();
  std::vector<Draft::Planned> missing;
  const std::vector<StepIndex>& roots = draft.definition().roots;
  if (!roots.empty() && state.LatestRun(roots.front()) == 0) {
    missing.push_back({roots.front(), {}});
  }
  for (const StepRun& run : state.runs) {
    if (!run.closed || !IsCurrent(state, run)) continue;
    for (const StepIndex step : FollowersOf(draft.definition(), state, run)) {
      if (IsMissing(state, run, step)) missing.push_back({step, {run.number}});
    }
  }
  return missing;
}

// Loops whose iteration has not begun: the first step of its body follows the ends of the one
// before, or what the loop itself follows.
void PlanIterations(Draft& draft) {
  const State& state = draft.state();
  for (const auto& [number, loop] : state.loops) {
    const StepRun& run = state.run(number);
    const StepIndex head = draft.StepAt(run.step).branches.front().steps.front();
    if (state.LatestRun(head) >= loop.first_run) continue;
    std::set<RunNumber> after(run.after.begin(), run.after.end());
    if (loop.iteration > 1) {
      after.clear();
      for (const StepRun& inside : state.runs) {
        if (inside.loop != number || inside.iteration != loop.iteration - 1) continue;
        for (const RunNumber before : inside.after) after.erase(before);
        after.insert(inside.number);
      }
    }
    draft.Plan({head, {after.begin(), after.end()}});
  }
}

void AskChildren(const WorkflowReopened& reopened, EventSeq seq, Draft& draft) {
  for (const RunNumber run : reopened.resumed) {
    const Task& task = draft.state().task(draft.state().run(run).task);
    if (task.child.is_nil() || task.resumed_seq != seq) continue;
    draft.Ask(RetryChild{.task = task.number,
                         .child = task.child,
                         .asked = seq,
                         .actor = reopened.actor,
                         .reason = reopened.reason});
  }
}

// Carries the event out: what is retried, then what is missing.
void Reopen(WorkflowReopened reopened, Draft& draft) {
  const Definition* next = reopened.definition.get();
  reopened.timeout_at = TimeoutAt(next == nullptr ? draft.definition() : *next, draft.now());
  const WorkflowReopened decided = reopened;
  const PlanScope plan(draft);
  const EventSeq seq = draft.Emit(std::move(reopened));
  // What goes on in the middle does so at once (docs/dispatch.md).
  if (decided.anew && MaybeQueue(draft)) return;
  AskChildren(decided, seq, draft);
  for (const RunNumber run : decided.retried) Retry(run, draft);
  for (const RunNumber run : decided.resumed) {
    // A retried step that failed again at once may have ended its JOIN with it.
    if (IsTerminal(draft.state().task(draft.state().run(run).task).status)) continue;
    const auto joined = draft.state().join_remaining.find(run);
    if (joined != draft.state().join_remaining.end() && joined->second == 0) {
      CompleteJoin(run, draft);
    }
  }
  if (!GoesForward(draft.state())) return;
  for (Draft::Planned& missing : Missing(draft)) draft.Plan(std::move(missing));
  PlanIterations(draft);
}

bool IsObjectOrEmpty(const Payload& payload) {
  return payload.empty() || KindOf(TrimJson(payload.text())) == JsonKind::kObject;
}

absl::StatusOr<RunNumber> RunToRerun(const RerunWorkflow& trigger, const Draft& draft) {
  const State& state = draft.state();
  if (trigger.task == 0) {
    const RunNumber run = NewestRun(draft.definition(), state, trigger.reference);
    if (run != 0) return run;
    return absl::NotFoundError(absl::StrCat("Task ", trigger.reference, " not found"));
  }
  if (state.has_task(trigger.task)) return state.task(trigger.task).run;
  return absl::NotFoundError(absl::StrCat("Task ", TaskIdText(state, trigger.task), " not found"));
}

absl::Status CheckRerun(const RerunWorkflow& trigger, const State& state) {
  if (!IsTerminal(state.status)) return NotEnded("rerun", state);
  const bool from_task = trigger.task != 0 || !trigger.reference.empty();
  if (!IsObjectOrEmpty(trigger.input)) {
    return absl::InvalidArgumentError("input: must be a JSON object");
  }
  if (!IsObjectOrEmpty(trigger.task_input)) {
    return absl::InvalidArgumentError("task_input: must be a JSON object");
  }
  if (!from_task && !trigger.task_input.empty()) {
    return absl::InvalidArgumentError("task_input: given, and no task");
  }
  if (trigger.input.size() + trigger.task_input.size() > kPayloadBytesCeiling) {
    return absl::InvalidArgumentError(absl::StrCat(
        "input: with the task's ", trigger.input.size() + trigger.task_input.size(),
        " bytes, more than ", FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling)));
  }
  return CheckRoom("rerun", state);
}

absl::Status CheckAnew(std::string_view verb, bool force, const Draft& draft) {
  const State& state = draft.state();
  if (!IsTerminal(state.status)) return NotEnded(verb, state);
  if (state.status == WorkflowStatus::kCompleted && !draft.definition().restartable) {
    return absl::FailedPreconditionError(
        absl::StrCat("Workflow: ", state.id.ToString(), " is non-restartable"));
  }
  const bool stands = state.saga_status == SagaStatus::kAbandoned ||
                      state.saga_status == SagaStatus::kPartiallyCompensated;
  if (stands && !force) {
    return Refused(verb, state,
                   absl::StrCat("its saga ended ", std::string(Name(state.saga_status)),
                                ", effects stand: it has to be forced"));
  }
  return CheckRoom(verb, state);
}

// From now on the workflow is one of that definition: its input has to be one for it.
absl::Status GoOver(const std::shared_ptr<const Definition>& to, const Draft& draft,
                    WorkflowReopened& reopened) {
  const State& state = draft.state();
  if (to == nullptr || to->id == draft.definition().id) return absl::OkStatus();
  if (to->name != state.start.name || to->name_space != state.start.name_space) {
    return Refused("restart", state, absl::StrCat("the definition is one of ", to->name));
  }
  RETURN_IF_ERROR(CheckStartInput(*to, state.start.input));
  reopened.input = InputAtStart(*to, state.start.input);
  reopened.definition_id = to->id;
  reopened.version = to->version;
  reopened.definition = to;
  return absl::OkStatus();
}

void ListDropped(const Retraction& retraction, WorkflowReopened& reopened) {
  reopened.dropped.assign(retraction.dropped.begin(), retraction.dropped.end());
}

absl::Status RerunFrom(RunNumber run, const RerunWorkflow& trigger, Draft& draft) {
  RETURN_IF_ERROR(CheckSaga("rerun", draft));
  const State& state = draft.state();
  const Retraction retraction = RetractionOf(state, run);
  RETURN_IF_ERROR(CheckTerminate("rerun", retraction, draft));
  RETURN_IF_ERROR(CheckEffects("rerun", retraction, draft));
  WorkflowReopened reopened{.kind = Reopening::kRerun,
                            .actor = trigger.actor,
                            .reason = trigger.reason,
                            .generation = state.generation + 1,
                            .task = state.run(run).task};
  reopened.input = trigger.input;
  reopened.correlation_id = trigger.correlation_id;
  ListDropped(retraction, reopened);
  SortRuns(false, retraction, draft, reopened);
  SayLoops(retraction, draft, reopened);
  if (!trigger.task_input.empty()) draft.GiveInput(state.run(run).step, trigger.task_input);
  Reopen(std::move(reopened), draft);
  return absl::OkStatus();
}

}  // namespace

absl::Status OnRestart(const RestartWorkflow& trigger, Draft& draft) {
  RETURN_IF_ERROR(CheckAnew("restart", trigger.force, draft));
  WorkflowReopened reopened{.kind = Reopening::kRestart,
                            .actor = trigger.actor,
                            .reason = trigger.reason,
                            .anew = true,
                            .generation = draft.state().generation + 1};
  RETURN_IF_ERROR(GoOver(trigger.definition, draft, reopened));
  Reopen(std::move(reopened), draft);
  return absl::OkStatus();
}

absl::Status OnRetry(const RetryWorkflow& trigger, Draft& draft) {
  const State& state = draft.state();
  if (!IsTerminal(state.status)) {
    return absl::FailedPreconditionError(
        absl::StrCat("Workflow is still running.  status=", std::string(Name(state.status))));
  }
  if (state.status == WorkflowStatus::kCompleted) {
    return absl::FailedPreconditionError(kNothingToRetry);
  }
  RETURN_IF_ERROR(CheckRoom("retry", state));
  RETURN_IF_ERROR(CheckSaga("retry", draft));
  RETURN_IF_ERROR(CheckTerminate("retry", {}, draft));
  const bool saga = IsSaga(draft.definition(), state);
  WorkflowReopened reopened{.kind = Reopening::kRetry,
                            .actor = trigger.actor,
                            .reason = trigger.reason,
                            .generation = state.generation + (saga ? 1 : 0)};
  reopened.asked = trigger.asked;
  SortRuns(trigger.resume_sub_workflows, {}, draft, reopened);
  SayLoops({}, draft, reopened);
  if (reopened.retried.empty() && reopened.resumed.empty() && Missing(draft).empty()) {
    return absl::FailedPreconditionError(kNothingToRetry);
  }
  Reopen(std::move(reopened), draft);
  return absl::OkStatus();
}

absl::Status OnRerun(const RerunWorkflow& trigger, Draft& draft) {
  RETURN_IF_ERROR(CheckRerun(trigger, draft.state()));
  if (trigger.task != 0 || !trigger.reference.empty()) {
    ASSIGN_OR_RETURN(const RunNumber run, RunToRerun(trigger, draft));
    return RerunFrom(run, trigger, draft);
  }
  RETURN_IF_ERROR(CheckAnew("rerun", false, draft));
  WorkflowReopened reopened{.kind = Reopening::kRerun,
                            .actor = trigger.actor,
                            .reason = trigger.reason,
                            .anew = true,
                            .generation = draft.state().generation + 1};
  reopened.input = trigger.input;
  reopened.correlation_id = trigger.correlation_id;
  Reopen(std::move(reopened), draft);
  return absl::OkStatus();
}

bool ReopenForChild(const ReportChild& report, Draft& draft) {
  const State& state = draft.state();
  const Task& task = state.task(report.task);
  const StepRun& run = state.run(task.run);
  const Step& step = draft.StepAt(task.step);
  if (task.operation != Operation::kAction || step.type != StepType::kSubWorkflow) return false;
  if (report.reopened <= task.child_reopened || run.task != task.number) return false;
  // The failure of an optional step has been accepted (conductor.md 3.11).
  if (step.optional && task.status == TaskStatus::kCompletedWithErrors) return false;
  const Retraction retraction = RetractionBehind(state, task.run);
  const bool may = CheckRoom("retry", state).ok() && CheckSaga("retry", draft).ok() &&
                   CheckTerminate("retry", retraction, draft).ok() &&
                   CheckEffects("retry", retraction, draft).ok();
  if (!may) return false;
  WorkflowReopened reopened{
      .kind = Reopening::kChild,
      .actor = kEngine,
      .reason = absl::StrCat("sub-workflow ", report.child.ToString(), " goes on"),
      .generation = state.generation + 1,
      .task = report.task};
  reopened.child_reopened = report.reopened;
  ListDropped(retraction, reopened);
  SortRuns(true, retraction, draft, reopened);
  SayLoops(retraction, draft, reopened);
  Reopen(std::move(reopened), draft);
  return true;
}

}  // namespace skald::core
