#include "engine/rehearsal/stage_catalog.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/definition_parser.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"

namespace skald::rehearsal {
// A workflow definition is parsed when it is used: it may name one that is brought later.
absl::Status StageCatalog::Bring(const std::string& name_space, const std::string& json) {
  if (const core::JsonFault fault = core::CheckJsonObject(json); !fault.ok()) {
    return absl::InvalidArgumentError("definition: " + core::DescribeFault(json, fault));
  }
  const std::string_view object = core::TrimJson(json);
  ports::StoredDefinition stored{.name_space = name_space, .source = json};
  stored.name = core::TextIn(object, "name");
  if (!core::FindMember(object, "tasks").has_value()) {
    const auto parsed = core::ParseTaskDefinition(json);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("task definition '", stored.name,
                       "': ", core::InvalidDefinition(parsed.mistakes).message()));
    }
    stored.source = std::string(parsed.value->source.text());
    return PutTaskDefinition(stored);
  }
  const std::optional<std::string_view> version = core::FindMember(object, "version");
  const auto number = version.has_value() ? core::IntegerOf(core::TrimJson(*version)) : 1;
  if (stored.name.empty() || !number.has_value() || *number < 1 || *number > INT32_MAX) {
    return absl::InvalidArgumentError(
        "workflow definition: a name and a version from 1 are expected");
  }
  stored.version = static_cast<std::int32_t>(*number);
  return PutDefinition(stored, /*overwrite=*/true);
}

absl::StatusOr<ports::StoredDefinition> StageCatalog::GetDefinition(const std::string& name_space,
                                                                    const std::string& name,
                                                                    std::int32_t version) {
  auto found = MemoryCatalog::GetDefinition(name_space, name, version);
  if (registered_ == nullptr || !absl::IsNotFound(found.status())) return found;
  return registered_->GetDefinition(name_space, name, version);
}

absl::StatusOr<ports::StoredDefinition> StageCatalog::GetTaskDefinition(
    const std::string& name_space, const std::string& name) {
  auto found = MemoryCatalog::GetTaskDefinition(name_space, name);
  if (registered_ == nullptr || !absl::IsNotFound(found.status())) return found;
  return registered_->GetTaskDefinition(name_space, name);
}

absl::StatusOr<ports::StoredDefinition> StageCatalog::GetSchema(const std::string& name_space,
                                                                const std::string& name,
                                                                std::int32_t version) {
  auto found = MemoryCatalog::GetSchema(name_space, name, version);
  if (registered_ == nullptr || !absl::IsNotFound(found.status())) return found;
  return registered_->GetSchema(name_space, name, version);
}

}  // namespace skald::rehearsal
