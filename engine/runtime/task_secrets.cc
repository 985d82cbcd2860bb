#include "engine/runtime/task_secrets.h"

#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/core/construct.h"
#include "engine/core/loop_output.h"
#include "engine/core/secrets.h"

namespace skald::runtime {
namespace {

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

core::Substituted Substitute(const core::Payload& payload, const InputSource& from,
                             const core::State& state, const ports::SecretStore& secrets) {
  return core::SubstituteSecrets(payload, *from.source, from.below, [&](std::string_view name) {
    return secrets.Find(state.start.name_space, name);
  });
}

core::Payload WithSecrets(const core::Payload& payload, const InputSource& from,
                          const core::State& state, const core::Step& step,
                          const ports::SecretStore* secrets) {
  if (secrets == nullptr || from.source->secrets().empty()) return payload;
  core::Substituted result = Substitute(payload, from, state, *secrets);
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

// The texts that went out with the task, or with the attempt that it is about.
std::vector<std::string> HandedOver(const core::Definition& definition, const core::State& state,
                                    core::TaskNumber number, const ports::SecretStore* secrets) {
  std::vector<std::string> values;
  if (secrets == nullptr || !state.has_task(number)) return values;
  const core::Task& task = state.task(number);
  const core::Step& step = core::StepOf(definition, state, task.step);
  const auto add = [&](const core::Payload& input, const InputSource& from) {
    if (from.source->secrets().empty()) return;
    core::Substituted result = Substitute(input, from, state, *secrets);
    for (std::string& value : result.values) values.push_back(std::move(value));
  };
  add(task.input, SourceOf(step, task.operation));
  if (!core::IsUndoWork(task.operation) || !state.has_run(task.run)) return values;
  const core::TaskNumber original = state.run(task.run).task;
  if (state.has_task(original)) add(state.task(original).input, {&step.input, ""});
  return values;
}

void Hide(const std::vector<std::string>& values, core::Payload& output, std::string& reason) {
  if (values.empty()) return;
  output = core::HideSecrets(output, values);
  reason = core::HideSecrets(reason, values);
}

}  // namespace

core::Payload InputToHandOver(const core::Definition& definition, const core::State& state,
                              const core::Task& task, const ports::SecretStore* secrets) {
  const core::Step& step = core::StepOf(definition, state, task.step);
  if (task.operation == core::Operation::kEvaluate) {
    return WithSecrets(core::ConditionInput(definition, state, task), {&step.input, ""}, state,
                       step, secrets);
  }
  return WithSecrets(task.input, SourceOf(step, task.operation), state, step, secrets);
}

core::Payload OriginalInputToHandOver(const core::Step& step, const core::Task& original,
                                      const core::State& state, const ports::SecretStore* secrets) {
  return WithSecrets(original.input, {&step.input, ""}, state, step, secrets);
}

void HideSecrets(const core::Definition& definition, const core::State& state,
                 const ports::SecretStore* secrets, core::ReportResult& result) {
  Hide(HandedOver(definition, state, result.task, secrets), result.output, result.reason);
}

void HideSecrets(const core::Definition& definition, const core::State& state,
                 const ports::SecretStore* secrets, core::UpdateTask& update) {
  core::TaskNumber task = update.task;
  const core::StepIndex step =
      task == 0 ? core::FindStep(definition, state, update.reference) : core::kNoStep;
  const core::RunNumber run = step == core::kNoStep ? 0 : state.LatestRun(step);
  if (run != 0 && state.has_run(run)) task = state.run(run).task;
  Hide(HandedOver(definition, state, task, secrets), update.output, update.reason);
}

std::string HideSecrets(const core::Definition& definition, const core::State& state,
                        const ports::SecretStore* secrets, core::TaskNumber task,
                        const std::string& text) {
  return core::HideSecrets(text, HandedOver(definition, state, task, secrets));
}

}  // namespace skald::runtime
