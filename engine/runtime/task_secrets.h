// TaskSecrets: the values of `${workflow.secrets.NAME}` on their way to a worker or runner, and
// kept from coming back with its result (core/secrets.h).
//
// Thread-safe. Nothing is kept. What is handed over is never to be stored or logged. `secrets`:
// null = there are none.
#pragma once

#include <string>

#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "engine/core/trigger.h"
#include "engine/ports/secret_store.h"

namespace skald::runtime {

// The task's input with the values in it. Says in the log which secrets are missing, by name.
core::Payload InputToHandOver(const core::Definition& definition, const core::State& state,
                              const core::Task& task, const ports::SecretStore* secrets);

// The same of the attempt that an undo or a probe of the step is about.
core::Payload OriginalInputToHandOver(const core::Step& step, const core::Task& original,
                                      const core::State& state, const ports::SecretStore* secrets);

// Hides in a result, an update from outside, or what a worker tells of its progress, what the task
// was handed.
void HideSecrets(const core::Definition& definition, const core::State& state,
                 const ports::SecretStore* secrets, core::ReportResult& result);
void HideSecrets(const core::Definition& definition, const core::State& state,
                 const ports::SecretStore* secrets, core::UpdateTask& update);
std::string HideSecrets(const core::Definition& definition, const core::State& state,
                        const ports::SecretStore* secrets, core::TaskNumber task,
                        const std::string& text);

}  // namespace skald::runtime
