// ExecutionJson: a workflow as the reference's execution model shows it (conductor.md 1.7): what a
// failure workflow is given, and what reads a workflow from outside.
//
// Pure. Times are milliseconds since 1970. Values that are absent are left out.
#pragma once

#include <string>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// The whole workflow: its definition, input, output, variables and tasks.
std::string ExecutionJson(const Definition& definition, const State& state);
// The same without its definition, with `tasks` only when they are asked for, and without what its
// maskedFields name: whoever asks is a reader.
std::string ExecutionSummaryJson(const Definition& definition, const State& state, bool tasks);

}  // namespace skald::core
