#include "engine/runtime/assignment.h"

#include <string>

namespace skald::runtime {
namespace {

const std::string& Domain(const core::Step& step, core::Operation operation) {
  if (operation == core::Operation::kCompensate && step.saga.undo) return step.saga.undo->domain;
  if (operation == core::Operation::kProbe && step.saga.probe) return step.saga.probe->domain;
  return step.domain;
}

const char* KeySuffix(core::Operation operation) {
  switch (operation) {
    case core::Operation::kCompensate:
      return "/c";
    case core::Operation::kProbe:
      return "/p";
    case core::Operation::kAction:
      break;
  }
  return "";
}

// The attempt that an undo or a probe is about: the successful one, else the last.
const core::Task* OriginalTask(const core::State& state, const core::StepRun& run) {
  return state.has_task(run.task) ? &state.task(run.task) : nullptr;
}

void DescribeOriginal(const core::State& state, const core::StepRun& run, Assignment& assignment) {
  assignment.original_effect = run.outcome;
  assignment.possible_duplicate = run.possible_duplicate;
  assignment.undo_reason = state.fault.reason;
  const core::Task* original = OriginalTask(state, run);
  if (original == nullptr) return;
  assignment.original_input = original->input;
  if (run.outcome == core::Effect::kApplied) assignment.original_output = original->output;
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
      break;
  }
  return 0;
}

Assignment MakeAssignment(const core::Definition& definition, const core::State& state,
                          const core::Task& task) {
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
  assignment.domain = Domain(step, task.operation);
  assignment.iteration = task.iteration;
  assignment.attempt = task.attempt;
  assignment.generation = run.generation;
  assignment.priority = state.start.priority;
  assignment.operation = task.operation;
  assignment.step_key = core::StepKey(state, run, step.reference);
  assignment.idempotency_key = assignment.step_key + KeySuffix(task.operation);
  assignment.input = task.input;
  assignment.not_after = task.not_after;
  assignment.response_timeout_us = ResponseTimeoutUs(definition, state, task);
  assignment.traceparent = state.start.traceparent;
  assignment.tracestate = state.start.tracestate;
  if (task.operation != core::Operation::kAction) DescribeOriginal(state, run, assignment);
  return assignment;
}

}  // namespace skald::runtime
