// Compiles the steps that a DYNAMIC step or a dynamic fork makes at run time (conductor.md 2.3,
// 2.5; saga.md 2.8). The definition parser's own parts do the work; what is made is a StepList.
//
// Pure; thread-safe. FORMAT of a list as StepsAdded keeps it, fields only ever added:
//   {"tasks":[{…},…],                              steps as in a definition; each begins a branch
//    "inputs":{"<reference>":{…},…},               laid over that step's evaluated inputParameters
//    "taskDefinitions":{"<name>":{…},"<other>":null}}   as registered then; null: there was none
// REQUIRES, everywhere: JSON texts have passed CheckJson.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/added_steps.h"
#include "engine/core/definition.h"
#include "engine/core/definition_parser.h"
#include "engine/core/event.h"
#include "engine/core/payload.h"

namespace skald::core {

// Puts a list together. `tasks`: a JSON list; `inputs`: a JSON object.
Payload ComposeStepList(std::string_view tasks, std::string_view inputs,
                        const TaskDefinitions& task_definitions);

// The task definitions that compiling `tasks` looks up and that are not in `known`, sorted.
std::vector<std::string> TaskDefinitionsWanted(const Definition& definition, std::string_view tasks,
                                               const TaskDefinitions& known);

// `source` as ComposeStepList made it, maybe in an earlier release; `accepted_before` as in
// ParseOptions. REQUIRES: `maker` is a step of the definition or an added one.
Parsed<std::shared_ptr<const StepList>> CompileStepList(const Definition& definition,
                                                        const AddedSteps& added, StepIndex maker,
                                                        const Payload& source,
                                                        bool accepted_before);

// Fills in `event.compiled` where it is null. INVALID_ARGUMENT: what the event holds are no steps
// of this workflow.
absl::Status CompileSteps(const Definition& definition, const AddedSteps& added, StepsAdded& event);

}  // namespace skald::core
