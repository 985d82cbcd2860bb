#include "engine/core/definition_steps.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/definition_fields.h"
#include "engine/core/definition_saga.h"
#include "engine/core/definition_step_types.h"
#include "engine/core/definition_task.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

class StepsReader {
 public:
  StepsReader(const StepsContext& context, Definition& definition)
      : context_(context), definition_(definition) {}

  StepsResult Run(std::string_view tasks) {
    definition_.roots = List(tasks, "tasks", Place{});
    return std::move(result_);
  }

  StepsResult RunForked(std::string_view tasks) {
    std::uint32_t branch = 0;
    for (JsonWalk walk(tasks); walk.Next(); ++branch) {
      const std::string path = JoinPath("tasks", branch);
      if (!MayRead(walk.value(), path)) continue;
      definition_.roots.push_back(OneStep(walk.value(), path, {.branch = branch}));
    }
    return std::move(result_);
  }

 private:
  struct Lookup {
    TaskDefinition task;
    bool known = false;  // a task definition is registered
    bool warned = false;
  };
  struct Place {
    StepIndex parent = kNoStep;
    std::uint32_t branch = 0;
    std::size_t depth = 0;
  };

  std::vector<StepIndex> List(std::string_view list, const std::string& path, const Place& place) {
    std::vector<StepIndex> indexes;
    std::size_t position = 0;
    for (JsonWalk walk(list); walk.Next(); ++position) {
      const std::string step_path = JoinPath(path, position);
      if (!MayRead(walk.value(), step_path)) continue;
      const StepIndex index = OneStep(walk.value(), step_path, place);
      result_.sources[index].position = indexes.size();
      if (!indexes.empty()) definition_.steps[indexes.back()].next = index;
      indexes.push_back(index);
    }
    return indexes;
  }

  bool MayRead(std::string_view json, const std::string& path) {
    if (KindOf(json) != JsonKind::kObject) {
      context_.mistakes.Add(
          path, absl::StrCat("must be an object, not ", std::string(Describe(KindOf(json)))));
      return false;
    }
    if (definition_.steps.size() < context_.steps_max) return true;
    if (!too_many_) {
      const bool made = context_.steps_max != kStepsMax;
      context_.mistakes.Add(
          path, absl::StrCat("more than ",
                             FixedBound(made ? "kForkedStepsMax" : "kStepsMax", context_.steps_max),
                             " steps"));
    }
    too_many_ = true;
    return false;
  }

  StepIndex OneStep(std::string_view json, const std::string& path, const Place& place) {
    const auto index = static_cast<StepIndex>(definition_.steps.size());
    const Fields fields(json, path, context_.mistakes);
    Step step;
    step.index = index;
    step.parent = place.parent;
    step.branch = place.branch;
    StepSource source{.path = path, .undo_path = UndoPath(fields)};
    const bool known_type = ReadCommon(fields, step);
    if (known_type) {
      ReadTypeFields(fields, step, source);
      if (step.type == StepType::kDynamic) step.source = Payload(std::string(json));
      ReadTask(fields, step);
      if (!context_.inputs_apart) CheckTypeInput(fields, step);
      ReadChild(path, step);
      if (ReadStepSaga(fields, context_.undo_retry, step)) result_.any_saga = true;
      FillUndoTimeouts(path, step);
    }
    definition_.steps.push_back(std::move(step));
    result_.sources.push_back(std::move(source));
    if (known_type) Children(fields, index, place.depth);
    return index;
  }

