// Replay: folds stored events into a state, refusing a history that is damaged instead of failing
// on it: what is stored comes from outside the process.
//
// Pure, thread-safe. Errors: DATA_LOSS, naming the event, for a gap in the sequence, for events
// that name steps, tasks or runs that are not there, or that do not fit what happened before; also
// where an event goes over to another definition and does not have it (SetDefinition).
#pragma once

#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/core/state.h"

namespace skald::core {

// Folds the events that follow state.seq. `definition`: the one that the workflow has before them.
// On an error the state is not to be used any more.
absl::Status Replay(const Definition& definition, std::span<const Event> events, State& state);

// From the beginning. `id` is not part of the events.
absl::StatusOr<State> Replay(const Definition& definition, const WorkflowId& id,
                             std::span<const Event> events);

}  // namespace skald::core
