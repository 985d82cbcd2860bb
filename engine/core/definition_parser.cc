#include "engine/core/definition_parser.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/definition_fields.h"
#include "engine/core/definition_graph.h"
#include "engine/core/definition_saga.h"
#include "engine/core/definition_secrets.h"
#include "engine/core/definition_steps.h"
#include "engine/core/definition_task.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/schema_rules.h"

namespace skald::core {
namespace {

// Adds what is wrong with the text as such; returns false then.
bool CheckDocument(std::string_view json, std::string_view bound, std::size_t bytes_max,
                   MistakeList& mistakes) {
  if (json.size() > bytes_max) {
    mistakes.Add("", absl::StrCat(json.size(), " bytes; a definition has at most ",
                                  FixedBound(bound, bytes_max)));
    return false;
  }
  const JsonFault fault = CheckJsonObject(json);
  if (fault.ok()) return true;
  mistakes.Add("", DescribeFault(json, fault));
  return false;
}

template <typename T>
Parsed<T> Finish(T value, const MistakeList& mistakes) {
  Parsed<T> parsed;
  parsed.mistakes = mistakes.mistakes();
  parsed.warnings = mistakes.warnings();
  if (mistakes.empty()) parsed.value = std::move(value);
  return parsed;
}

Payload ObjectOf(const Fields& fields, std::string_view key) {
  const auto object = fields.Object(key);
  return object.has_value() ? Payload(std::string(*object)) : Payload();
}

void ReadTurns(const Fields& fields, Definition& definition) {
  const auto object = fields.Object("rateLimitConfig");
  if (!object.has_value()) return;
  const Fields config(*object, fields.PathOf("rateLimitConfig"), fields.mistakes());
  TurnRule& rule = definition.turns;
  rule.running_max = static_cast<std::int32_t>(
      config.IntegerIn("concurrentExecLimit", 0, kLimitPlacesMax).value_or(0));
  rule.rejects = config.Choice("policy", false, {{"QUEUE", false}, {"REJECT", true}});
  const std::string key = config.Text("rateLimitKey");
  if (key.empty()) return;
  std::string json;
  AppendJsonString(json, key);
  rule.key = Template::Compile(json, config.PathOf("rateLimitKey"), fields.mistakes());
}

// Earlier releases kept whatever stood there: of a definition accepted by one what is no name masks
// nothing.
void ReadMaskedFields(const Fields& fields, bool strict, Definition& definition) {
  if (strict) fields.Texts("maskedFields");
  const auto list = fields.Find("maskedFields");
  if (!list.has_value() || KindOf(*list) != JsonKind::kArray) return;
  std::vector<std::string> names;
  for (JsonWalk walk(*list); walk.Next();) {
    if (KindOf(walk.value()) == JsonKind::kString) names.push_back(StringOf(walk.value()));
  }
  if (strict && names.size() > kMaskedFieldsMax) {
    fields.Add(
        "maskedFields",
        absl::StrCat("more than ", FixedBound("kMaskedFieldsMax", kMaskedFieldsMax), " names"));
  }
  definition.masked = MaskedFields(std::move(names));
}

void ReadHead(const Fields& fields, Definition& definition) {
  definition.name = fields.Name("name");
  if (definition.name.empty()) {
    fields.Add("name", "WorkflowDef name cannot be null or empty");
  }
  const auto version = fields.IntegerIn("version", 1, std::numeric_limits<std::int32_t>::max());
  definition.version = static_cast<std::int32_t>(version.value_or(1));
  if (fields.Integer("schemaVersion").value_or(2) != 2) {
    fields.Add("schemaVersion", "workflowDef schemaVersion: 2 is only supported");
  }
  definition.timeout_us = fields.Seconds("timeoutSeconds").value_or(0);
  definition.timeout_ends_workflow =
      fields.Choice("timeoutPolicy", false, {{"TIME_OUT_WF", true}, {"ALERT_ONLY", false}});
  definition.restartable = fields.Boolean("restartable", true);
  definition.input_template = ObjectOf(fields, "inputTemplate");
  definition.variables = ObjectOf(fields, "variables");
  if (definition.variables.size() > kVariablesBytesMax) {
    fields.Add(
        "variables",
        absl::StrCat("more than ", FixedBound("kVariablesBytesMax", kVariablesBytesMax), " bytes"));
  }
  const auto output = fields.Object("outputParameters");
  if (output.has_value() && JsonWalk(*output).Next()) {
    definition.output = Template::Compile(*output, "outputParameters", fields.mistakes());
  }
  definition.failure_workflow = fields.Name("failureWorkflow");
  const auto failure_version =
      fields.IntegerIn("failureWorkflowVersion", 0, std::numeric_limits<std::int32_t>::max());
  definition.failure_workflow_version = static_cast<std::int32_t>(failure_version.value_or(0));
  ReadTurns(fields, definition);
  if (fields.Has("cacheConfig")) {
    fields.Warn("cacheConfig",
                "is kept, and does nothing for a workflow: start it under an idempotency key, or "
                "give its steps a cacheConfig");
  }
}

// saga.md 2.1: the default of `undeclared` depends on whether any step has saga data.
void SettleSaga(const WorkflowSagaParts& parts, bool any_step, UnknownPolicy server_unknown,
                Definition& definition) {
  definition.saga = parts.saga;
  definition.saga.server_unknown = server_unknown;
  definition.saga.declared = parts.saga.declared || any_step;
  definition.failure_workflow_at = parts.failure_workflow_at;
  if (!parts.undeclared_given) {
    definition.saga.undeclared = any_step ? UndeclaredPolicy::kReject : UndeclaredPolicy::kIgnore;
  }
  for (Step& step : definition.steps) InheritUnknown(definition.saga, step);
}

// saga.md V2. Without saga data nothing is a pivot.
void MarkChildPivots(Definition& definition) {
  if (!definition.saga.declared) return;
  for (Step& step : definition.steps) {
    if (!step.child.has_pivot) continue;
    step.saga.kind = StepKind::kPivot;
    if (step.saga.undo.has_value() && step.saga.undo->of_child) step.saga.undo.reset();
  }
}

}  // namespace

Parsed<Definition> ParseDefinition(std::string_view json, const TaskDefinitionLookup& lookup,
                                   const ParseOptions& options) {
  MistakeList mistakes;
  Definition definition;
  definition.name_space = options.name_space;
  definition.environment = options.environment;
  if (!CheckDocument(json, "kDefinitionBytesMax", kDefinitionBytesMax, mistakes)) {
    return Finish(std::move(definition), mistakes);
  }
  const std::string_view object = TrimJson(json);
  const Fields fields(object, "", mistakes);
  definition.source = Payload(std::string(object));
  ReadHead(fields, definition);
  ReadMaskedFields(fields, !options.accepted_before, definition);
  definition.schemas = ReadSchemas(fields, true, !options.accepted_before);
  const WorkflowSagaParts parts = ReadWorkflowSaga(fields);
  const auto tasks = fields.List("tasks");
  const bool no_tasks = tasks.has_value() ? !JsonWalk(*tasks).Next() : !fields.Has("tasks");
  if (no_tasks) fields.Add("tasks", "WorkflowTask list cannot be empty");
  definition.undo_retry = parts.undo_retry;
  const StepsContext context{lookup, options, parts.undo_retry, mistakes, kStepsMax};
  const StepsResult result = ReadSteps(tasks.value_or("[]"), context, definition);
  definition.makes_steps =
      std::any_of(definition.steps.begin(), definition.steps.end(), [](const Step& step) {
        return step.type == StepType::kDynamic || step.type == StepType::kForkJoinDynamic;
      });
  SettleSaga(parts, result.any_saga, options.unknown_default, definition);
  MarkChildPivots(definition);
  LinkSteps(result.sources, definition);
  if (!options.accepted_before) {
    if (options.in_place) {
      CheckAddedGraph(definition, result.sources, mistakes);
    } else {
      CheckGraph(definition, result.sources, mistakes);
    }
    CheckStepKinds(definition, result.sources, mistakes);
    CheckSecrets(definition, result.sources, mistakes);
  }
  return Finish(std::move(definition), mistakes);
}

Parsed<TaskDefinition> ParseTaskDefinition(std::string_view json) {
  MistakeList mistakes;
  if (!CheckDocument(json, "kTaskDefinitionBytesMax", kTaskDefinitionBytesMax, mistakes)) {
    return Finish(TaskDefinition{}, mistakes);
  }
  const std::string_view object = TrimJson(json);
  const Fields fields(object, "", mistakes);
  return Finish(ReadTaskDefinition(fields, object, "", DefinitionOrigin::kRegistered), mistakes);
}

std::string_view Name(UnknownPolicy policy) {
  switch (policy) {
    case UnknownPolicy::kByBarrier:
      return "BARRIER";
    case UnknownPolicy::kCompensate:
      return "COMPENSATE";
    case UnknownPolicy::kProbe:
      return "PROBE";
    case UnknownPolicy::kPark:
      return "PARK";
  }
  return "";
}

std::optional<UnknownPolicy> ParseUnknownPolicy(std::string_view name) {
  for (const UnknownPolicy policy : {UnknownPolicy::kByBarrier, UnknownPolicy::kCompensate,
                                     UnknownPolicy::kProbe, UnknownPolicy::kPark}) {
    if (Name(policy) == name) return policy;
  }
  return std::nullopt;
}

bool HasPivot(const Definition& definition) {
  return std::any_of(definition.steps.begin(), definition.steps.end(), [](const Step& step) {
    return step.saga.kind == StepKind::kPivot || step.child.has_pivot;
  });
}

std::string FormatMistakes(const std::vector<Mistake>& mistakes, std::size_t count_max) {
  std::string text;
  for (std::size_t i = 0; i < mistakes.size() && i < count_max; ++i) {
    const Mistake& mistake = mistakes[i];
    if (i > 0) text.push_back('\n');
    text.append(mistake.path).append(mistake.path.empty() ? "" : ": ").append(mistake.message);
  }
  if (mistakes.size() > count_max) {
    absl::StrAppend(&text, "\n… and ", mistakes.size() - count_max, " more");
  }
  return text;
}

absl::Status InvalidDefinition(const std::vector<Mistake>& mistakes) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the definition has ", mistakes.size(), mistakes.size() == 1 ? " mistake:\n" : " mistakes:\n",
      FormatMistakes(mistakes, kMistakesMax)));
}

}  // namespace skald::core
