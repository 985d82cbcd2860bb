// The key under which a task's result may be kept, and another's used (conductor.md 1.3,
// cacheConfig).
//
// Pure.
#pragma once

#include <string>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// What the step's cacheConfig gives for the task's input; "" = none: no cacheConfig, a retry, a
// saga. REQUIRES: the state has the task.
std::string CacheKey(const Step& step, TaskNumber task, const Definition& definition,
                     const State& state);

}  // namespace skald::core
