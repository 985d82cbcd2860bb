// StageCatalog: the definitions of one rehearsal: those that it brings along, and behind them those
// that are registered, which it only reads.
//
// Thread-safe when `registered` is. Pins and everything that is written stay in memory.
#pragma once

#include <string>

#include "engine/memory/memory_catalog.h"
#include "engine/memory/memory_store.h"
#include "engine/ports/catalog.h"
#include "engine/ports/clock.h"

namespace skald::rehearsal {

class StageCatalog final : public memory::MemoryCatalog {
 public:
  // Both outlive the catalog; `registered` may be null.
  StageCatalog(memory::MemoryStore& store, ports::Catalog* registered)
      : MemoryCatalog(store), registered_(registered) {}

  // A workflow definition when the document has `tasks`, else a task definition. INVALID_ARGUMENT
  // with its mistakes.
  absl::Status Bring(const std::string& name_space, const std::string& json);

  absl::StatusOr<ports::StoredDefinition> GetDefinition(const std::string& name_space,
                                                        const std::string& name,
                                                        std::int32_t version) override;
  absl::StatusOr<ports::StoredDefinition> GetTaskDefinition(const std::string& name_space,
                                                            const std::string& name) override;
  absl::StatusOr<ports::StoredDefinition> GetSchema(const std::string& name_space,
                                                    const std::string& name,
                                                    std::int32_t version) override;

 private:
  ports::Catalog* const registered_;
};

}  // namespace skald::rehearsal
