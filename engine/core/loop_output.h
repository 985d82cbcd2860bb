// LoopOutput: what a DO_WHILE gives, while it runs and in the end, and what its condition sees.
//
// Pure; thread-safe. Source: conductor.md 2.9.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// The item that follows the current one; nullopt when there is none.
struct ItemPlace {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
std::optional<ItemPlace> NextItem(const Loop& loop);

// reference → output of the runs of the loop's current iteration, as an object.
std::string CurrentResults(const Definition& definition, const State& state, const Loop& loop);

// {"1": {…}, "2": {…}, "iteration": 2}, and `loopIndex` and `loopItem` while it goes through a
// list. `ended`: the current iteration is over, so that it counts among those that are kept.
// REQUIRES: the run is an open loop.
Payload LoopOutput(const Definition& definition, const State& state, RunNumber run, bool ended);

// The `$` of the condition: the loop's input, its output under its reference (without the results
// of iterations when the condition does not read them: condition_reads.h), and the newest outputs
// of its steps. REQUIRES: `task` evaluates the condition of an open loop.
Payload ConditionInput(const Definition& definition, const State& state, const Task& task);

// How many iterations a DO_WHILE run has begun, open or ended.
std::int32_t IterationsBegun(const State& state, const StepRun& run);

// The results of the finished iterations in an ended loop's output, as a list.
std::string ResultsList(const Payload& output);

}  // namespace skald::core
