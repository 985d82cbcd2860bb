// Definitions with the stored schemas that they name (core/schema_definition.h).
//
// Blocks on the catalog. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/ports/catalog.h"

namespace skald::runtime {

// A schema that is not stored is no error: the definition keeps its name. Errors: those of the
// catalog.
absl::StatusOr<std::string> WithSchemas(ports::Catalog& catalog, const std::string& name_space,
                                        std::string_view definition);

}  // namespace skald::runtime
