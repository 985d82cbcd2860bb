// ListFilter: the options by which commands choose workflows.
//
// Plain values, single-threaded.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/app/client.h"
#include <CLI/CLI.hpp>

namespace skald::app {

struct ListFilter {
  std::string name, correlation_id, parent;
  std::vector<std::string> statuses, saga_statuses;

  // No option was given: it names every workflow.
  bool empty() const;
  // Without a namespace. INVALID_ARGUMENT: an unknown status.
  absl::StatusOr<v1::ListRequest> ToRequest() const;
};

// Adds the options to a command. `filter` outlives it.
void AddListFilter(CLI::App& command, ListFilter& filter);

}  // namespace skald::app
