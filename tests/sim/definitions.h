// Random definitions over what is built, the same for the same number.
//
// Kept compiled for the life of the process, so that seeds share them. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/added_steps.h"
#include "engine/core/definition.h"
#include "engine/runtime/task_limit_table.h"

namespace skald::sim {

inline constexpr std::int64_t kDefinitions = 400;
// Of each definition, the last one the newest.
inline constexpr std::int32_t kVersions = 3;

// The types "t<n>" and "s<n>" whose definition has an output schema (a "v" is required), and an
// input schema ("from" must not be 2).
inline constexpr int kOutputSchemaType = 2;
inline constexpr int kInputSchemaType = 4;

// The definition with that id: of 1 to kDefinitions, version 1, its name is "d<id>"; of others, a
// later version, or what DefinitionInPlace gave. Aborts when there is none.
std::shared_ptr<const core::Definition> DefinitionNumber(std::int64_t id);
// By its name "d<number>"; version 0 = the newest.
std::shared_ptr<const core::Definition> DefinitionNamed(const std::string& name,
                                                        std::int32_t version);
// Another version of the same name; null of a definition in place, which has none.
std::shared_ptr<const core::Definition> VersionOf(const core::Definition& definition,
                                                  std::int32_t version);
// What a SUB_WORKFLOW step brings along. INVALID_ARGUMENT: its mistakes.
absl::StatusOr<std::shared_ptr<const core::Definition>> DefinitionInPlace(const std::string& json);

// What is registered under these names.
core::TaskDefinitions TaskDefinitionsNamed(const std::vector<std::string>& names);

// The limits that are registered: of an action, of its undo, of what is made at run time.
runtime::TaskLimits TaskLimitsOfAll();

// Task types that workers have to serve: actions, undos, probes.
const std::vector<std::string>& AllTaskTypes();

}  // namespace skald::sim
