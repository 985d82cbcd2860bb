// MemoryCatalog: a catalog over a MemoryStore.
//
// Thread-safe. `store` outlives it. Page tokens are positions: pages may shift while things are
// added in front of them.
#pragma once

#include <string>
#include <vector>

#include "engine/memory/memory_store.h"
#include "engine/ports/catalog.h"

namespace skald::memory {

class MemoryCatalog : public ports::Catalog {
 public:
  explicit MemoryCatalog(MemoryStore& store) : store_(store) {}

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
  absl::Status DeleteTaskDefinition(const std::string& name_space,
                                    const std::string& name) override;
  absl::StatusOr<std::vector<ports::StoredDefinition>> LimitedTaskDefinitions(
      std::size_t count_max) override;
  absl::StatusOr<std::int32_t> PutSchema(const ports::StoredDefinition& schema) override;
  absl::StatusOr<ports::StoredDefinition> GetSchema(const std::string& name_space,
                                                    const std::string& name,
                                                    std::int32_t version) override;
  absl::StatusOr<ports::Paged<ports::StoredDefinition>> ListSchemas(
      const std::string& name_space, const ports::Page& page) override;
  absl::Status DeleteSchema(const std::string& name_space, const std::string& name,
                            std::int32_t version) override;
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
  absl::StatusOr<std::vector<ports::NodeRecord>> ListNodes() override;
  absl::Status Ping() override { return absl::OkStatus(); }

 private:
  MemoryStore& store_;
};

}  // namespace skald::memory
