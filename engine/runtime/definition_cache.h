// DefinitionCache: compiled, pinned definitions in memory, so that a start reads nothing.
//
// Thread-safe. Find never blocks; Resolve and ById may ask the catalog. An entry found by name is
// good as long as the catalog's generation has not moved on; an entry found by id is good for ever,
// because a pinned form never changes. Bounds: kPinnedMax compiled definitions, kNamesMax names,
// kInPlaceMax definitions that were given and kInPlaceBytesMax of their text; beyond them the cache
// is emptied and fills again.
// Errors: NOT_FOUND (no such definition), UNAVAILABLE (store), INTERNAL (a stored definition that
// this binary cannot compile; the message says why).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/core/definition.h"
#include "engine/ports/catalog.h"

namespace skald::runtime {

using DefinitionPointer = std::shared_ptr<const core::Definition>;  // shared by all its workflows

class DefinitionCache {
 public:
  // What expressions may read of the deployment; shared by all definitions, null = nothing.
  using EnvironmentPointer = std::shared_ptr<const core::Environment>;

  // `catalog` outlives the cache. `unknown_default` goes into what is pinned from now on.
  explicit DefinitionCache(ports::Catalog& catalog, EnvironmentPointer environment = nullptr,
                           core::UnknownPolicy unknown_default = core::UnknownPolicy::kByBarrier)
      : catalog_(catalog),
        environment_(std::move(environment)),
        unknown_default_(unknown_default) {}

  const EnvironmentPointer& environment() const { return environment_; }

  // Null when it is not in memory, or stale.
  DefinitionPointer Find(const std::string& name_space, const std::string& name,
                         std::int32_t version);
  // version 0 = the highest. Blocks on a miss.
  absl::StatusOr<DefinitionPointer> Resolve(const std::string& name_space, const std::string& name,
                                            std::int32_t version);
  // A definition that is not registered, of a step, as JSON. INVALID_ARGUMENT with its mistakes.
  // Blocks on a miss.
  absl::StatusOr<DefinitionPointer> InPlace(const std::string& name_space,
                                            const std::string& json) {
    return Given(name_space, json, /*in_place=*/true);
  }
  // The same for the definition of a start, which is held to all that registered ones are.
  absl::StatusOr<DefinitionPointer> OfStart(const std::string& name_space,
                                            const std::string& json) {
    return Given(name_space, json, /*in_place=*/false);
  }
  // Blocks on a miss.
  absl::StatusOr<DefinitionPointer> ById(std::int64_t id);

 private:
  using Key = std::tuple<std::string, std::string, std::int32_t>;
  struct Entry {
    std::uint64_t generation = 0;
    DefinitionPointer definition;
  };

  absl::StatusOr<DefinitionPointer> Given(const std::string& name_space, const std::string& json,
                                          bool in_place);
  // With the newest versions of what it names, pinned. INVALID_ARGUMENT with its mistakes.
  absl::StatusOr<DefinitionPointer> Compile(const std::string& name_space,
                                            const std::string& source, bool in_place);
  // One copy per content in memory.
  DefinitionPointer KeepOne(DefinitionPointer definition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(const DefinitionPointer& definition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ports::Catalog& catalog_;
  const EnvironmentPointer environment_;
  const core::UnknownPolicy unknown_default_;
  base::Mutex mutex_;
  std::map<Key, Entry> by_name_ ABSL_GUARDED_BY(mutex_);
  std::map<std::int64_t, DefinitionPointer> by_id_ ABSL_GUARDED_BY(mutex_);
  // Namespace, JSON, and whether it stood in a step.
  std::map<std::tuple<std::string, std::string, bool>, Entry> in_place_ ABSL_GUARDED_BY(mutex_);
  std::size_t in_place_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace skald::runtime
