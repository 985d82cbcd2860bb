// StageCatalog: the definitions of one rehearsal: those that it brings along, and behind them those
// that are registered, which it only reads.
//
// Thread-safe when `registered` is. Pins and everything that is written stay in memory.
#pragma once

#include <string>
#include <vector>

#include "engine/memory/memory_catalog.h"
#include "engine/memory/memory_store.h"
#include "engine/ports/catalog.h"
#include "engine/ports/clock.h"

namespace skald::rehearsal {

class StageCatalog final : public ports::Catalog {
 public:
  // Both outlive the catalog; `registered` may be null.
  StageCatalog(memory::MemoryStore& store, ports::Catalog* registered)
      : own_(store), registered_(registered) {}

  // A workflow definition when the document has `tasks`, else a task definition. INVALID_ARGUMENT
  // with its mistakes.
  absl::Status Bring(const std::string& name_space, const std::string& json);

  absl::Status PutDefinition(const ports::StoredDefinition& definition, bool overwrite) override;
  absl::StatusOr<ports::StoredDefinition> GetDefinition(const std::string& name_space,
                                                        const std::string& name,
                                                        std::int32_t version) override;
  absl::StatusOr<ports::Paged<ports::StoredDefinition>> ListDefinitions(
      const std::string& name_space, const ports::Page& page) override;
  absl::Status DeleteDefinition(const std::string& name_space, const std::string& name,
                                std::int32_t version) override;
  absl::Status PutTaskDefinition(const ports::StoredDefinition& definition) override;
  absl::StatusOr<ports::StoredDefinition> GetTaskDefinition(const std::string& name_space,
                                                            const std::string& name) override;
  absl::StatusOr<ports::Paged<ports::StoredDefinition>> ListTaskDefinitions(
      const std::string& name_space, const ports::Page& page) override;
  absl::StatusOr<std::vector<ports::StoredDefinition>> LimitedTaskDefinitions(
      std::size_t count_max) override {
    return own_.LimitedTaskDefinitions(count_max);
  }
  absl::Status DeleteTaskDefinition(const std::string& name_space,
                                    const std::string& name) override;
  absl::StatusOr<std::int64_t> PinDefinition(const std::string& body) override;
  absl::StatusOr<std::string> GetPinned(std::int64_t id) override;
  std::uint64_t Generation() override;
  absl::StatusOr<ports::Paged<ports::WorkflowSummary>> ListWorkflows(
      const ports::WorkflowFilter& filter, ports::WorkflowOrder order,
      const ports::Page& page) override;
  absl::StatusOr<std::vector<ports::HistoryRow>> ReadHistory(const core::WorkflowId& id,
                                                             core::EventSeq after_seq,
                                                             std::size_t rows_max) override;
  absl::StatusOr<ports::StoredWorkflow> ReadWorkflow(const core::WorkflowId& id) override;
  absl::StatusOr<std::vector<ports::NodeRecord>> ListNodes() override { return own_.ListNodes(); }
  absl::Status Ping() override { return absl::OkStatus(); }

 private:
  memory::MemoryCatalog own_;
  ports::Catalog* const registered_;
};

}  // namespace skald::rehearsal
