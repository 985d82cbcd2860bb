#include "engine/core/definition_secrets.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace skald::core {
namespace {

bool IsHandedOver(StepType type) {
  return type == StepType::kSimple || type == StepType::kHttp || type == StepType::kGrpc ||
         type == StepType::kInline || type == StepType::kLambda || type == StepType::kJqTransform;
}

// Its input is substituted where it is carried out.
bool TakesSecrets(const Step& step) {
  switch (step.type) {
    case StepType::kDynamic:  // asked again when it is known what it is
      return true;
    case StepType::kSwitch:
    case StepType::kDecision:
      return !step.runner.empty();
    case StepType::kDoWhile:
      return !step.settings.empty();
    default:
      return IsHandedOver(step.type);
  }
}

void Refuse(const Template& source, const std::string& path, std::string_view what,
            MistakeList& mistakes) {
  for (const SecretPlace& place : source.secrets()) {
    for (const SecretPlace::Mark& mark : place.marks) {
      if (!mark.path.has_value()) continue;
      mistakes.Add(path, absl::StrCat(mark.text, ": ", std::string(what),
                                      " is stored, and a secret is not: it may stand in the input "
                                      "of a step that a worker, a script, HTTP or GRPC carries "
                                      "out, and in that of its undo"));
      break;
    }
  }
}

void CheckStep(const Step& step, const StepSource& source, MistakeList& mistakes) {
  const std::string& path = source.path;
  const std::string type(Name(step.type));
  if (!TakesSecrets(step)) {
    Refuse(step.input, JoinPath(path, "inputParameters"),
           absl::StrCat("what a ", type, " step is given"), mistakes);
  }
  Refuse(step.sink, JoinPath(path, "sink"), "a sink", mistakes);
  if (step.items.has_value()) Refuse(*step.items, JoinPath(path, "items"), "a list", mistakes);
  if (step.type == StepType::kSubWorkflow) {
    Refuse(step.child.values, JoinPath(path, "subWorkflowParam"), "what names a sub-workflow",
           mistakes);
  }
  if (!step.saga.undo.has_value() || !step.saga.undo->input.has_value()) return;
  if (IsHandedOver(step.saga.undo->type)) return;
  Refuse(*step.saga.undo->input, JoinPath(source.undo_path, "inputParameters"),
         absl::StrCat("what an undo by ", std::string(Name(step.saga.undo->type)), " is given"),
         mistakes);
}

}  // namespace

void CheckSecrets(const Definition& definition, const std::vector<StepSource>& sources,
                  MistakeList& mistakes) {
  for (const Step& step : definition.steps) CheckStep(step, sources[step.index], mistakes);
  if (definition.output.has_value()) {
    Refuse(*definition.output, "outputParameters", "a workflow's output", mistakes);
  }
  if (definition.turns.key.has_value()) {
    Refuse(*definition.turns.key, JoinPath("rateLimitConfig", "rateLimitKey"), "a key", mistakes);
  }
}

}  // namespace skald::core
