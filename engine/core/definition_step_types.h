// The part of the definition parser that knows the step types: their names and what each asks of
// its own fields (conductor.md 1.6, 2). Internal to the definition parser.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/definition_fields.h"
#include "engine/core/definition_steps.h"

namespace skald::core {

// nullopt when no type of this release has that name.
std::optional<StepType> StepTypeNamed(std::string_view name);

// Whether a task definition of that name is registered.
using HasTaskDefinition = std::function<bool(const std::string& name)>;

// The field `type`, and the step's `task_type`; nullopt, and a mistake, when it is unknown or not
// built yet. REQUIRES: the step's name is set.
std::optional<StepType> ReadStepType(const Fields& fields, const HasTaskDefinition& defined,
                                     Step& step);

// The fields that belong to the step's type, without its children.
void ReadTypeFields(const Fields& fields, Step& step, StepSource& source);

// Adds what the input of the step's type lacks. REQUIRES: its input and task definition are set.
void CheckTypeInput(const Fields& fields, const Step& step);

// What the runner of such a step, or of such an undo, may read of it beside its input
// (Step::settings). Mistakes in it are reported.
Payload RunnerSettings(StepType type, const Fields& fields);

}  // namespace skald::core
