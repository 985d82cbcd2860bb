// SchemaRules: inputs and outputs against the schemas of definitions and task definitions
// (conductor.md 1.2, 1.4: inputSchema, outputSchema, enforceSchema).
//
// Pure functions. Internal to core, but for CheckStartInput.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "engine/core/definition.h"
#include "engine/core/definition_fields.h"
#include "engine/core/payload.h"

namespace skald::core {

class Draft;

// Reads the two schemas when they are to be enforced. `strict`: a schema that is none is a mistake;
// else it is warned of and checks nothing.
Schemas ReadSchemas(const Fields& fields, bool enforced_otherwise, bool strict);

// The workflow's input, as the caller gave it, with the input template merged in.
Payload InputAtStart(const Definition& definition, const Payload& input);
// INVALID_ARGUMENT: that input is not as the definition's schema says.
absl::Status CheckStartInput(const Definition& definition, const Payload& input);

// "" when it conforms, or nothing is asked of it: "input $.price: a number expected, not a string".
std::string InputMistake(const Schemas& schemas, const Payload& input);
std::string OutputMistake(const Schemas& schemas, const Payload& output);

// Offers an attempt of an action that was just scheduled; one whose input does not conform fails
// instead, for good.
void OfferUnlessMistaken(TaskNumber task, Draft& draft);

}  // namespace skald::core
