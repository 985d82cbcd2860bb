#include <utility>

#include "engine/base/check.h"
#include "engine/core/apply_handlers.h"
#include "engine/core/apply_loop.h"
#include "engine/core/definition_added.h"
#include "engine/core/families.h"

namespace skald::core {
namespace {

Timer WorkflowTimer(const State& state) {
  return {.due_at = state.timeout_at, .kind = TimerKind::kWorkflowTimeout, .task = 0};
}

void StopTimeout(State& state) { state.timers.erase(WorkflowTimer(state)); }

void StartTimeout(TimeUs due_at, State& state) {
  state.timeout_at = due_at;
  if (due_at != 0) state.timers.insert(WorkflowTimer(state));
}

}  // namespace

void ApplyWorkflow(const ApplyContext& context, const WorkflowStarted& body, State& state) {
  state.status = WorkflowStatus::kRunning;
  state.started_at = context.at;
  state.start = body;
  state.variables = context.definition.variables;
  StartTimeout(body.timeout_at, state);
}

void ApplyWorkflow(const ApplyContext&, const WorkflowPaused&, State& state) {
  state.status = WorkflowStatus::kPaused;
  state.paused_by_person = true;
}

// The clock of the workflow's timeout starts anew (conductor.md 3.10).
void ApplyWorkflow(const ApplyContext& context, const WorkflowResumed&, State& state) {
  state.status = WorkflowStatus::kRunning;
  state.paused_by_person = false;
  if (context.definition.timeout_us == 0 || state.fault.active) return;
  StopTimeout(state);
  StartTimeout(context.at + context.definition.timeout_us, state);
}

void ApplyWorkflow(const ApplyContext&, const WorkflowTimeoutAlerted&, State& state) {
  StopTimeout(state);
}

void ApplyWorkflow(const ApplyContext&, const VariablesSet& body, State& state) {
  state.variables = body.variables;
}

void ApplyWorkflow(const ApplyContext&, const StepSkipped& body, State& state) {
  state.skips.push_back({.step = body.step, .input = body.input, .output = body.output});
}

void ApplyWorkflow(const ApplyContext& context, const WorkflowEnded& body, State& state) {
  state.status = body.status;
  state.reason = body.reason;
  state.output = body.output;
  state.ended_at = context.at;
  state.paused_by_person = false;
  state.timers.clear();
  state.open.clear();
  state.join_remaining.clear();
  state.branches_open.clear();
  state.held.clear();
  state.requests.clear();
  // How far loops came stays known: they may be gone on with (WorkflowReopened).
  state.loops_due.clear();
  state.permitted.clear();
  state.live_tasks = 0;
  state.child_tasks.clear();
}

void ApplyWorkflow(const ApplyContext&, const SagaFaulted&, State& state) {
  StopTimeout(state);
  state.held.clear();
  state.requests.clear();
}

void ApplyWorkflow(const ApplyContext&, const FaultPended& body, State& state) {
  if (body.cause == FaultCause::kWorkflowTimeout) StopTimeout(state);
}

void ApplyWorkflow(const ApplyContext& context, const StepsRequested& body, State& state) {
  HoldIteration(context.definition, body.step, state);
  state.requests.insert(state.requests.end(), StepsRequest{.seq = context.seq,
                                                           .step = body.step,
                                                           .iteration = body.iteration,
                                                           .input = body.input,
                                                           .names = body.names,
                                                           .after = body.after});
}

void ApplyWorkflow(const ApplyContext& context, const StepsAdded& body, State& state) {
  ReleaseIteration(context.definition, body.step, state);
  state.requests.erase(StepsRequest{.seq = body.request});
  if (body.compiled != nullptr) return state.added.Append(body.compiled);
  StepsAdded compiled = body;
  CHECK(CompileSteps(context.definition, state.added, compiled).ok());
  state.added.Append(std::move(compiled.compiled));
}

void ApplyWorkflow(const ApplyContext&, const FailureWorkflowStarted& body, State& state) {
  state.failure_workflow = body.child;
  state.failure_workflow_name = body.name;
  state.failure_status = body.status;
  state.failure_task = body.task;
}

void ApplyWorkflow(const ApplyContext&, const WorkflowQueued& body, State& state) {
  state.turn_running_max = body.running_max;
  state.turn_key = body.key;
  state.awaits_turn = true;
}

void ApplyWorkflow(const ApplyContext&, const WorkflowAdmitted&, State& state) {
  state.awaits_turn = false;
}

void ApplyWorkflow(const ApplyContext&, const FailureWorkflowRefused& body, State& state) {
  state.failure_workflow_refused = true;
  state.output = WithFailureWorkflow(state.output, body.reason);
}

}  // namespace skald::core
