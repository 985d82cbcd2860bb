#include "engine/runtime/definition_cache.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/codec/pinned.h"
#include "engine/runtime/definition_looker.h"

namespace skald::runtime {
namespace {

constexpr std::size_t kPinnedMax = 10'000;
constexpr std::size_t kNamesMax = 20'000;
constexpr std::size_t kInPlaceMax = 1'000;
constexpr std::size_t kInPlaceBytesMax = 16 << 20;

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

absl::StatusOr<DefinitionPointer> DefinitionCache::Compile(const std::string& name_space,
                                                           const std::string& source,
                                                           bool in_place) {
  DefinitionLooker looker(catalog_, name_space);
  auto pinned = codec::PinDefinition(looker.WithSchemas(source), looker.Tasks(),
                                     {.name_space = name_space,
                                      .children = looker.Children(),
                                      .begins = true,
                                      .in_place = in_place,
                                      .environment = environment_,
                                      .unknown_default = unknown_default_});
  RETURN_IF_ERROR(looker.failed());
  if (!pinned.ok() && !looker.missing().empty()) {
    return absl::NotFoundError(
        absl::StrCat("No such workflow defined. name=", looker.missing(), ", version=null"));
  }
  RETURN_IF_ERROR(pinned.status());
  ASSIGN_OR_RETURN(pinned->definition.id, catalog_.PinDefinition(pinned->body));
  return std::make_shared<const core::Definition>(std::move(pinned->definition));
}

DefinitionPointer DefinitionCache::KeepOne(DefinitionPointer definition) {
  const auto known = by_id_.find(definition->id);
  if (known != by_id_.end()) return known->second;
  Keep(definition);
  return definition;
}

absl::StatusOr<DefinitionPointer> DefinitionCache::Resolve(const std::string& name_space,
                                                           const std::string& name,
                                                           std::int32_t version) {
  if (DefinitionPointer found = Find(name_space, name, version)) return found;
  // Read before the content: a change that comes in between makes the entry stale, not wrong.
  const std::uint64_t generation = catalog_.Generation();
  ASSIGN_OR_RETURN(const ports::StoredDefinition stored,
                   catalog_.GetDefinition(name_space, name, version));
  auto compiled = Compile(name_space, stored.source, /*in_place=*/false);
  if (absl::IsInvalidArgument(compiled.status())) {
    return absl::InternalError(absl::StrCat("definition ", name, " version ", stored.version,
                                            " cannot be compiled: ", compiled.status().message()));
  }
  RETURN_IF_ERROR(compiled.status());
  base::MutexLock lock(mutex_);
  const DefinitionPointer definition = KeepOne(*std::move(compiled));
  if (by_name_.size() >= kNamesMax) by_name_.clear();
  by_name_.insert_or_assign(Key(name_space, name, version), Entry{generation, definition});
  return definition;
}

absl::StatusOr<DefinitionPointer> DefinitionCache::Given(const std::string& name_space,
                                                         const std::string& json, bool in_place) {
  const std::uint64_t generation = catalog_.Generation();
  const std::tuple key(name_space, json, in_place);
  {
    base::MutexLock lock(mutex_);
    const auto found = in_place_.find(key);
    if (found != in_place_.end() && found->second.generation == generation) {
      return found->second.definition;
    }
  }
  ASSIGN_OR_RETURN(DefinitionPointer compiled, Compile(name_space, json, in_place));
  base::MutexLock lock(mutex_);
  const DefinitionPointer definition = KeepOne(std::move(compiled));
  if (in_place_.size() >= kInPlaceMax || in_place_bytes_ + json.size() > kInPlaceBytesMax) {
    in_place_.clear();
    in_place_bytes_ = 0;
  }
  in_place_bytes_ += json.size();
  in_place_.insert_or_assign(key, Entry{generation, definition});
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
