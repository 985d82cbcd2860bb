// MakeAssignment: what a worker is told of a task that it is given.
//
// Thread-safe. Nothing is kept.
#pragma once

#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "engine/ports/secret_store.h"
#include "engine/runtime/engine.h"

namespace skald::runtime {

// REQUIRES: the task is in progress. `secrets`: null = there are none.
Assignment MakeAssignment(const core::Definition& definition, const core::State& state,
                          const core::Task& task, const ports::SecretStore* secrets);

// How long the worker may be silent about the task; 0 = no bound of its own.
core::DurationUs ResponseTimeoutUs(const core::Definition& definition, const core::State& state,
                                   const core::Task& task);

}  // namespace skald::runtime
