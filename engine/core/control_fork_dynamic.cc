// FORK_JOIN_DYNAMIC (conductor.md 2.5): the input says what is forked, in one
// of three styles; each element becomes a branch of its own, and the JOIN
// behind the fork waits for all of them.
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/control.h"
#include "engine/core/definition_step_types.h"
#include "engine/core/java_text.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// The member, when it is of that kind.
std::optional<std::string_view> MemberOf(std::string_view object, std::string_view key,
                                         JsonKind kind) {
  const auto value = FindMember(object, key);
  if (!value.has_value()) return std::nullopt;
  const std::string_view text = TrimJson(*value);
  return KindOf(text) == kind ? std::optional(text) : std::nullopt;
}

std::optional<std::string> TextOf(std::string_view object, std::string_view key) {
  const auto value = MemberOf(object, key, JsonKind::kString);
  return value.has_value() ? std::optional(StringOf(*value)) : std::nullopt;
}

std::string JavaTextOf(std::string_view object, std::string_view key) {
  return JavaText(FindMember(object, key).value_or("null"));
}

void AppendMember(std::string& object, std::string_view key, std::string_view json) {
  if (object.size() > 1) object.push_back(',');
  AppendJsonString(object, key);
  object.push_back(':');
  object.append(json);
}
void AppendText(std::string& object, std::string_view key, std::string_view text) {
  if (object.size() > 1) object.push_back(',');
  AppendJsonString(object, key);
  object.push_back(':');
  AppendJsonString(object, text);
}

// What the styles have in common: the lists grow by one branch after the other.
class PlanWriter {
 public:
  void Add(std::string_view reference, std::string_view step) {
    if (!first_) {
      plan_.tasks.push_back(',');
      plan_.references.push_back(',');
    }
    first_ = false;
    plan_.tasks.append(step);
    AppendJsonString(plan_.references, reference);
    ++branches_;
  }
  void AddInput(std::string_view reference, std::string_view input) {
    AppendMember(inputs_, reference, input);
  }
  std::size_t branches() const { return branches_; }

  StepPlan Finish() && {
    plan_.tasks.push_back(']');
    plan_.references.push_back(']');
    plan_.inputs = inputs_ + "}";
    return std::move(plan_);
  }

 private:
  StepPlan plan_{.tasks = "[", .inputs = "{}", .references = "[", .must_exist = ""};
  std::string inputs_ = "{";
  bool first_ = true;
  std::size_t branches_ = 0;
};

// ---- the simple style: one kind of task for every element of forkTaskInputs ------------------

struct SimpleStyle {
  std::string name;
  std::string type;
  std::string prefix;  // of the references
  std::optional<std::string> workflow;
  std::string workflow_version;  // JSON number; "" = the newest
  bool optional = false;
};

// The reference takes the version as a text; a number is meant no otherwise.
std::string VersionOf(std::string_view input) {
  const std::string text =
      TextOf(input, "forkTaskWorkflowVersion")
          .value_or(
              std::string(TrimJson(FindMember(input, "forkTaskWorkflowVersion").value_or(""))));
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return digits && text.size() < 10 ? absl::StrCat(std::stoll(text)) : "";
}

// A dynamic fork has been carried out in this workflow before.
bool HasForked(const Definition& definition, const State& state) {
  for (const auto& list : state.added.lists()) {
    const StepType type = StepOf(definition, state, list->maker).type;
    if (type == StepType::kForkJoinDynamic) return true;
  }
  return false;
}

SimpleStyle ReadSimpleStyle(const Step& maker, std::string_view input, bool has_forked) {
  SimpleStyle style;
  const std::optional<std::string> type = TextOf(input, "forkTaskType");
  std::optional<std::string> name = TextOf(input, "forkTaskName");
  const bool built_in = type.has_value() && *type != "SIMPLE" && StepTypeNamed(*type).has_value();
  if (!name.has_value() && built_in) name = type;
  style.name = name.value_or(maker.reference);
  style.type = type.value_or("SIMPLE");
  style.prefix = absl::StrCat("_", has_forked ? maker.reference + "_" : "", style.name, "_");
  style.workflow = TextOf(input, "forkTaskWorkflow");
  style.workflow_version = VersionOf(input);
  style.optional = maker.optional;
  return style;
}

