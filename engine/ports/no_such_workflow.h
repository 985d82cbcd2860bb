// The error for a workflow that is not there, in one wording wherever it is found out.
//
// Pure, thread-safe.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/core/types.h"

namespace skald::ports {

// NOT_FOUND. Also for a workflow of another namespace: who asks does not learn that it exists.
inline absl::Status NoSuchWorkflow(const core::WorkflowId& id) {
  return absl::NotFoundError(absl::StrCat("no such workflow: ", id.ToString()));
}

}  // namespace skald::ports
