// The text form of a task's id: "<workflow uuid>.<task number>". Opaque to workers.
//
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/core/types.h"

namespace skald::grpc_edge {

struct TaskName {
  core::WorkflowId workflow;
  core::TaskNumber task = 0;
};

std::string FormatTaskId(const core::WorkflowId& workflow, core::TaskNumber task);

// INVALID_ARGUMENT: not such a text, or task 0.
absl::StatusOr<TaskName> ParseTaskId(std::string_view text);

}  // namespace skald::grpc_edge
