// Random definitions over what is built, the same for the same number.
//
// Kept compiled for the life of the process, so that seeds share them. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/added_steps.h"
#include "engine/core/definition.h"
#include "engine/runtime/task_limit_table.h"

namespace skald::sim {

inline constexpr std::int64_t kDefinitions = 400;

// The types "t<n>" and "s<n>" whose definition has an output schema (a "v" is required), and an
// input schema ("from" must not be 2).
inline constexpr int kOutputSchemaType = 2;
inline constexpr int kInputSchemaType = 4;

// The definition with that id, 1 to kDefinitions; its name is "d<id>".
std::shared_ptr<const core::Definition> DefinitionNumber(std::int64_t id);

// What is registered under these names.
core::TaskDefinitions TaskDefinitionsNamed(const std::vector<std::string>& names);

// The limits that are registered: of an action, of its undo, of what is made at run time.
runtime::TaskLimits TaskLimitsOfAll();

// Task types that workers have to serve: actions, undos, probes.
const std::vector<std::string>& AllTaskTypes();

}  // namespace skald::sim
