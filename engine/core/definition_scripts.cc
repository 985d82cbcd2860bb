#include "engine/core/definition_scripts.h"

#include <optional>
#include <utility>

#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/core/mistake.h"

namespace skald::core {
namespace {

std::optional<std::string_view> MemberOf(std::string_view object, std::string_view key,
                                         JsonKind kind) {
  const auto value = FindMember(object, key);
  if (!value.has_value() || KindOf(*value) != kind) return std::nullopt;
  return value;
}

bool IsJavaScript(std::string_view object) {
  const std::string evaluator = TextIn(object, "evaluatorType");
  return evaluator.empty() || evaluator == "javascript" || evaluator == "graaljs";
}

class Collector {
 public:
  std::vector<StepScript> Take() { return std::move(scripts_); }

  // What is nested deeper than a definition may be is refused as a whole.
  void List(std::string_view steps, const std::string& path, std::size_t depth) {
    if (depth > kStepNestingMax || KindOf(steps) != JsonKind::kArray) return;
    std::size_t number = 0;
    for (JsonWalk walk(steps); walk.Next(); ++number) {
      if (KindOf(walk.value()) != JsonKind::kObject) continue;
      const std::string at = JoinPath(path, number);
      Scripts(walk.value(), at);
      Children(walk.value(), at, depth + 1);
    }
  }

 private:
  void Scripts(std::string_view step, const std::string& path) {
    const std::string type = TextIn(step, "type");
    const auto input = MemberOf(step, "inputParameters", JsonKind::kObject).value_or("{}");
    const std::string input_path = JoinPath(path, "inputParameters");
    if (type == "SWITCH" && TextIn(step, "evaluatorType") != "value-param" && IsJavaScript(step)) {
      Add(step, "expression", path);
    } else if (type == "DECISION") {
      Add(step, "caseExpression", path);
    } else if (type == "DO_WHILE") {
      Add(step, "loopCondition", path);
    } else if (type == "INLINE" && IsJavaScript(input)) {
      AddOfInput(input, "expression", input_path, "", "");
    } else if (type == "LAMBDA") {
      AddOfInput(input, "scriptExpression", input_path, "(function(){", "\n})()");
    }
  }

  void Add(std::string_view object, std::string_view key, const std::string& path) {
    const auto source = MemberOf(object, key, JsonKind::kString);
    if (!source.has_value() || scripts_.size() >= kStepsMax) return;
    std::string text = StringOf(*source);
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return;
    scripts_.push_back({JoinPath(path, key), std::move(text)});
  }

  // In an input ${…} is replaced before the script is evaluated.
  void AddOfInput(std::string_view input, std::string_view key, const std::string& path,
                  std::string_view before, std::string_view after) {
    if (TextIn(input, key).find("${") != std::string::npos) return;
    const std::size_t count = scripts_.size();
    Add(input, key, path);
    if (scripts_.size() == count) return;
    std::string& source = scripts_.back().source;
    source.insert(0, before).append(after);
  }

  void Children(std::string_view step, const std::string& path, std::size_t depth) {
    if (const auto branches = MemberOf(step, "forkTasks", JsonKind::kArray)) {
      std::size_t number = 0;
      for (JsonWalk walk(*branches); walk.Next(); ++number) {
        List(walk.value(), JoinPath(JoinPath(path, "forkTasks"), number), depth);
      }
    }
    if (const auto cases = MemberOf(step, "decisionCases", JsonKind::kObject)) {
      for (JsonWalk walk(*cases); walk.Next();) {
        List(walk.value(), JoinPath(JoinPath(path, "decisionCases"), walk.key()), depth);
      }
    }
    for (const std::string_view key : {"loopOver", "defaultCase"}) {
      if (const auto steps = FindMember(step, key)) List(*steps, JoinPath(path, key), depth);
    }
  }

  std::vector<StepScript> scripts_;
};

}  // namespace

std::vector<StepScript> ScriptsIn(std::string_view definition) {
  Collector collector;
  if (definition.size() > kDefinitionBytesMax || !CheckJsonObject(definition).ok()) return {};
  const auto tasks = FindMember(TrimJson(definition), "tasks");
  if (tasks.has_value()) collector.List(*tasks, "tasks", 0);
  return collector.Take();
}

}  // namespace skald::core
