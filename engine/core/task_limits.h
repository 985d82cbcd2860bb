// Task limits: which definition's bounds hold for a task, and under which key.
//
// Pure functions. The bounds themselves are TaskLimits (definition.h); runtime/gates.h holds them.
#pragma once

#include <string>
#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::core {

// True for names joined by '.': "customer.id".
bool IsInputPath(std::string_view path);

// The definition whose limits hold for a task of that step; "" = none do. Conditions and choices
// have none: they are part of the decision.
const std::string& LimitedAs(const Step& step, Operation operation);

// The key that the input has at `path`, as JSON text; "" where it has none (absent, null, a list
// or an object): then no bound per key holds. Keys longer than kNameBytesMax are cut there.
std::string LimitKey(std::string_view path, const Payload& input);

}  // namespace skald::core
