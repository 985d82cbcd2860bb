// IsoTime: a moment as the reference's JSON writes it: "2026-11-21T05:20:01.123Z".
//
// Pure.
#pragma once

#include <string>

#include "engine/core/types.h"

namespace skald::core {

// Milliseconds, UTC. REQUIRES: not before 1970.
std::string IsoTime(TimeUs at);

}  // namespace skald::core
