#include "engine/runtime/definition_looker.h"

#include <algorithm>

#include "engine/runtime/stored_schemas.h"

namespace skald::runtime {

core::TaskDefinitionLookup DefinitionLooker::Tasks() {
  return [this](const std::string& name) -> std::optional<std::string> {
    auto definition = catalog_.GetTaskDefinition(name_space_, name);
    if (definition.ok()) return WithSchemas(definition->source);
    if (!absl::IsNotFound(definition.status())) failed_ = definition.status();
    return std::nullopt;
  };
}

std::string DefinitionLooker::WithSchemas(std::string_view definition) {
  absl::StatusOr<std::string> whole = runtime::WithSchemas(catalog_, name_space_, definition);
  if (whole.ok()) return *std::move(whole);
  failed_ = whole.status();
  return std::string(definition);
}

core::ChildLookup DefinitionLooker::Children() {
  return [this](const std::string& name, std::int32_t version) { return Look(name, version); };
}

std::optional<core::ChildInfo> DefinitionLooker::Look(const std::string& name,
                                                      std::int32_t version) {
  const std::pair key(name, version);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  const auto stored = catalog_.GetDefinition(name_space_, name, version);
  if (!stored.ok()) {
    if (!absl::IsNotFound(stored.status())) failed_ = stored.status();
    if (version == 0 && missing_.empty()) missing_ = name;
    known_[key] = std::nullopt;
    return std::nullopt;
  }
  // While it is being looked at, it adds nothing to itself.
  known_[key] = core::ChildInfo{.version = stored->version};
  const std::string missing = missing_;
  const core::Parsed<core::Definition> parsed = core::ParseDefinition(
      stored->source, Tasks(),
      {.name_space = name_space_, .children = Children(), .accepted_before = true});
  missing_ = missing;
  if (parsed.ok()) known_[key]->has_pivot = core::HasPivot(*parsed.value);
  return known_[key];
}

}  // namespace skald::runtime
