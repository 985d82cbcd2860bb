#include "engine/script/task_plan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/core/bound.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/script/limits.h"
#include "fmt/format.h"

namespace skald::script {
namespace {

using core::JsonKind;
using ports::RunnerResult;
using ports::RunnerTask;

// A kind, its name in messages, and the member that holds its source.
struct KindName {
  std::string_view type;
  std::string_view source_key;
};

constexpr std::array<KindName, 6> kKinds = {{{"INLINE", "expression"},
                                             {"LAMBDA", "scriptExpression"},
                                             {"JSON_JQ_TRANSFORM", "queryExpression"},
                                             {"SWITCH", "expression"},
                                             {"DECISION", "caseExpression"},
                                             {"DO_WHILE", "loopCondition"}}};

const KindName& NameOf(TaskKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

// Whether the type keeps what was wrong in its output too.
bool WritesError(TaskKind kind) { return kind <= TaskKind::kJq; }

// Whether a fault of the script is final: it would be the same again (conductor.md 2.9, 2.17).
bool FaultIsFinal(TaskKind kind) { return kind == TaskKind::kInline || kind == TaskKind::kDoWhile; }

RunnerResult Failed(TaskKind kind, bool final, std::string message) {
  RunnerResult result = {
      .status = final ? core::TaskStatus::kFailedWithTerminalError : core::TaskStatus::kFailed,
      .effect = core::Effect::kNone};
  if (WritesError(kind)) {
    std::string output = R"({"error":)";
    core::AppendJsonString(output, message);
    output.push_back('}');
    result.output = core::Payload(std::move(output));
  }
  result.reason = std::move(message);
  return result;
}

// What the script did wrong.
RunnerResult Fault(TaskKind kind, std::string_view source, std::string message) {
  if (kind == TaskKind::kDoWhile) {
    message = fmt::format("Unable to evaluate condition {}, exception {}", source, message);
  }
  return Failed(kind, FaultIsFinal(kind), std::move(message));
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// nullopt: not there, null or no text.
std::optional<std::string> TextMember(const core::Payload& object, std::string_view key) {
  if (object.empty()) return std::nullopt;
  const auto value = core::FindMember(core::TrimJson(object.text()), key);
  if (!value.has_value() || core::KindOf(*value) != JsonKind::kString) return std::nullopt;
  return core::StringOf(*value);
}

bool HasMember(const core::Payload& object, std::string_view key) {
  if (object.empty()) return false;
  const auto value = core::FindMember(core::TrimJson(object.text()), key);
  return value.has_value() && core::KindOf(*value) != JsonKind::kNull;
}

std::string MissingSource(TaskKind kind) {
  const KindName& name = NameOf(kind);
  if (kind == TaskKind::kJq) return "Missing 'queryExpression' in input parameters";
  return fmt::format("Empty '{}' in {} task's {}. A non-empty String value must be provided.",
                     name.source_key, name.type,
                     kind <= TaskKind::kLambda ? "input parameters" : "definition");
}

// Where the source and its evaluator stand.
const core::Payload& PlaceOf(TaskKind kind, const RunnerTask& task) {
  if (kind > TaskKind::kJq) return task.settings;
  // A choice is handed over as INLINE; its input may have an entry "expression" of its own.
  const bool is_choice = kind == TaskKind::kInline && HasMember(task.settings, "expression");
  return is_choice ? task.settings : task.input;
}

std::string_view ConditionHolds(std::string_view value) {
  switch (core::KindOf(value)) {
    case JsonKind::kTrue:
      return "true";
    case JsonKind::kNumber: {
      const bool positive = value.front() != '-' &&
                            value.substr(0, value.find_first_of("eE")).find_first_of("123456789") !=
                                std::string_view::npos;
      return positive ? "true" : "false";
    }
    default:
      return "false";
  }
}

// REQUIRES: `value` is JSON.
std::string OutputOf(TaskKind kind, std::string_view value) {
  switch (kind) {
    case TaskKind::kInline:
    case TaskKind::kLambda:
      return fmt::format(R"({{"result":{}}})", value);
    case TaskKind::kJq: {
      const auto first = core::FindElement(value, 0);
      return fmt::format(R"({{"result":{},"resultList":{}}})", first.value_or("null"), value);
    }
    case TaskKind::kSwitch: {
      std::string text;
      core::AppendJsonString(text, core::TextForm(value));
      return fmt::format(R"({{"evaluationResult":[{0}],"selectedCase":{0}}})", text);
    }
    case TaskKind::kDecision:
      return fmt::format(R"({{"caseOutput":[{}]}})", value);
    case TaskKind::kDoWhile:
      return fmt::format(R"({{"result":{}}})", ConditionHolds(value));
  }
  return "";
}

RunnerResult Completed(TaskKind kind, std::string_view source, std::string_view value,
                       std::size_t output_bytes_max) {
  const core::JsonFault fault = core::CheckJson(value, kJsonDepthMax);
  if (!fault.ok()) {
    return Fault(kind, source, fmt::format("the result: {}", core::DescribeFault(value, fault)));
  }
  std::string output = OutputOf(kind, core::TrimJson(value));
  if (output.size() > output_bytes_max) {
    return Fault(kind, source,
                 fmt::format("the output has {} bytes; at most {} are allowed", output.size(),
                             core::FixedBound("kStepOutputBytesMax", output_bytes_max)));
  }
  // The result stands a level or two deeper in the output.
  if (const core::JsonFault deep = core::CheckJsonObject(output); !deep.ok()) {
    return Fault(kind, source, fmt::format("the output: {}", core::DescribeFault(output, deep)));
  }
  return {.status = core::TaskStatus::kCompleted, .output = core::Payload(std::move(output))};
}

RunnerResult ValueParam(TaskKind kind, const RunnerTask& task, const std::string& key,
                        std::size_t output_bytes_max) {
  std::optional<std::string_view> value;
  if (!task.input.empty()) value = core::FindMember(core::TrimJson(task.input.text()), key);
  return Completed(kind, key, value.value_or("null"), output_bytes_max);
}

std::optional<TaskKind> KindOfType(std::string_view type) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i].type == type) return static_cast<TaskKind>(i);
  }
  return std::nullopt;
}

