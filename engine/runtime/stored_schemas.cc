#include "engine/runtime/stored_schemas.h"

#include <optional>
#include <utility>

#include "engine/base/status.h"
#include "engine/core/schema_definition.h"

namespace skald::runtime {

absl::StatusOr<std::string> WithSchemas(ports::Catalog& catalog, const std::string& name_space,
                                        std::string_view definition) {
  absl::Status failed;
  std::string whole = core::WithStoredSchemas(
      definition, [&](const std::string& name, std::int32_t version) -> std::optional<std::string> {
        auto stored = catalog.GetSchema(name_space, name, version);
        if (stored.ok()) return std::move(stored)->source;
        if (!absl::IsNotFound(stored.status())) failed = stored.status();
        return std::nullopt;
      });
  RETURN_IF_ERROR(failed);
  return whole;
}

}  // namespace skald::runtime
