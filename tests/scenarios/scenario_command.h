// ScenarioCommand: one line of a scenario ("at 3s  fail a#1 "boom" UNKNOWN") carried out in its
// world. The language is described in README.md beside this file. Single-threaded.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tests/scenarios/scenario_world.h"

namespace skald::scenarios {

// What the core answered. INVALID_ARGUMENT: not a line of the language.
absl::StatusOr<std::string> CarryOut(const std::string& line, ScenarioWorld& world);

}  // namespace skald::scenarios
