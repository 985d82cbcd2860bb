// Where a definition may name secrets (conductor.md 3.13; secrets.h). Internal to the definition
// parser.
#pragma once

#include <vector>

#include "engine/core/definition.h"
#include "engine/core/definition_steps.h"
#include "engine/core/mistake.h"

namespace skald::core {

// A mistake for each secret in what the decision itself reads: it would have to be stored, and the
// reference to it is all that would get there. Secrets may stand in the input of a step that a
// worker, a script, HTTP or GRPC carries out, and in that of its undo and its probe.
void CheckSecrets(const Definition& definition, const std::vector<StepSource>& sources,
                  MistakeList& mistakes);

}  // namespace skald::core
