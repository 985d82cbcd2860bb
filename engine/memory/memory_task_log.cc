#include "engine/memory/memory_task_log.h"

namespace skald::memory {

absl::Status MemoryTaskLog::Append(const std::vector<ports::TaskLogLine>& lines,
                                   std::size_t lines_per_task_max) {
  base::MutexLock lock(mutex_);
  for (const ports::TaskLogLine& line : lines) {
    auto& kept = lines_[Key(line.workflow, line.task)];
    if (kept.size() < lines_per_task_max) kept.push_back(line);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ports::TaskLogLine>> MemoryTaskLog::Read(
    const core::WorkflowId& workflow, core::TaskNumber task) {
  base::MutexLock lock(mutex_);
  const auto found = lines_.find(Key(workflow, task));
  if (found == lines_.end()) return std::vector<ports::TaskLogLine>();
  return found->second;
}

}  // namespace skald::memory
