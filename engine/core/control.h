// Control: carries out the steps of a definition, one function per construct, each in a file of its
// own (control_<construct>.cc). Internal to core.
//
// Control steps are tasks too: scheduled with their input, completed with their output, mostly
// within one decision. Single-threaded, as Draft.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/draft.h"

namespace skald::core {

// Schedules the task and carries it out as its type says; of a run that there is, as its next
// attempt.
void CarryOutTask(const Step& step, TaskScheduled task, Draft& draft);

// A person wants the step stepped over: its task is recorded as SKIPPED.
void StepOver(StepIndex step, TaskScheduled task, Draft& draft);

// SWITCH and DECISION.
void CarryOutChoice(const Step& step, TaskScheduled task, Draft& draft);
void CarryOutFork(const Step& step, TaskScheduled task, Draft& draft);
// A fork of either kind: completes, and its branches and the JOIN behind it
// begin.
void BeginBranches(const Step& fork, TaskScheduled task, const std::vector<StepIndex>& heads,
                   Draft& draft);
void CarryOutJoin(const Step& step, TaskScheduled task, Draft& draft);
void CarryOutSetVariable(const Step& step, TaskScheduled task, Draft& draft);
void CarryOutTerminate(const Step& step, TaskScheduled task, Draft& draft);
void CarryOutWait(const Step& step, TaskScheduled task, Draft& draft);
void CarryOutNoop(TaskScheduled task, Draft& draft);
void CarryOutHuman(TaskScheduled task, Draft& draft);
void CarryOutPull(TaskScheduled task, Draft& draft);
void CarryOutEvent(const Step& step, TaskScheduled task, Draft& draft);
void CarryOutLoop(const Step& step, TaskScheduled task, Draft& draft);
// Everything that a worker or a runner does: queued.
void CarryOutQueued(const Step& step, TaskScheduled task, Draft& draft);

// The `result` that a runner's output has for a script, as JSON.
std::string_view ScriptResult(const Payload& output);
// The end of a SWITCH or DECISION whose value came out: its output, and its input with the case.
TaskCompleted ChoiceMade(const Step& step, TaskNumber task, const Payload& input,
                         std::string_view value);
// The case that the ended SWITCH or DECISION chose; null when nothing of it runs.
const Branch* ChosenBranch(const Step& step, const Payload& output);

// What the loop of that task goes through and keeps, as far as its input and the workflow say now.
void FillLoop(const Step& step, const Task& task, const Draft& draft, ReopenedLoop& loop);

// Decides what follows for the loops that are due: the condition, another iteration, or the end.
// REQUIRES: forward work may be scheduled.
void AdvanceLoops(Draft& draft);

// The step's `asyncComplete`, which its input may overrule (conductor.md 2.1).
bool CompletesOutside(const Step& step, const Payload& input);
void CarryOutSubWorkflow(const Step& step, TaskScheduled task, Draft& draft);
void CarryOutStartWorkflow(const Step& step, TaskScheduled task, Draft& draft);

// The input of a SUB_WORKFLOW task (conductor.md 2.10); `input`: the step's own, evaluated.
Payload SubWorkflowInput(const Step& step, const Payload& input, const Draft& draft);

// DYNAMIC, dynamic forks: asks what the names of the steps to be made mean, or goes on at once when
// that is known (control_made.cc).
void RequestSteps(const Step& maker, TaskScheduled task, Draft& draft);

// The steps that a step wants made, from its input.
struct StepPlan {
  std::string tasks = "[]";  // JSON, as ComposeStepList takes it
  std::string inputs = "{}";
  std::string references = "[]";  // forks: those of the branches, a JSON list
  std::string must_exist;         // a task definition of that name has to be registered; "" = none
};
// Errors: what the reference says when it terminates the workflow for it.
absl::StatusOr<StepPlan> PlanDynamic(const Step& maker, const Payload& input);
absl::StatusOr<StepPlan> PlanDynamicFork(const Step& maker, const StepsRequest& request,
                                         const Definition& definition, const State& state);
// The steps are there: records the fork and begins its branches. `request`: a copy.
void CarryOutDynamicFork(const StepsRequest& request, const StepPlan& plan, Draft& draft);

// All that the JOIN waits for has ended.
void CompleteJoin(RunNumber run, Draft& draft);
// The step whose attempt this is has failed for good, and the workflow with it: the joins that wait
// for it fail, telling why.
void FailJoinsOf(TaskNumber failed, Draft& draft);
// Nothing is left that could end what the JOIN waits for: it fails, saying so.
void FailStuckJoin(RunNumber run, Draft& draft);

// What follows a run that has ended, out of cases and back into the list around them.
void ScheduleFollowing(RunNumber run, Draft& draft);

// The first attempt of a new run of the step, without its input.
TaskScheduled FirstAttempt(const Step& step, std::vector<RunNumber> after, const Draft& draft);

// The input of that task, which is still to be scheduled, against the workflow as it is now, with
// the defaults of its task definition. Errors: RESOURCE_EXHAUSTED, naming expression and limit.
absl::StatusOr<Payload> EvaluateInput(const Step& step, TaskNumber task, const Draft& draft);

// When the attempt may be started and which of its timeouts run from there. Of timeouts under
// ALERT_ONLY nothing follows, so they have no time.
void SetQueueTimes(const Step& step, DurationUs delay_us, TimeUs first_scheduled_at, TimeUs now,
                   TaskScheduled& task);

}  // namespace skald::core
