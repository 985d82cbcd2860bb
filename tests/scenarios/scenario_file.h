// ScenarioFile: a scenario as text: runs it and writes below each line of dashes what the core
// answered. README.md beside this file describes the form. Single-threaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/added_steps.h"
#include "engine/core/event.h"
#include "engine/core/state.h"

namespace skald::scenarios {

// What a store would hold of the scenario's workflow.
struct ScenarioHistory {
  std::string definition;  // the JSON of the one it began with
  core::TaskDefinitions task_definitions;
  std::vector<core::Event> events;
  std::vector<std::size_t> decisions;  // how many events there were after each
  core::State state;
};

struct ScenarioResult {
  std::string text;       // the scenario with the answers as they are now
  std::string complaint;  // what must hold after every step and did not; empty: nothing
  ScenarioHistory history;
};

// `folder`: of the repository, for definitions named by file. INVALID_ARGUMENT: unreadable.
absl::StatusOr<ScenarioResult> RunScenario(std::string_view text, const std::string& folder);

}  // namespace skald::scenarios