// An element that is a map is read as a step too: of what it says, these count.
void AppendOwnFields(std::string_view element, std::string& step) {
  constexpr std::pair<std::string_view, JsonKind> kFields[] = {
      {"permissive", JsonKind::kTrue},
      {"asyncComplete", JsonKind::kTrue},
      {"startDelay", JsonKind::kNumber},
      {"retryCount", JsonKind::kNumber},
      {"taskDefinition", JsonKind::kObject},
      {"subWorkflowParam", JsonKind::kObject},
      {"sink", JsonKind::kString}};
  for (const auto& [key, kind] : kFields) {
    const auto value = MemberOf(element, key, kind);
    if (value.has_value()) AppendMember(step, key, *value);
  }
}

std::string SubWorkflowParam(const SimpleStyle& style, std::string_view element) {
  std::string param = "{";
  AppendText(param, "name", *style.workflow);
  if (!style.workflow_version.empty()) AppendMember(param, "version", style.workflow_version);
  const auto domains = MemberOf(element, "taskToDomain", JsonKind::kObject);
  if (domains.has_value()) AppendMember(param, "taskToDomain", *domains);
  return param + "}";
}

std::string SimpleStep(const SimpleStyle& style, std::string_view reference,
                       std::string_view element) {
  const bool is_map = KindOf(element) == JsonKind::kObject;
  std::string step = "{";
  AppendText(step, "name", style.workflow.value_or(style.name));
  AppendText(step, "taskReferenceName", reference);
  AppendText(step, "type", style.workflow.has_value() ? "SUB_WORKFLOW" : style.type);
  const bool optional =
      style.optional || (is_map && MemberOf(element, "optional", JsonKind::kTrue).has_value());
  if (optional) AppendMember(step, "optional", "true");
  if (is_map) AppendOwnFields(element, step);
  if (style.workflow.has_value()) {
    step = OverlayMembers(step + "}", "{\"subWorkflowParam\":" +
                                          SubWorkflowParam(style, is_map ? element : "{}") + "}");
    return step;
  }
  return step + "}";
}

StepPlan PlanSimple(const SimpleStyle& style, std::string_view elements) {
  PlanWriter writer;
  for (JsonWalk walk(elements); walk.Next();) {
    const std::string_view element = TrimJson(walk.value());
    const std::string index = absl::StrCat(writer.branches());
    const std::string reference = style.prefix + index;
    const bool is_map = KindOf(element) == JsonKind::kObject;
    std::string input = is_map ? std::string(element) : "{";
    if (!is_map) {
      AppendMember(input, "input", element);
      input.push_back('}');
    }
    writer.AddInput(reference, OverlayMembers(input, "{\"__index\":" + index + "}"));
    writer.Add(reference, SimpleStep(style, reference, element));
  }
  return std::move(writer).Finish();
}

// ---- a list of steps, and a map of their inputs ----------------------------------------------

absl::StatusOr<StepPlan> PlanTaskList(const ForkParameters& fork, std::string_view input) {
  const auto tasks = MemberOf(input, fork.tasks, JsonKind::kArray);
  PlanWriter writer;
  bool readable = tasks.has_value();
  if (readable) {
    for (JsonWalk walk(*tasks); readable && walk.Next();) {
      const std::string_view step = TrimJson(walk.value());
      const std::optional<std::string> reference = TextOf(step, "taskReferenceName");
      readable = reference.has_value();
      if (readable) writer.Add(*reference, step);
    }
  }
  if (!readable) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Input '", fork.tasks, "' is invalid. Cannot deserialize a list of Workflow Tasks from '",
        JavaTextOf(input, fork.tasks), "'"));
  }
  const auto inputs = MemberOf(input, fork.inputs, JsonKind::kObject);
  if (!inputs.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Input to the dynamically forked tasks is not a map -> "
                     "expecting a map of K,V  but found ",
                     JavaTextOf(input, fork.inputs)));
  }
  for (JsonWalk walk(*inputs); walk.Next();) {
    const std::string_view given = TrimJson(walk.value());
    if (KindOf(given) == JsonKind::kNull) continue;
    if (KindOf(given) != JsonKind::kObject) {
      return absl::InvalidArgumentError(
          absl::StrCat("Tasks could not be dynamically forked due to invalid input: ", walk.key(),
                       " is not a map but ", JavaText(given)));
    }
    writer.AddInput(walk.key(), given);
  }
  return std::move(writer).Finish();
}

// ---- the legacy style ------------------------------------------------------------------------

