// ScenarioFile: a scenario as text: runs it and writes below each line of dashes what the core
// answered. README.md beside this file describes the form. Single-threaded.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace skald::scenarios {

struct ScenarioResult {
  std::string text;       // the scenario with the answers as they are now
  std::string complaint;  // what must hold after every step and did not; empty: nothing
};

// `folder`: of the repository, for definitions named by file. INVALID_ARGUMENT: unreadable.
absl::StatusOr<ScenarioResult> RunScenario(std::string_view text, const std::string& folder);

}  // namespace skald::scenarios