std::string WrapSource(TaskKind kind, std::string source) {
  if (kind != TaskKind::kLambda) return source;
  // Line numbers stay; a comment at the end does not swallow the bracket.
  return fmt::format("(function(){{{}\n}})()", source);
}

std::uint32_t TimeOf(const RunnerTask& task, std::uint32_t time_ms_max) {
  if (task.timeout_us <= 0) return time_ms_max;
  const core::DurationUs own_ms = std::max<core::DurationUs>(task.timeout_us / 1'000, 1);
  return static_cast<std::uint32_t>(std::min<core::DurationUs>(own_ms, time_ms_max));
}

// "" or why the evaluator cannot be used.
std::string EvaluatorMistake(std::string_view evaluator) {
  if (evaluator == "javascript" || evaluator == "graaljs" || evaluator == "value-param") return "";
  if (evaluator == "python") {
    return "the evaluator 'python' is not available: write the expression in JavaScript";
  }
  return fmt::format("No evaluator registered for type: {}", evaluator);
}

// A task's own time-out may be shorter than the setting.
std::string OutOfTime(std::string_view what, std::uint32_t time_ms, std::uint32_t time_ms_max) {
  if (time_ms < time_ms_max) {
    return fmt::format("{} took longer than {} ms, its responseTimeoutSeconds or timeoutSeconds",
                       what, time_ms);
  }
  return fmt::format("{} took longer than {} ms: {}", what, time_ms,
                     core::SettingBound("script_time_limit_ms", time_ms));
}

std::string DescribeOutcome(const TaskPlan& plan, const Verdict& verdict, const Bounds& bounds) {
  const std::string_view what = plan.language == Language::kJq ? "the jq program" : "the script";
  switch (verdict.outcome) {
    case Outcome::kOutOfTime:
      return OutOfTime(what, plan.time_ms, bounds.time_ms);
    case Outcome::kOutOfMemory:
      return fmt::format("{} took more than {} MiB of memory: {}", what, bounds.memory_bytes >> 20,
                         core::SettingBound("script_memory_mib", bounds.memory_bytes >> 20));
    case Outcome::kHostCrashed:
      return fmt::format("{} ended the process that ran it: {}", what, verdict.text);
    case Outcome::kHostLost:
      return fmt::format("{} could not be run: {}", what, verdict.text);
    case Outcome::kCanceled:
      return "canceled";
    default:
      return verdict.text;
  }
}

}  // namespace

std::vector<std::string> ScriptedTaskTypes() {
  std::vector<std::string> types;
  for (const KindName& kind : kKinds) types.emplace_back(kind.type);
  return types;
}

std::variant<TaskPlan, RunnerResult> PlanTask(const RunnerTask& task, const Bounds& bounds) {
  const std::optional<TaskKind> known = KindOfType(task.task_type);
  if (!known.has_value()) {
    return Failed(TaskKind::kInline, true,
                  fmt::format("'{}' is no type of a script task", task.task_type));
  }
  const TaskKind kind = *known;
  const std::string_view source_key = NameOf(kind).source_key;
  const core::Payload& place = PlaceOf(kind, task);
  // Without a condition a loop ends (conductor.md 2.9).
  if (kind == TaskKind::kDoWhile && !HasMember(place, source_key)) {
    return Completed(kind, "", "false", bounds.output_bytes);
  }
  std::string evaluator = "javascript";
  if (kind == TaskKind::kInline || kind == TaskKind::kSwitch) {
    evaluator = TextMember(place, "evaluatorType").value_or("");
    if (IsBlank(evaluator)) evaluator = "javascript";
  }
  if (std::string mistake = EvaluatorMistake(evaluator); !mistake.empty()) {
    return Failed(kind, true, std::move(mistake));
  }
  std::string source = TextMember(place, source_key).value_or("");
  if (IsBlank(source)) return Fault(kind, source, MissingSource(kind));
  if (evaluator == "value-param") return ValueParam(kind, task, source, bounds.output_bytes);
  if (source.size() > kSourceBytesMax) {
    return Fault(kind, source_key,
                 fmt::format("'{}' has {} bytes; at most {} are allowed", source_key, source.size(),
                             core::FixedBound("kSourceBytesMax", kSourceBytesMax, kLimitsHeader)));
  }
  return TaskPlan{.kind = kind,
                  .language = kind == TaskKind::kJq ? Language::kJq : Language::kJavaScript,
                  .source = WrapSource(kind, std::move(source)),
                  .input = task.input.empty() ? core::Payload("{}") : task.input,
                  .time_ms = TimeOf(task, bounds.time_ms)};
}

RunnerResult FinishTask(const TaskPlan& plan, const Verdict& verdict, const Bounds& bounds) {
  switch (verdict.outcome) {
    case Outcome::kValue:
      return Completed(plan.kind, plan.source, verdict.text, bounds.output_bytes);
    case Outcome::kHostLost:
    case Outcome::kCanceled:
      return Failed(plan.kind, false, DescribeOutcome(plan, verdict, bounds));
    default:
      return Fault(plan.kind, plan.source, DescribeOutcome(plan, verdict, bounds));
  }
}

}  // namespace skald::script