  // The reference keeps cacheConfig and does nothing with it: what cannot be meant is warned of.
  void ReadCache(const Fields& fields, Step& step) {
    const auto object = fields.Find("cacheConfig");
    if (!object.has_value()) return;
    const auto key = FindMember(*object, "key");
    const auto ttl = FindMember(*object, "ttlInSecond");
    const std::int64_t seconds =
        ttl.has_value() && KindOf(*ttl) == JsonKind::kNumber ? IntegerOf(*ttl).value_or(0) : 0;
    if (!key.has_value() || KindOf(*key) != JsonKind::kString || seconds < 1 ||
        seconds > kDurationSecondsMax) {
      return fields.Warn("cacheConfig",
                         "a key (a text) and ttlInSecond from 1 on are needed: nothing is kept");
    }
    MistakeList ignored;
    Template compiled = Template::Compile(*key, fields.PathOf("cacheConfig.key"), ignored);
    if (!ignored.empty()) {
      return fields.Warn("cacheConfig", absl::StrCat("key: ", ignored.mistakes().front().message));
    }
    if (!compiled.secrets().empty()) {
      return fields.Warn("cacheConfig", "key: a secret cannot be part of it: nothing is kept");
    }
    step.cache = CacheRule{std::move(compiled), seconds * kSecondUs};
  }

  // Returns false when the type is none that this release carries out.
  bool ReadCommon(const Fields& fields, Step& step) {
    step.name = fields.Name("name");
    if (step.name.empty()) fields.Add("name", "WorkflowTask name cannot be empty or null");
    step.reference = fields.Name("taskReferenceName");
    if (step.reference.empty()) {
      fields.Add("taskReferenceName",
                 "WorkflowTask taskReferenceName name cannot be empty or null");
    }
    const auto defined = [this](const std::string& name) {
      Registered(name);
      return registered_.at(name).known;
    };
    const auto type = ReadStepType(fields, defined, step);
    if (!type.has_value()) return false;
    step.type = *type;
    if (const auto input = fields.Object("inputParameters"); input.has_value()) {
      step.input = Template::Compile(*input, fields.PathOf("inputParameters"), context_.mistakes);
    }
    step.optional = fields.Boolean("optional", false);
    step.start_delay_us = fields.Seconds("startDelay").value_or(0);
    step.permissive = fields.Boolean("permissive", false);
    step.async_complete = fields.Boolean("asyncComplete", false);
    ReadCache(fields, step);
    return true;
  }

  void ReadTask(const Fields& fields, Step& step) {
    const bool elsewhere = IsDoneElsewhere(step, Operation::kAction);
    if (IsChoice(step.type) || !elsewhere) {
      step.task = WithoutDefinition(step.name);
      return;
    }
    const auto embedded = fields.Object("taskDefinition");
    step.embedded_task = embedded.has_value();
    if (embedded.has_value()) {
      step.task =
          ReadTaskDefinition(Fields(*embedded, fields.PathOf("taskDefinition"), context_.mistakes),
                             *embedded, step.name, DefinitionOrigin::kEmbedded);
    } else {
      step.task = TaskDefinitionFor(step);
    }
    ReadRetryCount(fields, step);
    ReadInputTemplate(fields, step);
  }

  static void ReadRetryCount(const Fields& fields, Step& step) {
    const auto count = fields.IntegerIn("retryCount", 0, kRetryCountMax);
    if (count.has_value()) step.task.retry.retry_count = static_cast<std::int32_t>(*count);
  }

  // The expressions of an inputTemplate are evaluated with the step's own (conductor.md 3.13). A
  // template without any is merged into the evaluated input, which costs the definition nothing.
  void ReadInputTemplate(const Fields& fields, Step& step) {
    const std::string_view defaults = step.task.input_template.text();
    if (defaults.find('{', 1) == std::string_view::npos) return;
    MistakeList mistakes;
    if (Template::Compile(defaults, "", mistakes).is_constant() && mistakes.empty()) return;
    step.input = Template::Compile(MergeDefaults(step.input.source(), defaults),
                                   fields.PathOf("inputParameters"), context_.mistakes);
  }

