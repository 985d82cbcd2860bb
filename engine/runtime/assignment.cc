#include "engine/runtime/assignment.h"

#include <string>
#include <utility>

#include "engine/core/construct.h"
#include "engine/runtime/task_secrets.h"

namespace skald::runtime {
namespace {

const char* KeySuffix(core::Operation operation) {
  switch (operation) {
    case core::Operation::kCompensate:
      return "/c";
    case core::Operation::kProbe:
      return "/p";
    case core::Operation::kEvaluate:
      return "/e";
    case core::Operation::kAction:
      break;
  }
  return "";
}

void DescribeOriginal(const core::Step& step, const core::State& state, const core::StepRun& run,
                      const ports::SecretStore* secrets, Assignment& assignment) {
  assignment.original_effect = run.outcome;
  assignment.possible_duplicate = run.possible_duplicate;
  assignment.undo_reason = state.fault.reason;
  if (!state.has_task(run.task)) return;
  // The successful attempt, else the last.
  const core::Task* original = &state.task(run.task);
  assignment.original_input = OriginalInputToHandOver(step, *original, state, secrets);
  if (run.outcome == core::Effect::kApplied) assignment.original_output = original->output;
}

core::DurationUs AttemptTimeoutUs(const core::Step& step, core::Operation operation) {
  if (operation == core::Operation::kAction) return step.task.timeout_us;
  const bool undo = operation == core::Operation::kCompensate && step.saga.undo.has_value();
  return undo ? step.saga.undo->timeout_us : 0;
}

// What a runner is told beside the input; it knows the task by the type that it runs.
void DescribeForRunner(const core::Step& step, core::Operation operation, Assignment& assignment) {
  const std::string_view runner = core::RunnerOf(step, operation);
  if (runner.empty()) return;
  assignment.task_type = runner;
  const bool undo = operation == core::Operation::kCompensate;
  assignment.settings = undo ? step.saga.undo->settings : step.settings;
  assignment.pure = core::IsPure(step, operation);
}

}  // namespace

core::DurationUs ResponseTimeoutUs(const core::Definition& definition, const core::State& state,
                                   const core::Task& task) {
  const core::Step& step = core::StepOf(definition, state, task.step);
  switch (task.operation) {
    case core::Operation::kAction:
      return step.task.response_timeout_us;
    case core::Operation::kCompensate:
      return step.saga.undo ? step.saga.undo->response_timeout_us : 0;
    case core::Operation::kProbe:
    case core::Operation::kEvaluate:
      break;
  }
  return 0;
}

Assignment MakeAssignment(const core::Definition& definition, const core::State& state,
                          const core::Task& task, const ports::SecretStore* secrets) {
  const core::Step& step = core::StepOf(definition, state, task.step);
  const core::StepRun& run = state.run(task.run);
  Assignment assignment;
  assignment.workflow = state.id;
  assignment.task = task.number;
  assignment.fence = task.fence;
  assignment.name_space = state.start.name_space;
  assignment.workflow_name = state.start.name;
  assignment.correlation_id = state.start.correlation_id;
  assignment.task_type = task.task_type;
  assignment.reference = step.reference;
  assignment.domain = task.domain;
  assignment.iteration = task.iteration;
  assignment.attempt = task.attempt;
  assignment.generation = run.generation;
  assignment.priority = state.start.priority;
  assignment.operation = task.operation;
  assignment.step_key = core::StepKey(state, run, step.reference);
  assignment.idempotency_key = assignment.step_key + KeySuffix(task.operation);
  assignment.input = InputToHandOver(definition, state, task, secrets);
  assignment.not_after = task.not_after;
  assignment.response_timeout_us = ResponseTimeoutUs(definition, state, task);
  assignment.attempt_timeout_us = AttemptTimeoutUs(step, task.operation);
  DescribeForRunner(step, task.operation, assignment);
  assignment.traceparent = state.start.traceparent;
  assignment.tracestate = state.start.tracestate;
  if (core::IsUndoWork(task.operation)) {
    DescribeOriginal(step, state, run, secrets, assignment);
  }
  return assignment;
}

}  // namespace skald::runtime
