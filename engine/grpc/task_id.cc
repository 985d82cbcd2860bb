#include "engine/grpc/task_id.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace skald::grpc_edge {

std::string FormatTaskId(const core::WorkflowId& workflow, core::TaskNumber task) {
  std::string text = workflow.ToString();
  absl::StrAppend(&text, ".", task);
  return text;
}

absl::StatusOr<TaskName> ParseTaskId(std::string_view text) {
  constexpr std::size_t kUuidBytes = base::Uuid::kTextBytes;
  TaskName name;
  if (text.size() > kUuidBytes + 1 && text[kUuidBytes] == '.') {
    auto workflow = core::WorkflowId::Parse(text.substr(0, kUuidBytes));
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + kUuidBytes + 1, end, name.task);
    if (workflow.ok() && parsed.ec == std::errc() && parsed.ptr == end && name.task != 0) {
      name.workflow = *workflow;
      return name;
    }
  }
  return absl::InvalidArgumentError("task_id: not an id that this server gave out");
}

}  // namespace skald::grpc_edge
