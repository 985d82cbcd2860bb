// The part of the definition parser that reads task definitions and retry fields (conductor.md 1.4,
// 1.6; saga.md 2.11). Internal to the definition parser.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/definition_fields.h"

namespace skald::core {

enum class DefinitionOrigin : std::uint8_t { kRegistered, kEmbedded };

// The fields of a task definition. `name_otherwise` stands in for an absent name.
TaskDefinition ReadTaskDefinition(const Fields& fields, std::string_view source,
                                  const std::string& name_otherwise, DefinitionOrigin origin);

// What a task has when no definition of that name is registered.
TaskDefinition DefaultTaskDefinition(std::string name);

// `otherwise` with the retry fields of `fields` laid over it. `retry_count_min`: -1 where "no
// limit" can be said, else 0.
RetryPolicy ReadRetry(const Fields& fields, RetryPolicy otherwise, std::int64_t retry_count_min);

// saga.md 2.11: 25 attempts, doubling from 1 s to 300 s, with jitter.
RetryPolicy DefaultUndoRetry();

}  // namespace skald::core
