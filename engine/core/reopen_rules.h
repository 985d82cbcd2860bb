// Reopen rules: what follows what, as an ended workflow that goes on has to know it (conductor.md
// 3.11): which runs a rerun takes back, and which steps should be there and are not.
//
// Pure; thread-safe. Internal to core.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// The steps that begin when this run is done: of a choice the case it took, of a fork its branches
// and the JOIN. Empty behind the last step of a branch, of a loop's body, and behind a TERMINATE.
// REQUIRES: the run is closed.
std::vector<StepIndex> FollowersOf(const Definition& definition, const State& state,
                                   const StepRun& run);

// Outside of loops, or of an iteration that is not over.
bool IsCurrent(const State& state, const StepRun& run);

// The step, which follows `run`, has no run yet. REQUIRES: IsCurrent(run).
bool IsMissing(const State& state, const StepRun& run, StepIndex step);

// How many branches of that run of a dynamic fork have not come to their end.
std::uint32_t OpenBranches(const Definition& definition, const State& state, const StepRun& fork);

// What a rerun takes back.
struct Retraction {
  std::set<RunNumber> dropped;
  // Loops around it, and the iterations at which they go on.
  std::map<RunNumber, std::int32_t> loops;
};
// The run itself and all that follows from it: causally, behind the loops around it, in their later
// iterations; of a loop also all in it.
Retraction RetractionOf(const State& state, RunNumber from);
// All that follows from it, and not itself.
Retraction RetractionBehind(const State& state, RunNumber from);

}  // namespace skald::core
