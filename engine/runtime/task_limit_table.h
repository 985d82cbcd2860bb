// TaskLimitTable: the limits of registered task definitions, as they are now.
//
// Immutable once made; shared between threads.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/core/definition.h"

namespace skald::runtime {

// By namespace, then name; only definitions that have limits.
using TaskLimitTable = std::map<std::string, std::map<std::string, core::TaskLimits>>;

// Null: no definition has any.
using TaskLimits = std::shared_ptr<const TaskLimitTable>;

}  // namespace skald::runtime
