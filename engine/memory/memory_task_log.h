// MemoryTaskLog: task log lines in memory. Thread-safe; gone with the process.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/ports/task_log.h"

namespace skald::memory {

class MemoryTaskLog final : public ports::TaskLog {
 public:
  absl::Status Append(const std::vector<ports::TaskLogLine>& lines,
                      std::size_t lines_per_task_max) override;
  absl::StatusOr<std::vector<ports::TaskLogLine>> Read(const core::WorkflowId& workflow,
                                                       core::TaskNumber task) override;

 private:
  using Key = std::pair<core::WorkflowId, core::TaskNumber>;
  base::Mutex mutex_;
  std::map<Key, std::vector<ports::TaskLogLine>> lines_ GUARDED_BY(mutex_);
};

}  // namespace skald::memory
