#include "engine/runtime/assignment.h"

#include <string>
#include <utility>

#include "engine/base/log.h"
#include "engine/core/construct.h"
#include "engine/core/loop_output.h"
#include "engine/core/secrets.h"

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

// The attempt that an undo or a probe is about: the successful one, else the last.
const core::Task* OriginalTask(const core::State& state, const core::StepRun& run) {
  return state.has_task(run.task) ? &state.task(run.task) : nullptr;
}

// The template that the task's input came from, and the member of the input that holds its value
// ("" = all of it): the default input of an undo or a probe has the action's input in it.
struct InputSource {
  const core::Template* source = nullptr;
  std::string_view below;
};

InputSource SourceOf(const core::Step& step, core::Operation operation) {
  const bool undo = operation == core::Operation::kCompensate && step.saga.undo.has_value();
  const bool probe = operation == core::Operation::kProbe && step.saga.probe.has_value();
  if (undo && step.saga.undo->input.has_value()) return {&*step.saga.undo->input, ""};
  if (probe && step.saga.probe->input.has_value()) return {&*step.saga.probe->input, ""};
  return {&step.input, undo || probe ? "input" : ""};
}

core::Payload WithSecrets(const core::Payload& payload, const InputSource& from,
                          const core::State& state, const core::Step& step,
                          const ports::SecretStore* secrets) {
  if (secrets == nullptr || from.source->secrets().empty()) return payload;
  core::Substituted result = core::SubstituteSecrets(
      payload, *from.source, from.below,
      [&](std::string_view name) { return secrets->Find(state.start.name_space, name); });
  for (const std::string& missing : result.missing) {
    base::LogWarn(
        "secret.missing",
        {{"workflow", state.id.ToString()}, {"step", step.reference}, {"reference", missing}});
  }
  for (const std::string& place : result.withheld) {
    base::LogWarn("secret.withheld",
                  {{"workflow", state.id.ToString()}, {"step", step.reference}, {"place", place}});
  }
  return std::move(result.payload);
}

void DescribeOriginal(const core::Step& step, const core::State& state, const core::StepRun& run,
                      const ports::SecretStore* secrets, Assignment& assignment) {
  assignment.original_effect = run.outcome;
  assignment.possible_duplicate = run.possible_duplicate;
  assignment.undo_reason = state.fault.reason;
  const core::Task* original = OriginalTask(state, run);
  if (original == nullptr) return;
  assignment.original_input = WithSecrets(original->input, {&step.input, ""}, state, step, secrets);
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

core::Payload InputToHandOver(const core::Definition& definition, const core::State& state,
                              const core::Task& task, const ports::SecretStore* secrets) {
  const core::Step& step = core::StepOf(definition, state, task.step);
  if (task.operation == core::Operation::kEvaluate) {
    return WithSecrets(core::ConditionInput(definition, state, task), {&step.input, ""}, state,
                       step, secrets);
  }
  return WithSecrets(task.input, SourceOf(step, task.operation), state, step, secrets);
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
