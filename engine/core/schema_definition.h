// Schemas that are stored under a name and a version, and definitions that name one instead of
// holding it (conductor.md 1.2, inputSchema and outputSchema; 4.11, the schema registry).
//
// Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/definition_parser.h"
#include "engine/core/payload.h"

namespace skald::core {

struct SchemaDefinition {
  std::string name;
  std::int32_t version = 1;
  Payload source;  // the JSON: name, version, type, data, externalRef
};

// Of type JSON (the default) it has to hold a schema, in `data`, that can be checked; AVRO and
// PROTOBUF are kept and never checked, which is warned of.
Parsed<SchemaDefinition> ParseSchemaDefinition(std::string_view json);

// The JSON of the schema definition of that name and version; nullopt when none is stored.
using SchemaLookup =
    std::function<std::optional<std::string>(const std::string& name, std::int32_t version)>;

// A workflow or task definition in which every inputSchema and outputSchema that is a name and a
// version (1 where none is given), of its own or of a task definition in one of its steps, holds
// what is stored under them. What is not there stays as it is, and is not checked. What is no
// definition comes back as it is.
std::string WithStoredSchemas(std::string_view definition, const SchemaLookup& lookup);

}  // namespace skald::core
