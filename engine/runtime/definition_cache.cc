#include "engine/runtime/definition_cache.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/codec/pinned.h"

namespace skald::runtime {
namespace {

constexpr std::size_t kPinnedMax = 10'000;
constexpr std::size_t kNamesMax = 20'000;

}  // namespace

DefinitionPointer DefinitionCache::Find(const std::string& name_space, const std::string& name,
                                        std::int32_t version) {
  const std::uint64_t generation = catalog_.Generation();
  base::MutexLock lock(mutex_);
  const auto found = by_name_.find(Key(name_space, name, version));
  if (found == by_name_.end() || found->second.generation != generation) return nullptr;
  return found->second.definition;
}

void DefinitionCache::Keep(const DefinitionPointer& definition) {
  if (by_id_.size() >= kPinnedMax) by_id_.clear();
  by_id_.insert_or_assign(definition->id, definition);
}

absl::StatusOr<DefinitionPointer> DefinitionCache::Resolve(const std::string& name_space,
                                                           const std::string& name,
                                                           std::int32_t version) {
  if (DefinitionPointer found = Find(name_space, name, version)) return found;
  // Read before the content: a change that comes in between makes the entry stale, not wrong.
  const std::uint64_t generation = catalog_.Generation();
  ASSIGN_OR_RETURN(const ports::StoredDefinition stored,
                   catalog_.GetDefinition(name_space, name, version));
  absl::Status lookup_failed;
  const auto lookup = [&](const std::string& task) -> std::optional<std::string> {
    auto definition = catalog_.GetTaskDefinition(name_space, task);
    if (definition.ok()) return std::move(definition)->source;
    if (!absl::IsNotFound(definition.status())) lookup_failed = definition.status();
    return std::nullopt;
  };
  auto pinned = codec::PinDefinition(
      stored.source, lookup,
      {.name_space = name_space, .environment = environment_, .unknown_default = unknown_default_});
  RETURN_IF_ERROR(lookup_failed);
  if (!pinned.ok()) {
    return absl::InternalError(absl::StrCat("definition ", name, " version ", stored.version,
                                            " cannot be compiled: ", pinned.status().message()));
  }
  ASSIGN_OR_RETURN(pinned->definition.id, catalog_.PinDefinition(pinned->body));
  auto definition = std::make_shared<const core::Definition>(std::move(pinned->definition));
  base::MutexLock lock(mutex_);
  const auto known = by_id_.find(definition->id);
  if (known != by_id_.end()) {
    definition = known->second;  // one copy per content in memory
  } else {
    Keep(definition);
  }
  if (by_name_.size() >= kNamesMax) by_name_.clear();
  by_name_.insert_or_assign(Key(name_space, name, version), Entry{generation, definition});
  return definition;
}

absl::StatusOr<DefinitionPointer> DefinitionCache::ById(std::int64_t id) {
  {
    base::MutexLock lock(mutex_);
    if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second;
  }
  ASSIGN_OR_RETURN(const std::string body, catalog_.GetPinned(id));
  auto decoded = codec::DecodePinned(body, id, environment_);
  if (!decoded.ok()) {
    return absl::InternalError(absl::StrCat("pinned definition ", id,
                                            " cannot be compiled: ", decoded.status().message()));
  }
  auto definition = std::make_shared<const core::Definition>(*std::move(decoded));
  base::MutexLock lock(mutex_);
  Keep(definition);
  return definition;
}

}  // namespace skald::runtime
