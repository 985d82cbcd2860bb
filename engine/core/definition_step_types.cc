#include "engine/core/definition_step_types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/core/wait_time.h"

namespace skald::core {
namespace {

constexpr std::array<std::pair<std::string_view, StepType>, 8> kTypes = {{
    {"SIMPLE", StepType::kSimple},
    {"DYNAMIC", StepType::kDynamic},
    {"SWITCH", StepType::kSwitch},
    {"FORK_JOIN", StepType::kForkJoin},
    {"JOIN", StepType::kJoin},
    {"SET_VARIABLE", StepType::kSetVariable},
    {"TERMINATE", StepType::kTerminate},
    {"WAIT", StepType::kWait},
}};

// Types of the reference and of saga.md that later releases build.
constexpr std::array<std::string_view, 41> kNotBuilt = {"USER_DEFINED",
                                                        "FORK_JOIN_DYNAMIC",
                                                        "EXCLUSIVE_JOIN",
                                                        "DECISION",
                                                        "DO_WHILE",
                                                        "SUB_WORKFLOW",
                                                        "START_WORKFLOW",
                                                        "EVENT",
                                                        "HUMAN",
                                                        "HTTP",
                                                        "KAFKA_PUBLISH",
                                                        "INLINE",
                                                        "LAMBDA",
                                                        "JSON_JQ_TRANSFORM",
                                                        "NOOP",
                                                        "PULL_WORKFLOW_MESSAGES",
                                                        "SAGA_SCOPE",
                                                        "LLM_TEXT_COMPLETE",
                                                        "LLM_CHAT_COMPLETE",
                                                        "LLM_GENERATE_EMBEDDINGS",
                                                        "LLM_INDEX_TEXT",
                                                        "LLM_STORE_EMBEDDINGS",
                                                        "LLM_SEARCH_EMBEDDINGS",
                                                        "LLM_GET_EMBEDDINGS",
                                                        "LLM_SEARCH_INDEX",
                                                        "GENERATE_IMAGE",
                                                        "GENERATE_AUDIO",
                                                        "GENERATE_VIDEO",
                                                        "GENERATE_PDF",
                                                        "LIST_MCP_TOOLS",
                                                        "CALL_MCP_TOOL",
                                                        "AGENT",
                                                        "GET_AGENT_CARD",
                                                        "CANCEL_AGENT",
                                                        "JDBC",
                                                        "HTTP_POLL",
                                                        "WAIT_FOR_WEBHOOK",
                                                        "WAIT_FOR_EVENT",
                                                        "GRPC",
                                                        "JUMP",
                                                        "YIELD"};

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

void ReadSwitch(const Fields& fields, Step& step) {
  const std::string evaluator = fields.Text("evaluatorType");
  if (evaluator.empty()) {
    fields.Add("evaluatorType", Required("evaluatorType", step));
  } else if (evaluator != "value-param") {
    fields.Add("evaluatorType", absl::StrCat("evaluatorType ", evaluator.substr(0, kNameBytesMax),
                                             " is not supported yet; only value-param"));
  }
  step.switch_parameter = fields.Text("expression");
  if (step.switch_parameter.empty()) {
    fields.Add("expression", Required("expression", step));
  } else if (evaluator == "value-param" &&
             !FindMember(TrimJson(step.input.source()), step.switch_parameter).has_value()) {
    fields.Warn("expression", absl::StrCat("inputParameters has no '", step.switch_parameter,
                                           "', so the value will be null"));
  }
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

void ReadFork(const Fields& fields, const Step& step) {
  const auto list = fields.List("forkTasks");
  const bool empty = list.has_value() && IsEmptyContainer(*list);
  if (empty || !fields.Has("forkTasks")) fields.Add("forkTasks", AtLeastOne("forkTasks", step));
}

void ReadJoin(const Fields& fields, StepSource& source) {
  source.join_on = fields.Texts("joinOn");
  if (source.join_on.size() > kJoinOnMax) {
    fields.Add("joinOn", absl::StrCat("more than ", kJoinOnMax, " names"));
    source.join_on.resize(kJoinOnMax);
  }
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

}  // namespace

std::optional<StepType> StepTypeNamed(std::string_view name) {
  const auto known = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return known == kTypes.end() ? std::nullopt : std::optional(known->second);
}

std::optional<StepType> ReadStepType(const Fields& fields) {
  if (!fields.Has("type")) return StepType::kSimple;
  const std::string text = fields.Text("type");
  if (const auto known = StepTypeNamed(text); known.has_value()) return known;
  const std::string shown = text.substr(0, kNameBytesMax);
  if (text.empty()) {
    fields.Add("type", "WorkTask type cannot be null or empty");
  } else if (std::find(kNotBuilt.begin(), kNotBuilt.end(), text) != kNotBuilt.end()) {
    fields.Add("type", absl::StrCat("step type ", shown, " is not supported yet"));
  } else {
    fields.Add("type", absl::StrCat("unknown step type ", shown));
  }
  return std::nullopt;
}

void ReadTypeFields(const Fields& fields, Step& step, StepSource& source) {
  switch (step.type) {
    case StepType::kSimple:
    case StepType::kSetVariable:
      return;
    case StepType::kDynamic:
      return ReadDynamic(fields, step);
    case StepType::kSwitch:
      return ReadSwitch(fields, step);
    case StepType::kForkJoin:
      return ReadFork(fields, step);
    case StepType::kJoin:
      return ReadJoin(fields, source);
    case StepType::kTerminate:
      return ReadTerminate(fields, step);
    case StepType::kWait:
      return ReadWait(fields);
  }
}

}  // namespace skald::core