  // The definition of the step's name; else, for a type of its own, that of the type.
  TaskDefinition TaskDefinitionFor(const Step& step) {
    const TaskDefinition& by_name = Registered(step.name);
    if (registered_.at(step.name).known) return by_name;
    if (step.type != StepType::kSimple) return WithoutDefinition(step.name);
    return step.task_type == step.name ? by_name : Registered(step.task_type);
  }

  // Of a step that is no worker's and has no task definition: no retries (conductor.md 1.5).
  static TaskDefinition WithoutDefinition(const std::string& name) {
    TaskDefinition task = DefaultTaskDefinition(name);
    task.retry.retry_count = 0;
    task.response_timeout_us = 0;
    return task;
  }

  // A literal name without a version means the newest version there is when the workflow begins
  // (conductor.md 1.5).
  void ReadChild(const std::string& path, Step& step) {
    if (step.type != StepType::kSubWorkflow) return;
    if (!step.child.definition.empty()) return ReadChildInPlace(step);
    const std::string_view values = step.child.values.source();
    const auto name = FindMember(values, "name");
    const bool by_expression = FindMember(values, "workflowDefinition").has_value();
    if (!name.has_value() || by_expression || KindOf(*name) != JsonKind::kString) return;
    const std::string text = StringOf(*name);
    const auto version = LiteralVersion(values);
    if (text.find("${") != std::string::npos || !version.has_value()) return;
    if (context_.options.children == nullptr) return;
    const std::optional<ChildInfo> child = context_.options.children(text, *version);
    if (child.has_value()) {
      step.child.has_pivot = child->has_pivot;
      if (*version == 0) step.child.latest_version = child->version;
    } else if (*version == 0 && context_.options.begins) {
      context_.mistakes.Add(
          JoinPath(path, "subWorkflowParam"),
          absl::StrCat("No such workflow defined. name=", text, ", version=null"));
    }
  }

  // 0 = none is given; nullopt: an expression.
  static std::optional<std::int32_t> LiteralVersion(std::string_view values) {
    const auto version = FindMember(values, "version");
    if (!version.has_value()) return 0;
    std::string text(*version);
    if (KindOf(*version) == JsonKind::kString) text = StringOf(*version);
    if (text.empty()) return 0;
    std::int32_t number = 0;
    if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
    return number;
  }

  // Its mistakes are told when it is started.
  void ReadChildInPlace(Step& step) {
    ParseOptions options = context_.options;
    options.begins = false;
    options.accepted_before = true;
    const Parsed<Definition> child =
        ParseDefinition(step.child.definition.text(), context_.lookup, options);
    if (child.ok()) step.child.has_pivot = HasPivot(*child.value);
  }

  const TaskDefinition& Registered(const std::string& name) {
    const auto known = registered_.find(name);
    if (known != registered_.end()) return known->second.task;
    TaskDefinition task = DefaultTaskDefinition(name);
    const auto json = context_.lookup == nullptr ? std::nullopt : context_.lookup(name);
    if (json.has_value()) {
      Parsed<TaskDefinition> parsed = ParseTaskDefinition(*json);
      if (parsed.ok()) {
        task = *std::move(parsed.value);
      } else {
        context_.mistakes.Add("", absl::StrCat("the registered task definition ", name,
                                               " is damaged: ", parsed.mistakes.front().message));
      }
    }
    const Lookup found{.task = std::move(task), .known = json.has_value()};
    return registered_.emplace(name, found).first->second.task;
  }

  // An undo's own bounds, else those of its task definition.
  void FillUndoTimeouts(const std::string& path, Step& step) {
    if (step.saga.probe.has_value()) Registered(step.saga.probe->task_type);
    if (!step.saga.undo.has_value() || step.saga.undo->type == StepType::kSubWorkflow) return;
    Undo& undo = *step.saga.undo;
    const TaskDefinition& task = Registered(undo.task_type);
    if (undo.timeout_us == 0) undo.timeout_us = task.timeout_us;
    if (undo.response_timeout_us == 0) undo.response_timeout_us = task.response_timeout_us;
    Lookup& found = registered_.at(undo.task_type);
    const bool of_worker = undo.type == StepType::kSimple;
    if (of_worker && !found.known && !found.warned && context_.lookup != nullptr) {
      context_.mistakes.Warn(
          path, absl::StrCat("the undo task ", undo.task_type, " has no task definition (V10)"));
      found.warned = true;
    }
  }