absl::StatusOr<StepPlan> PlanLegacy(const ForkParameters& fork, std::string_view input) {
  const auto list = MemberOf(input, fork.legacy, JsonKind::kObject);
  const auto tasks =
      list.has_value() ? MemberOf(*list, "dynamicTasks", JsonKind::kArray) : std::nullopt;
  if (!tasks.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Dynamic tasks could not be created. The value of ", fork.legacy, " from task's input ",
        JavaText(input), " has no dynamic tasks to be scheduled"));
  }
  PlanWriter writer;
  for (JsonWalk walk(*tasks); walk.Next();) {
    const std::string_view one = TrimJson(walk.value());
    const std::string reference = TextOf(one, "referenceName").value_or("");
    const std::string name = TextOf(one, "taskName").value_or("");
    std::string step = "{";
    AppendText(step, "name", name);
    AppendText(step, "taskReferenceName", reference);
    AppendText(step, "type", TextOf(one, "type").value_or("SIMPLE"));
    const std::optional<std::string> workflow = TextOf(one, "workflowName");
    if (workflow.has_value()) {
      std::string param = "{";
      AppendText(param, "name", *workflow);
      AppendMember(step, "subWorkflowParam", param + "}");
    }
    writer.Add(reference, step + "}");
    const auto given = MemberOf(one, "input", JsonKind::kObject);
    if (given.has_value()) writer.AddInput(reference, *given);
  }
  return std::move(writer).Finish();
}

// ---- all styles ------------------------------------------------------------------------------

// The step of that reference has been run in the iteration in which the fork
// stands.
bool IsTaken(const std::string& reference, const StepsRequest& request,
             const Definition& definition, const State& state) {
  const StepIndex step = FindStep(definition, state, reference);
  if (step == kNoStep) return false;
  if (step < definition.steps.size()) return true;
  const RunNumber run = state.LatestRun(step);
  return run != 0 && state.run(run).iteration == request.iteration;
}

absl::Status CheckReferences(const StepPlan& plan, const StepsRequest& request,
                             const Definition& definition, const State& state) {
  std::set<std::string> seen;
  for (JsonWalk walk(plan.tasks); walk.Next();) {
    const std::string reference = TextOf(walk.value(), "taskReferenceName").value_or("");
    if (seen.insert(reference).second && !IsTaken(reference, request, definition, state)) continue;
    return absl::AlreadyExistsError(absl::StrCat(
        "No dynamic tasks could be created for the Workflow: ", state.start.name, ".",
        state.start.version, "/", state.id.ToString(),
        ", Dynamic Fork Task: ", TextOf(walk.value(), "name").value_or(""), "/", reference,
        " attempted to create a duplicate task reference name: ", reference));
  }
  if (seen.size() > kForkedStepsMax) {
    return absl::ResourceExhaustedError(absl::StrCat(seen.size(), " branches, more than ",
                                                     FixedBound("kForkedStepsMax", kForkedStepsMax),
                                                     kBoundHint));
  }
  return absl::OkStatus();
}

absl::StatusOr<StepPlan> PlanByStyle(const Step& maker, std::string_view input, bool has_forked) {
  const auto elements = MemberOf(input, "forkTaskInputs", JsonKind::kArray);
  if (elements.has_value()) {
    return PlanSimple(ReadSimpleStyle(maker, input, has_forked), *elements);
  }
  return maker.fork.tasks.empty() ? PlanLegacy(maker.fork, input) : PlanTaskList(maker.fork, input);
}

}  // namespace

absl::StatusOr<StepPlan> PlanDynamicFork(const Step& maker, const StepsRequest& request,
                                         const Definition& definition, const State& state) {
  absl::StatusOr<StepPlan> plan =
      PlanByStyle(maker, TrimJson(request.input.text()), HasForked(definition, state));
  if (!plan.ok()) return plan;
  absl::Status references = CheckReferences(*plan, request, definition, state);
  if (!references.ok()) return references;
  return plan;
}

void CarryOutDynamicFork(const StepsRequest& request, const StepPlan& plan, Draft& draft) {
  const Step& fork = draft.StepAt(request.step);
  TaskScheduled task = FirstAttempt(fork, request.after, draft);
  task.iteration = request.iteration;
  task.input =
      Payload(OverlayMembers(request.input.text(), "{\"forkedTasks\":" + plan.references +
                                                       ",\"forkedTaskDefs\":" + plan.tasks + "}"));
  BeginBranches(fork, std::move(task), draft.state().added.NewestOf(fork.index)->heads, draft);
}

}  // namespace skald::core
