// TaskLog: the lines that workers write about their tasks, kept for people.
//
// Blocking; off the hot path. Thread-safe. Not part of a workflow's history: a line may be lost
// when the server dies within a second of its arrival.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/types.h"

namespace skald::ports {

struct TaskLogLine {
  core::WorkflowId workflow;
  core::TaskNumber task = 0;
  core::TimeUs at = 0;  // worker's clock
  std::string message;
};

class TaskLog {
 public:
  virtual ~TaskLog() = default;
  // Appends; of one task at most `lines_per_task_max` lines are kept, later ones are dropped.
  // UNAVAILABLE when the store cannot be reached.
  virtual absl::Status Append(const std::vector<TaskLogLine>& lines,
                              std::size_t lines_per_task_max) = 0;
  // In order of arrival; empty when there are none.
  virtual absl::StatusOr<std::vector<TaskLogLine>> Read(const core::WorkflowId& workflow,
                                                        core::TaskNumber task) = 0;
};

}  // namespace skald::ports
