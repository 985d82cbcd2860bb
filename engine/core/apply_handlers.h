// ApplyHandlers: how each kind of event changes tasks, runs, timers and the workflow itself. Called
// by Apply only; the books of the saga are kept by apply_saga.h.
//
// Pure. Internal to core. REQUIRES, of each: the event was decided on this state.
#pragma once

#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/core/state.h"

namespace skald::core {

// What an event is folded with. `at`, `seq`: of the event.
struct ApplyContext {
  const Definition& definition;
  EventSeq seq;
  TimeUs at;
};

// ---- apply_workflow.cc ----
void ApplyWorkflow(const ApplyContext& context, const WorkflowStarted& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const WorkflowPaused& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const WorkflowResumed& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const WorkflowTimeoutAlerted& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const VariablesSet& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const WorkflowEnded& body, State& state);
// Undoing has a time limit of its own (saga.md 2.12): the workflow's timeout is over.
void ApplyWorkflow(const ApplyContext& context, const SagaFaulted& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const FaultPended& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const StepsRequested& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const StepsAdded& body, State& state);

void ApplyWorkflow(const ApplyContext& context, const FailureWorkflowStarted& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const FailureWorkflowRefused& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const WorkflowQueued& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const WorkflowAdmitted& body, State& state);

// ---- apply_message.cc ----
void ApplyWorkflow(const ApplyContext& context, const MessageReceived& body, State& state);
void ApplyWorkflow(const ApplyContext& context, const MessagesTaken& body, State& state);

// ---- apply_task.cc ----
void ApplyTask(const ApplyContext& context, const TaskScheduled& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskReleased& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskStarted& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskRequeued& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskCompleted& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskHandedOver& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskUpdated& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskProgressed& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskFailed& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskTimedOut& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskCancelRequested& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskCanceled& body, State& state);
void ApplyTask(const ApplyContext& context, const ChildParked& body, State& state);
void ApplyTask(const ApplyContext& context, const ChildResumed& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskFailureAccepted& body, State& state);
void ApplyTask(const ApplyContext& context, const LateResult& body, State& state);
// apply_loop.cc
void ApplyTask(const ApplyContext& context, const IterationStarted& body, State& state);
void ApplyTask(const ApplyContext& context, const StepSettled& body, State& state);

// ---- apply_reopen.cc ----
void ApplyWorkflow(const ApplyContext& context, const WorkflowReopened& body, State& state);

void ApplyWorkflow(const ApplyContext& context, const StepSkipped& body, State& state);
void ApplyTask(const ApplyContext& context, const TaskSkipped& body, State& state);

// ---- apply_upgrade.cc ----
void ApplyWorkflow(const ApplyContext& context, const WorkflowUpgraded& body, State& state);

// What an open join waits for (State::join_remaining), counted anew.
std::uint32_t CountOpenJoined(const ApplyContext& context, const Step& step, const StepRun& join,
                              const State& state);

}  // namespace skald::core
