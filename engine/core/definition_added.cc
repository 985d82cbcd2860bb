#include "engine/core/definition_added.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/definition_graph.h"
#include "engine/core/definition_saga.h"
#include "engine/core/definition_secrets.h"
#include "engine/core/definition_steps.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

using Inputs = std::map<std::string, std::string_view>;

std::optional<std::string_view> MemberOf(std::string_view object, std::string_view key,
                                         JsonKind kind, MistakeList& mistakes) {
  const auto value = FindMember(object, key);
  if (value.has_value() && KindOf(*value) == kind) return value;
  mistakes.Add(std::string(key), absl::StrCat("must be ", std::string(Describe(kind))));
  return std::nullopt;
}

TaskDefinitions ReadTaskDefinitions(std::string_view object) {
  TaskDefinitions definitions;
  for (JsonWalk walk(object); walk.Next();) {
    const bool registered = KindOf(walk.value()) != JsonKind::kNull;
    definitions[walk.key()] = registered ? Payload(std::string(walk.value())) : Payload();
  }
  return definitions;
}

void ShiftAll(std::vector<StepIndex>& indexes, StepIndex by) {
  for (StepIndex& index : indexes) index += by;
}

void Shift(StepIndex& index, StepIndex by) {
  if (index != kNoStep) index += by;
}

// From numbers that count from 0 to those that follow the steps there are.
void Renumber(Step& step, StepIndex by) {
  step.index += by;
  Shift(step.parent, by);
  Shift(step.next, by);
  ShiftAll(step.reads, by);
  ShiftAll(step.join_on, by);
  ShiftAll(step.join_default, by);
  ShiftAll(step.joined_by, by);
  Shift(step.joins_fork, by);
  for (Branch& branch : step.branches) ShiftAll(branch.steps, by);
  if (step.otherwise.has_value()) ShiftAll(step.otherwise->steps, by);
}

// Expressions may read every step that there is when the steps are made.
void ReadOuterSteps(const Definition& definition, const AddedSteps& added, const Definition& own,
                    Step& step) {
  for (const std::string& root : step.input.roots()) {
    const StepIndex outer = own.Find(root) == kNoStep ? FindStep(definition, added, root) : kNoStep;
    if (outer != kNoStep) step.reads.push_back(outer);
  }
  std::sort(step.reads.begin(), step.reads.end());
}

// The step that a DYNAMIC one turned out to be takes its place.
void StandIn(const Step& maker, Step& step) {
  step.instead_of = maker.index;
  step.parent = maker.parent;
  step.branch = maker.branch;
  step.next = maker.next;
  step.joined_by = maker.joined_by;
}

// saga.md V3: beside a PIVOT nothing may run that has to be undone.
void CheckPivots(const Definition& own, const std::vector<StepSource>& sources,
                 MistakeList& mistakes) {
  if (own.roots.size() < 2) return;
  for (const Step& step : own.steps) {
    if (step.saga.kind != StepKind::kPivot) continue;
    mistakes.Add(JoinPath(sources[step.index].path, "saga"),
                 absl::StrCat("step '", step.reference,
                              "' is a PIVOT, so it must be the only one that is made (V3)"));
  }
}

// `own` holds the steps under numbers of their own.
class ListBuilder {
 public:
  ListBuilder(const Definition& definition, const AddedSteps& added, const Definition& own)
      : definition_(definition), added_(added), own_(own) {}

  void Build(const Inputs& inputs, StepList& list) {
    list.first = static_cast<StepIndex>(definition_.steps.size() + added_.count());
    list.steps = own_.steps;
    list.heads = own_.roots;
    ShiftAll(list.heads, list.first);
    for (Step& step : list.steps) {
      Renumber(step, list.first);
      ReadOuterSteps(definition_, added_, own_, step);
      const auto given = inputs.find(step.reference);
      if (given != inputs.end()) step.given_input = Payload(std::string(given->second));
    }
    const Step& maker = StepOf(definition_, added_, list.maker);
    const bool stands_in = maker.type == StepType::kDynamic;
    for (std::size_t i = 0; i < list.heads.size(); ++i) {
      Step& head = list.steps[list.heads[i] - list.first];
      head.parent = maker.index;
      head.branch = static_cast<std::uint32_t>(i);
      if (stands_in) StandIn(maker, head);
    }
  }

 private:
  const Definition& definition_;
  const AddedSteps& added_;
  const Definition& own_;
};

