#include "engine/core/task_limits.h"

#include <optional>

#include "engine/core/construct.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"

namespace skald::core {

bool IsInputPath(std::string_view path) {
  if (path.empty() || path.front() == '.' || path.back() == '.') return false;
  return path.find("..") == std::string_view::npos && path.find_first_of("$[]{}") == path.npos;
}

const std::string& LimitedAs(const Step& step, Operation operation) {
  static const std::string none;
  switch (operation) {
    case Operation::kAction:
      return IsChoice(step.type) ? none : step.task.name;
    case Operation::kCompensate:
      return step.saga.undo.has_value() ? step.saga.undo->task_type : none;
    case Operation::kProbe:
      return step.saga.probe.has_value() ? step.saga.probe->task_type : none;
    case Operation::kEvaluate:
      break;
  }
  return none;
}

std::string LimitKey(std::string_view path, const Payload& input) {
  if (path.empty() || input.empty()) return "";
  std::string_view value = TrimJson(input.text());
  while (true) {
    if (KindOf(value) != JsonKind::kObject) return "";
    const std::size_t dot = path.find('.');
    const auto member = FindMember(value, path.substr(0, dot));
    if (!member.has_value()) return "";
    value = *member;
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  const JsonKind kind = KindOf(value);
  if (kind == JsonKind::kNull || kind == JsonKind::kObject || kind == JsonKind::kArray) return "";
  return std::string(value.substr(0, kNameBytesMax));
}

}  // namespace skald::core
