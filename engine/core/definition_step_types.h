// The part of the definition parser that knows the step types: their names and what each asks of
// its own fields (conductor.md 1.6, 2). Internal to the definition parser.
#pragma once

#include <optional>
#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/definition_fields.h"
#include "engine/core/definition_steps.h"

namespace skald::core {

// nullopt when no type of this release has that name.
std::optional<StepType> StepTypeNamed(std::string_view name);

// The field `type`; nullopt, and a mistake, when it is unknown or not built yet.
std::optional<StepType> ReadStepType(const Fields& fields);

// The fields that belong to the step's type, without its children.
void ReadTypeFields(const Fields& fields, Step& step, StepSource& source);

}  // namespace skald::core
