// DefinitionText: the short form in which scenarios write a definition, turned into the JSON that
// the parser reads. Pure.
//
//   workflow  reserve -> [charge | wrap -> label] -> ship
//   step      reserve {"compensateWith": "release"}
//   task      charge  {"retryCount": 1}
//   settings  {"timeoutSeconds": 60}
//
// `[x | y -> z]` is a FORK_JOIN with the JOIN behind it; the first pair of a workflow is called
// fork1 and join1. `step` adds fields to a step (its `type` too), `task` gives the task definition
// of that name, `settings` adds fields to the workflow.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/added_steps.h"
#include "engine/core/definition.h"

namespace skald::scenarios {

// A definition, and the task definitions that are registered when it runs.
struct ScenarioDefinition {
  core::Definition definition;
  core::TaskDefinitions task_definitions;
  std::string source;  // the definition's JSON
};

// `lines`: those of the short form, the lines of one JSON document, or `definition FILE` and
// `task-definitions FOLDER`. `folder`: where these names begin. INVALID_ARGUMENT: not one of these.
// FAILED_PRECONDITION: the parser refuses the definition; one line for each mistake.
absl::StatusOr<ScenarioDefinition> ReadDefinition(const std::vector<std::string>& lines,
                                                  const std::string& folder);

}  // namespace skald::scenarios
