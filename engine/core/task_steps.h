// TaskSteps: what the decision does with single tasks, shared by its families. Internal to core.
//
// Single-threaded, as Draft.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/draft.h"

namespace skald::core {

OfferTask OfferOf(const Definition& definition, const State& state, const Task& task);

// Another workflow begins to carry out a child task that may be started now: emits TaskStarted and
// asks for the workflow. REQUIRES: scheduled and released, undoing is not held.
void BeginChild(TaskNumber task, Draft& draft);
// Follows from the sender, the task (0: its failure workflow) and the time of the start. A child
// stands in its parent's slot.
WorkflowId ChildId(const WorkflowId& parent, TaskNumber task, TimeUs now, bool detached);
// What is to be asked again of the workflow that carries out a started child task: to be there
// while the task is open, to end when the task was given up.
void AppendChildCommands(const Definition& definition, const State& state, const Task& task,
                         std::vector<Command>& commands);
// Tells the workflow that carries out a task to end, when the task was started.
void TellChildToEnd(const Task& task, const std::string& reason, Draft& draft);

// When an attempt that starts now is out of time; 0 = never.
TimeUs AttemptTimeoutAt(const Step& step, const Task& task, TimeUs now);

// Offers the task to workers if it may be started now; undo and probe tasks only while undoing is
// not held.
void OfferIfReady(TaskNumber task, Draft& draft);

// A worker's task that is open goes back to its queue and is offered from then on; forward work of
// a saga that is being undone ends instead.
void RequeueTask(TaskNumber task, DurationUs delay_us, Draft& draft);

// Tells the worker that holds the task to stop, when one does. `superseded`: decided without it.
void TellToStop(const Task& task, std::string_view reason, bool superseded, Draft& draft);

// Ends an attempt whose time ran out, tells the worker, and decides what follows.
void TimeOutTask(TaskNumber task, Timeout timeout, std::string reason, Draft& draft);
// The same for a child task.
void TimeOutChild(TaskNumber task, Timeout timeout, std::string reason, Draft& draft);
// What a sub-workflow is told when its parent stops for that reason (conductor.md 2.10).
std::string ParentEndedReason(std::string_view reason);
std::string ParentEndedReason(std::string_view reason, WorkflowStatus status);

// While the outermost one lives, steps to be scheduled, faults and parks are only noted; its end
// carries out the steps, with all that follows from them, and then raises the faults.
class PlanScope {
 public:
  explicit PlanScope(Draft& draft);
  ~PlanScope();
  PlanScope(const PlanScope&) = delete;
  PlanScope& operator=(const PlanScope&) = delete;

 private:
  Draft& draft_;
  const bool outermost_;
};

// An attempt of an action that succeeded, or failed without being decided upon while paused: goes
// on from it. REQUIRES: the workflow has not ended and no fault is active.
void AdvanceNow(RunNumber run, Draft& draft);
// The part of it that ends the JOINs which waited for this run alone.
void AdvanceJoins(RunNumber run, Draft& draft);
void DecideFailure(TaskNumber task, Draft& draft);

// An attempt has ended (its event is emitted): decides what follows from it, whatever its
// operation.
void OnTaskEnded(TaskNumber task, Draft& draft);

// Ends what is still open in a workflow that ends now: everything scheduled, started or waiting.
// `child_reason`: what sub-workflows are told.
void CancelEverything(const std::string& reason, const std::string& child_reason, Draft& draft);

// A control construct ends within the decision that scheduled it, or later (WAIT, JOIN).
void CompleteTask(TaskNumber task, Payload output, Draft& draft);
void FailTask(TaskNumber task, std::string reason, Draft& draft);

// What the workflow ends with when that attempt fails it, and why (conductor.md 3.3).
WorkflowStatus EndStatusFor(TaskStatus status);
std::string FailedReason(const Task& task, const Draft& draft);

// The first bound that keeps the workflow from growing on ("kTasksPerWorkflowMax (50000)"); empty
// when there is none. Ending and undoing have room beyond it.
std::string GrowthLimit(const State& state);

// Conductor's text for a workflow that ran over its timeoutSeconds (conductor.md 3.6).
std::string WorkflowTimeoutReason(const Draft& draft);

// "30", "1.5": a duration in seconds, as reasons show it.
std::string SecondsText(DurationUs duration_us);

// "RETRY", "TIME_OUT_WF", "ALERT_ONLY".
std::string_view Name(TimeoutPolicy policy);

}  // namespace skald::core