TaskDefinitionLookup LookupIn(const TaskDefinitions& definitions) {
  return [&definitions](const std::string& name) -> std::optional<std::string> {
    const auto found = definitions.find(name);
    if (found == definitions.end() || found->second.empty()) return std::nullopt;
    return std::string(found->second.text());
  };
}

}  // namespace

Payload ComposeStepList(std::string_view tasks, std::string_view inputs,
                        const TaskDefinitions& task_definitions) {
  std::string text = "{\"tasks\":";
  text.append(tasks);
  text.append(",\"inputs\":").append(inputs);
  text.append(",\"taskDefinitions\":{");
  bool first = true;
  for (const auto& [name, source] : task_definitions) {
    if (!std::exchange(first, false)) text.push_back(',');
    AppendJsonString(text, name);
    text.push_back(':');
    text.append(source.text_or_null());
  }
  text.append("}}");
  return Payload(std::move(text));
}

std::vector<std::string> TaskDefinitionsWanted(const Definition& definition, std::string_view tasks,
                                               const TaskDefinitions& known) {
  std::set<std::string> wanted;
  const TaskDefinitionLookup in_known = LookupIn(known);
  const TaskDefinitionLookup lookup = [&](const std::string& name) {
    if (!known.contains(name)) wanted.insert(name);
    return in_known(name);
  };
  MistakeList mistakes;
  Definition own;
  const ParseOptions options;
  ReadForkedSteps(tasks, {lookup, options, definition.undo_retry, mistakes, kForkedStepsMax}, own);
  return {wanted.begin(), wanted.end()};
}

Parsed<std::shared_ptr<const StepList>> CompileStepList(const Definition& definition,
                                                        const AddedSteps& added, StepIndex maker,
                                                        const Payload& source,
                                                        bool accepted_before) {
  MistakeList mistakes;
  Parsed<std::shared_ptr<const StepList>> parsed;
  const std::string_view object = TrimJson(source.text_or_null());
  const auto tasks = MemberOf(object, "tasks", JsonKind::kArray, mistakes);
  const auto given = MemberOf(object, "inputs", JsonKind::kObject, mistakes);
  const auto known = MemberOf(object, "taskDefinitions", JsonKind::kObject, mistakes);
  if (!mistakes.empty()) {
    parsed.mistakes = mistakes.mistakes();
    return parsed;
  }
  auto list = std::make_shared<StepList>();
  list->maker = maker;
  list->source = source;
  list->task_definitions = ReadTaskDefinitions(*known);
  const TaskDefinitionLookup lookup = LookupIn(list->task_definitions);
  Definition own;
  own.name_space = definition.name_space;
  own.name = definition.name;
  own.saga = definition.saga;
  // Of what sub-workflows hold nothing is known here: their run tells (saga.md V2).
  const ParseOptions options{.name_space = definition.name_space};
  const StepsContext context{lookup,
                             options,
                             definition.undo_retry,
                             mistakes,
                             kForkedStepsMax,
                             /*inputs_apart=*/true};
  const StepsResult result = ReadForkedSteps(*tasks, context, own);
  list->any_saga = result.any_saga;
  for (Step& step : own.steps) InheritUnknown(own.saga, step);
  LinkSteps(result.sources, own);
  if (!accepted_before) {
    CheckAddedGraph(own, result.sources, mistakes);
    CheckStepKinds(own, result.sources, mistakes);
    CheckSecrets(own, result.sources, mistakes);
    CheckPivots(own, result.sources, mistakes);
  }
  parsed.mistakes = mistakes.mistakes();
  parsed.warnings = mistakes.warnings();
  if (!mistakes.empty()) return parsed;
  Inputs inputs;
  for (JsonWalk walk(*given); walk.Next();) inputs[walk.key()] = walk.value();
  ListBuilder(definition, added, own).Build(inputs, *list);
  parsed.value = std::move(list);
  return parsed;
}

absl::Status CompileSteps(const Definition& definition, const AddedSteps& added,
                          StepsAdded& event) {
  if (event.compiled != nullptr) return absl::OkStatus();
  if (!HasStep(definition, added, event.step)) {
    return absl::InvalidArgumentError(
        absl::StrCat("added steps: there is no step ", event.step, " that could have made them"));
  }
  auto parsed =
      CompileStepList(definition, added, event.step, event.steps, /*accepted_before=*/true);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("added steps: ", FormatMistakes(parsed.mistakes, 10)));
  }
  event.compiled = *std::move(parsed.value);
  return absl::OkStatus();
}

}  // namespace skald::core
