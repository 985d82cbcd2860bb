// Apply: folds one event into the state. Replay is Apply over a history; nothing else changes a
// state.
//
// Pure. REQUIRES: event.seq == state.seq + 1, and the event was decided on this state.
#pragma once

#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/core/state.h"

namespace skald::core {

void Apply(const Definition& definition, const Event& event, State& state);

}  // namespace skald::core