  void Children(const Fields& fields, StepIndex index, std::size_t depth) {
    const StepType type = definition_.steps[index].type;
    const bool holds = type == StepType::kForkJoin || type == StepType::kDoWhile || IsChoice(type);
    if (!holds) return;
    if (depth + 1 > kStepNestingMax) {
      context_.mistakes.Add(
          fields.path(), absl::StrCat("nested deeper than ",
                                      FixedBound("kStepNestingMax", kStepNestingMax), " levels"));
      return;
    }
    if (type == StepType::kForkJoin) {
      ForkBranches(fields, index, depth + 1);
    } else if (type == StepType::kDoWhile) {
      LoopBody(fields, index, depth + 1);
    } else {
      SwitchCases(fields, index, depth + 1);
    }
  }

  void ForkBranches(const Fields& fields, StepIndex index, std::size_t depth) {
    const auto list = fields.List("forkTasks");
    if (!list.has_value()) return;
    const std::string path = fields.PathOf("forkTasks");
    std::uint32_t number = 0;
    for (JsonWalk walk(*list); walk.Next(); ++number) {
      if (number >= kBranchesMax) return TooManyBranches(path);
      const std::string branch_path = JoinPath(path, number);
      if (KindOf(walk.value()) != JsonKind::kArray) {
        context_.mistakes.Add(branch_path, "must be a list of steps");
        continue;
      }
      Branch branch{"", List(walk.value(), branch_path, {index, number, depth})};
      definition_.steps[index].branches.push_back(std::move(branch));
    }
  }

  void LoopBody(const Fields& fields, StepIndex index, std::size_t depth) {
    const auto list = fields.List("loopOver");
    if (!list.has_value()) return;
    Branch body{"", List(*list, fields.PathOf("loopOver"), {index, 0, depth})};
    definition_.steps[index].branches.push_back(std::move(body));
  }

  void SwitchCases(const Fields& fields, StepIndex index, std::size_t depth) {
    std::uint32_t number = 0;
    if (const auto cases = fields.Object("decisionCases"); cases.has_value()) {
      const Fields members(*cases, fields.PathOf("decisionCases"), context_.mistakes);
      for (const auto& [key, value] : members.members()) {
        if (number >= kBranchesMax) return TooManyBranches(members.path());
        const auto list = members.List(key);
        Branch branch{key, {}};
        if (list.has_value())
          branch.steps = List(*list, members.PathOf(key), {index, number, depth});
        definition_.steps[index].branches.push_back(std::move(branch));
        ++number;
      }
    }
    if (const auto list = fields.List("defaultCase"); list.has_value()) {
      Branch branch{"", List(*list, fields.PathOf("defaultCase"), {index, number, depth})};
      definition_.steps[index].otherwise = std::move(branch);
    }
  }

  void TooManyBranches(const std::string& path) {
    context_.mistakes.Add(
        path, absl::StrCat("more than ", FixedBound("kBranchesMax", kBranchesMax), " branches"));
  }

  const StepsContext& context_;
  Definition& definition_;
  StepsResult result_;
  std::map<std::string, Lookup> registered_;
  bool too_many_ = false;
};

}  // namespace

StepsResult ReadSteps(std::string_view tasks, const StepsContext& context, Definition& definition) {
  return StepsReader(context, definition).Run(tasks);
}

StepsResult ReadForkedSteps(std::string_view tasks, const StepsContext& context,
                            Definition& definition) {
  return StepsReader(context, definition).RunForked(tasks);
}

}  // namespace skald::core
