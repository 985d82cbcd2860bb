// Apply: folds one event into the state. Replay is Apply over a history; nothing else changes a
// state.
//
// Pure. REQUIRES: event.seq == state.seq + 1, the event was decided on this state, and one that
// goes over to another definition has it (SetDefinition).
#pragma once

#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/core/state.h"

namespace skald::core {

// `before`: the definition that the workflow has until this event.
void Apply(const Definition& before, const Event& event, State& state);

}  // namespace skald::core
