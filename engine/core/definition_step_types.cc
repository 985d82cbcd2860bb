#include "engine/core/definition_step_types.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/wait_time.h"

namespace skald::core {
namespace {

constexpr std::array<std::pair<std::string_view, StepType>, 25> kTypes = {{
    {"SIMPLE", StepType::kSimple},
    {"DYNAMIC", StepType::kDynamic},
    {"SWITCH", StepType::kSwitch},
    {"FORK_JOIN", StepType::kForkJoin},
    {"FORK_JOIN_DYNAMIC", StepType::kForkJoinDynamic},
    {"JOIN", StepType::kJoin},
    {"EXCLUSIVE_JOIN", StepType::kExclusiveJoin},
    {"SET_VARIABLE", StepType::kSetVariable},
    {"TERMINATE", StepType::kTerminate},
    {"WAIT", StepType::kWait},
    {"INLINE", StepType::kInline},
    {"LAMBDA", StepType::kLambda},
    {"JSON_JQ_TRANSFORM", StepType::kJqTransform},
    {"HTTP", StepType::kHttp},
    {"GRPC", StepType::kGrpc},
    {"NOOP", StepType::kNoop},
    {"HUMAN", StepType::kHuman},
    {"EVENT", StepType::kEvent},
    {"DECISION", StepType::kDecision},
    {"DO_WHILE", StepType::kDoWhile},
    {"SUB_WORKFLOW", StepType::kSubWorkflow},
    {"START_WORKFLOW", StepType::kStartWorkflow},
    {"PULL_WORKFLOW_MESSAGES", StepType::kPullMessages},
    {"UPDATE_TASK", StepType::kUpdateTask},
    {"GET_WORKFLOW", StepType::kGetWorkflow},
}};

// Types of the reference and of saga.md that later releases build.
constexpr std::array<std::string_view, 2> kNotBuilt = {"KAFKA_PUBLISH", "SAGA_SCOPE"};

// Types that the reference's server does not know: a worker's for whoever has a task definition of
// that name.
constexpr std::array<std::string_view, 3> kBuiltInUnlessDefined = {"GRPC", "UPDATE_TASK",
                                                                   "GET_WORKFLOW"};

// Types of the reference that external workers serve under their own name (conductor.md 2.22).
constexpr std::array<std::string_view, 18> kServedByWorkers = {
    "LLM_TEXT_COMPLETE",  "LLM_CHAT_COMPLETE",    "LLM_GENERATE_EMBEDDINGS",
    "LLM_INDEX_TEXT",     "LLM_STORE_EMBEDDINGS", "LLM_SEARCH_EMBEDDINGS",
    "LLM_GET_EMBEDDINGS", "LLM_SEARCH_INDEX",     "GENERATE_IMAGE",
    "GENERATE_AUDIO",     "GENERATE_VIDEO",       "GENERATE_PDF",
    "LIST_MCP_TOOLS",     "CALL_MCP_TOOL",        "AGENT",
    "GET_AGENT_CARD",     "CANCEL_AGENT",         "JDBC"};

template <std::size_t kCount>
bool Has(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string OfType(const Step& step) {
  return absl::StrCat(" for taskType: ", std::string(Name(step.type)), " taskName: ", step.name);
}
std::string Required(std::string_view field, const Step& step) {
  return absl::StrCat(std::string(field), " field is required", OfType(step));
}
std::string AtLeastOne(std::string_view field, const Step& step) {
  return absl::StrCat(std::string(field), " should have atleast one task", OfType(step));
}

bool IsEmptyContainer(std::string_view container) { return !JsonWalk(container).Next(); }

void ReadCases(const Fields& fields, const Step& step) {
  const auto cases = fields.Object("decisionCases");
  if (!fields.Has("decisionCases")) {
    fields.Add("decisionCases", Required("decisionCases", step));
  } else if (cases.has_value() && IsEmptyContainer(*cases)) {
    fields.Add("decisionCases", AtLeastOne("decisionCases", step));
  }
}

void ReadDynamic(const Fields& fields, Step& step) {
  step.name_parameter = fields.Text("dynamicTaskNameParam");
  if (step.name_parameter.empty()) {
    fields.Add("dynamicTaskNameParam", Required("dynamicTaskNameParam", step));
  }
}

// What the runner of INLINE is told of a script.
Payload ScriptSettings(std::string_view evaluator, std::string_view expression) {
  std::string settings = "{\"evaluatorType\":";
  AppendJsonString(settings, evaluator);
  settings.append(",\"expression\":");
  AppendJsonString(settings, expression);
  settings.push_back('}');
  return Payload(std::move(settings));
}

void SetScript(std::string_view evaluator, std::string_view expression, Step& step) {
  step.runner = Name(StepType::kInline);
  step.settings = ScriptSettings(evaluator, expression);
}

bool IsScript(std::string_view evaluator) {
  return evaluator == "javascript" || evaluator == "graaljs";
}

void ReadSwitch(const Fields& fields, Step& step) {
  const std::string evaluator = fields.Text("evaluatorType");
  const std::string expression = fields.Text("expression");
  if (evaluator.empty()) {
    fields.Add("evaluatorType", Required("evaluatorType", step));
  } else if (evaluator != "value-param" && !IsScript(evaluator)) {
    fields.Add("evaluatorType", absl::StrCat("No evaluator registered for type: ",
                                             evaluator.substr(0, kNameBytesMax),
                                             "; one of value-param, javascript, graaljs"));
  }
  if (expression.empty()) {
    fields.Add("expression", Required("expression", step));
  } else if (IsScript(evaluator)) {
    SetScript(evaluator, expression, step);
  } else {
    step.switch_parameter = expression;
  }
  if (evaluator == "value-param" && !expression.empty() &&
      !FindMember(TrimJson(step.input.source()), expression).has_value()) {
    fields.Warn("expression", absl::StrCat("inputParameters has no '", expression,
                                           "', so the value will be null"));
  }
  ReadCases(fields, step);
}

void ReadDecision(const Fields& fields, Step& step) {
  const std::string expression = fields.Text("caseExpression");
  step.switch_parameter = fields.Text("caseValueParam");
  if (!expression.empty()) {
    SetScript("javascript", expression, step);
  } else if (step.switch_parameter.empty()) {
    fields.Add("caseValueParam", Required("caseValueParam or caseExpression", step));
  }
  ReadCases(fields, step);
}

void CheckKeepLast(const Fields& fields) {
  const auto object = fields.Object("inputParameters");
  if (!object.has_value()) return;
  const Fields input(*object, fields.PathOf("inputParameters"), fields.mistakes());
  const auto value = input.Find("keepLastN");
  if (!value.has_value() || KindOf(*value) != JsonKind::kNumber) return;
  input.IntegerIn("keepLastN", 1, static_cast<std::int64_t>(kEventsPerWorkflowMax));
}

// The condition is always JavaScript, whatever the evaluatorType says (conductor.md 2.9).
void ReadLoop(const Fields& fields, Step& step) {
  const bool listed =
      fields.Has("items") || FindMember(TrimJson(step.input.source()), "_items").has_value();
  const std::string condition = fields.Text("loopCondition");
  if (!fields.Has("loopCondition") && !listed) {
    fields.Add("loopCondition", Required("loopCondition", step));
  }
  if (condition.find_first_not_of(" \t\r\n") != std::string::npos) {
    step.settings = ScriptSettings("javascript", condition);
  }
  if (const auto items = fields.Find("items"); items.has_value()) {
    step.items = Template::Compile(*items, fields.PathOf("items"), fields.mistakes());
  }
  const auto body = fields.List("loopOver");
  if (!fields.Has("loopOver") || (body.has_value() && IsEmptyContainer(*body))) {
    fields.Add("loopOver", Required("loopOver", step));
  }
  CheckKeepLast(fields);
}

// gRPC's status code names, as far as they are failures (docs/grpc-step.md).
constexpr std::array<std::string_view, 16> kGrpcFailures = {
    "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",   "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",         "DATA_LOSS",
    "UNAUTHENTICATED"};

// Status code → what an attempt that ended with it did.
void CheckOutcome(const Fields& fields) {
  const auto outcome = fields.Object("outcome");
  if (!outcome.has_value()) return;
  const Fields codes(*outcome, fields.PathOf("outcome"), fields.mistakes());
  for (const auto& [code, value] : codes.members()) {
    if (std::find(kGrpcFailures.begin(), kGrpcFailures.end(), code) == kGrpcFailures.end()) {
      codes.Add(code, "no status code of a failed gRPC call; expected a name such as ABORTED");
    }
    codes.Choice<Effect>(
        code, Effect::kUnknown,
        {{"NONE", Effect::kNone}, {"APPLIED", Effect::kApplied}, {"UNKNOWN", Effect::kUnknown}});
  }
}

// What a runner may read of the step itself beside its input.
void ReadRunner(const Fields& fields, Step& step) {
  step.runner = Name(step.type);
  step.settings = RunnerSettings(step.type, fields);
}

// True when the step's own input or the template of its task definition has the entry.
bool HasInput(const Step& step, std::string_view key) {
  return FindMember(TrimJson(step.input.source()), key).has_value() ||
         FindMember(step.task.input_template.text(), key).has_value();
}

void CheckHttp(const Fields& fields, const Step& step) {
  if (HasInput(step, "http_request") || HasInput(step, "uri") || HasInput(step, "method")) return;
  fields.Add("inputParameters",
             Required("inputParameters.http_request or inputParameters.uri", step));
}

void CheckJq(const Fields& fields, const Step& step) {
  if (HasInput(step, "queryExpression") || fields.Has("queryExpression")) return;
  fields.Add("inputParameters", Required("queryExpression", step));
}

void ReadEvent(const Fields& fields, Step& step) {
  const std::string sink = fields.Text("sink");
  if (sink.empty()) {
    fields.Add("sink", Required("sink", step));
    return;
  }
  step.sink = Template::Compile(*fields.Find("sink"), fields.PathOf("sink"), fields.mistakes());
  const bool known = sink == "conductor" || sink.rfind("conductor:", 0) == 0;
  if (!known && sink.find("${") == std::string::npos) {
    fields.Warn("sink", absl::StrCat("the step will fail: only the sink conductor can be reached, "
                                     "not ",
                                     sink.substr(0, kNameBytesMax)));
  }
}

void ReadFork(const Fields& fields, const Step& step) {
  const auto list = fields.List("forkTasks");
  const bool empty = list.has_value() && IsEmptyContainer(*list);
  if (empty || !fields.Has("forkTasks")) fields.Add("forkTasks", AtLeastOne("forkTasks", step));
}

void ReadDynamicFork(const Fields& fields, Step& step) {
  step.fork = {.tasks = fields.Text("dynamicForkTasksParam"),
               .inputs = fields.Text("dynamicForkTasksInputParamName"),
               .legacy = fields.Text("dynamicForkJoinTasksParam")};
  const bool any = !step.fork.tasks.empty() || !step.fork.inputs.empty();
  // The simple style needs no parameters.
  const bool simple = FindMember(TrimJson(step.input.source()), "forkTaskInputs").has_value();
  if (!step.fork.legacy.empty() && any) {
    fields.Add("dynamicForkJoinTasksParam",
               "dynamicForkJoinTasksParam or combination of "
               "dynamicForkTasksInputParamName and "
               "dynamicForkTasksParam cam be used" +
                   OfType(step));
  }
  if (simple || !step.fork.legacy.empty()) return;
  for (const char* field : {"dynamicForkTasksParam", "dynamicForkTasksInputParamName"}) {
    if (fields.Text(field).empty()) fields.Add(field, Required(field, step));
  }
}

std::vector<std::string> JoinNames(const Fields& fields, std::string_view key) {
  std::vector<std::string> names = fields.Texts(key);
  if (names.size() > kJoinOnMax) {
    fields.Add(key, absl::StrCat("more than ", FixedBound("kJoinOnMax", kJoinOnMax), " names"));
    names.resize(kJoinOnMax);
  }
  return names;
}

void ReadTerminate(const Fields& fields, Step& step) {
  if (fields.Boolean("optional", false)) {
    fields.Add("optional",
               absl::StrCat("terminate task cannot be optional, taskName: ", step.name));
  }
  const auto value = FindMember(TrimJson(step.input.source()), "terminationStatus");
  const std::string path = JoinPath(fields.PathOf("inputParameters"), "terminationStatus");
  if (!value.has_value() || KindOf(*value) != JsonKind::kString) {
    fields.mistakes().Add(path, Required("inputParameters.terminationStatus", step));
    return;
  }
  const std::string status = StringOf(*value);
  for (const WorkflowStatus known :
       {WorkflowStatus::kCompleted, WorkflowStatus::kFailed, WorkflowStatus::kTerminated}) {
    if (status != Name(known)) continue;
    step.termination_status = known;
    return;
  }
  fields.mistakes().Add(path,
                        absl::StrCat("terminate task status '", status.substr(0, kNameBytesMax),
                                     "' must be COMPLETED, FAILED or TERMINATED, literally"));
}

void CheckWaitText(const Fields& input, std::string_view key) {
  const auto value = input.Find(key);
  if (!value.has_value()) return;
  const std::string text = input.Text(key);
  if (text.find("${") != std::string::npos) return;
  const absl::Status status =
      key == "duration" ? ParseWaitDuration(text).status() : ParseWaitUntil(text).status();
  if (KindOf(*value) == JsonKind::kString && !status.ok()) {
    input.Add(key, std::string(status.message()));
  }
}

void ReadWait(const Fields& fields) {
  const auto object = fields.Object("inputParameters");
  if (!object.has_value()) return;
  const Fields input(*object, fields.PathOf("inputParameters"), fields.mistakes());
  if (input.Has("duration") && input.Has("until")) {
    fields.Add("inputParameters",
               "Both 'duration' and 'until' specified. Please provide only one input");
  }
  CheckWaitText(input, "duration");
  CheckWaitText(input, "until");
}

// What of subWorkflowParam may hold expressions, as one object (conductor.md 2.10).
std::string ChildValues(const Fields& params) {
  std::string values = "{";
  for (const std::string_view key :
       {"name", "version", "priority", "taskToDomain", "idempotencyKey", "idempotencyStrategy",
        "workflowDefinition"}) {
    const auto value = params.Find(key);
    if (!value.has_value()) continue;
    if (key == "workflowDefinition" && KindOf(*value) == JsonKind::kObject) continue;
    if (values.size() > 1) values.push_back(',');
    values.append("\"").append(key).append("\":").append(*value);
  }
  values.push_back('}');
  return values;
}

void ReadSubWorkflow(const Fields& fields, Step& step) {
  const auto object = fields.Object("subWorkflowParam");
  if (!object.has_value()) {
    if (!fields.Has("subWorkflowParam")) {
      fields.Add("subWorkflowParam", Required("subWorkflowParam", step));
    }
    return;
  }
  const Fields params(*object, fields.PathOf("subWorkflowParam"), fields.mistakes());
  const auto definition = params.Find("workflowDefinition");
  if (definition.has_value() && KindOf(*definition) == JsonKind::kObject) {
    step.child.definition = Payload(std::string(*definition));
  } else if (definition.has_value() &&
             params.Text("workflowDefinition").find("${") == std::string::npos) {
    params.Add("workflowDefinition", "must be a definition, or an expression that gives one");
  }
  if (!definition.has_value() && params.Text("name").empty()) {
    params.Add("name", "the sub-workflow's name, or a workflowDefinition, is required");
  }
  step.child.values = Template::Compile(ChildValues(params), params.path(), params.mistakes());
}

}  // namespace

Payload RunnerSettings(StepType type, const Fields& fields) {
  std::vector<std::string_view> keys = {"evaluatorType", "expression", "scriptExpression",
                                        "queryExpression"};
  if (type == StepType::kGrpc) {
    keys = {"descriptorSet", "outcome"};
    CheckOutcome(fields);
    if (fields.Has("descriptorSet")) fields.Text("descriptorSet");
  }
  std::string settings = "{";
  for (const std::string_view key : keys) {
    const auto value = fields.Find(key);
    if (!value.has_value()) continue;
    if (settings.size() > 1) settings.push_back(',');
    AppendJsonString(settings, key);
    settings.append(":").append(*value);
  }
  settings.push_back('}');
  return Payload(std::move(settings));
}

std::optional<StepType> StepTypeNamed(std::string_view name) {
  const auto known = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return known == kTypes.end() ? std::nullopt : std::optional(known->second);
}

std::optional<StepType> ReadStepType(const Fields& fields, const HasTaskDefinition& defined,
                                     Step& step) {
  step.task_type = step.name;
  if (!fields.Has("type")) return StepType::kSimple;
  const std::string text = fields.Text("type");
  if (Has(kBuiltInUnlessDefined, text) && defined(text)) {
    step.task_type = text;
    return StepType::kSimple;
  }
  if (const auto known = StepTypeNamed(text); known.has_value()) return known;
  const std::string shown = text.substr(0, kNameBytesMax);
  if (text.empty()) {
    fields.Add("type", "WorkTask type cannot be null or empty");
  } else if (Has(kNotBuilt, text) && !defined(text)) {
    fields.Add("type", absl::StrCat("step type ", shown,
                                    " is not supported yet; workers may serve it once there is a "
                                    "task definition of that name"));
  } else if (Has(kServedByWorkers, text) || fields.Has("taskDefinition") || defined(text) ||
             defined(step.name)) {
    step.task_type = fields.Name("type");
    return StepType::kSimple;
  } else {
    fields.Add("type", absl::StrCat("unknown step type ", shown,
                                    ": neither built in nor the name of a task definition"));
  }
  return std::nullopt;
}

void ReadTypeFields(const Fields& fields, Step& step, StepSource& source) {
  switch (step.type) {
    case StepType::kSimple:
    case StepType::kSetVariable:
    case StepType::kNoop:
    case StepType::kHuman:
    case StepType::kStartWorkflow:
    case StepType::kPullMessages:
      return;
    case StepType::kSubWorkflow:
      return ReadSubWorkflow(fields, step);
    case StepType::kDynamic:
      return ReadDynamic(fields, step);
    case StepType::kInline:
    case StepType::kLambda:
    case StepType::kJqTransform:
    case StepType::kHttp:
    case StepType::kGrpc:
    case StepType::kUpdateTask:
    case StepType::kGetWorkflow:
      return ReadRunner(fields, step);
    case StepType::kEvent:
      return ReadEvent(fields, step);
    case StepType::kDecision:
      return ReadDecision(fields, step);
    case StepType::kDoWhile:
      return ReadLoop(fields, step);
    case StepType::kSwitch:
      return ReadSwitch(fields, step);
    case StepType::kForkJoin:
      return ReadFork(fields, step);
    case StepType::kJoin:
      source.join_on = JoinNames(fields, "joinOn");
      return;
    case StepType::kForkJoinDynamic:
      return ReadDynamicFork(fields, step);
    case StepType::kExclusiveJoin:
      source.join_on = JoinNames(fields, "joinOn");
      source.join_default = JoinNames(fields, "defaultExclusiveJoinTask");
      return;
    case StepType::kTerminate:
      return ReadTerminate(fields, step);
    case StepType::kWait:
      return ReadWait(fields);
  }
}

void CheckTypeInput(const Fields& fields, const Step& step) {
  if (step.type == StepType::kHttp) CheckHttp(fields, step);
  if (step.type == StepType::kJqTransform) CheckJq(fields, step);
}

}  // namespace skald::core
