// The schemas of MemoryStore.
#include <climits>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/memory/memory_store.h"

namespace skald::memory {
namespace {

absl::Status NoSchema(const std::string& name_space, const std::string& name,
                      std::int32_t version) {
  return absl::NotFoundError(absl::StrCat("there is no schema ", name_space, "/", name,
                                          version == 0 ? "" : absl::StrCat(" version ", version)));
}

}  // namespace

std::int32_t MemoryStore::PutSchema(const ports::StoredDefinition& schema) {
  base::MutexLock lock(mutex_);
  ports::StoredDefinition stored = schema;
  if (stored.version == 0) {
    const auto after = schemas_.upper_bound({stored.name_space, stored.name, INT_MAX});
    const bool known = after != schemas_.begin() &&
                       std::get<0>(std::prev(after)->first) == stored.name_space &&
                       std::get<1>(std::prev(after)->first) == stored.name;
    stored.version = known ? std::get<2>(std::prev(after)->first) + 1 : 1;
  }
  const VersionKey key(stored.name_space, stored.name, stored.version);
  const auto known = schemas_.find(key);
  if (known != schemas_.end()) stored.created_at = known->second.created_at;
  ++generation_;
  const std::int32_t version = stored.version;
  schemas_.insert_or_assign(key, std::move(stored));
  return version;
}

absl::StatusOr<ports::StoredDefinition> MemoryStore::GetSchema(const std::string& name_space,
                                                               const std::string& name,
                                                               std::int32_t version) const {
  base::MutexLock lock(mutex_);
  const ports::StoredDefinition* found = nullptr;
  for (const auto& [key, schema] : schemas_) {
    const bool named = std::get<0>(key) == name_space && std::get<1>(key) == name;
    if (named && (version == 0 || std::get<2>(key) == version)) found = &schema;
  }
  if (found != nullptr) return *found;
  return NoSchema(name_space, name, version);
}

std::vector<ports::StoredDefinition> MemoryStore::AllSchemas(const std::string& name_space) const {
  base::MutexLock lock(mutex_);
  std::vector<ports::StoredDefinition> result;
  for (const auto& [key, schema] : schemas_) {
    if (std::get<0>(key) == name_space) result.push_back(schema);
  }
  return result;
}

absl::Status MemoryStore::DeleteSchema(const std::string& name_space, const std::string& name,
                                       std::int32_t version) {
  base::MutexLock lock(mutex_);
  const auto gone = std::erase_if(schemas_, [&](const auto& entry) {
    const auto& [key, schema] = entry;
    return std::get<0>(key) == name_space && std::get<1>(key) == name &&
           (version == 0 || std::get<2>(key) == version);
  });
  if (gone == 0) return NoSchema(name_space, name, version);
  ++generation_;
  return absl::OkStatus();
}

}  // namespace skald::memory
