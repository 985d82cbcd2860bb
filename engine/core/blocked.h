// Blocked: what those who wait for a workflow ask of its state (conductor.md 3.17).
//
// Pure functions.
#pragma once

#include <string>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// The first task, in order of scheduling, that waits for the outside and for no time: of a WAIT or
// HUMAN step, or an undo by a person. 0 = none.
TaskNumber BlockedTask(const Definition& definition, const State& state);

// The newest attempt of the first of these steps that is done with, in the run that each names
// (NewestRun: "ref", or "ref__2" for the second iteration of its loop). 0 = none.
TaskNumber EndedTask(const Definition& definition, const State& state,
                     const std::vector<std::string>& references);

// The sub-workflows that carry out tasks now, in order of scheduling.
std::vector<WorkflowId> ActiveChildren(const Definition& definition, const State& state);

}  // namespace skald::core
