// PgCatalog: the Catalog and the TaskLog in PostgreSQL.
//
// Thread-safe. Calls use a small pool of sessions; a connection of its own waits for notices of
// changes, so that Generation() is a read of memory.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/ports/catalog.h"
#include "engine/ports/task_log.h"
#include "engine/postgres/listener.h"
#include "engine/postgres/session_pool.h"

namespace skald::postgres {

class PgCatalog final : public ports::Catalog, public ports::TaskLog {
 public:
  // Does not wait for the database. INVALID_ARGUMENT: malformed URL.
  static absl::StatusOr<std::unique_ptr<PgCatalog>> Open(const std::string& database_url);

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
  std::uint64_t Generation() override { return generation_.load(std::memory_order_acquire); }
  absl::StatusOr<ports::Paged<ports::WorkflowSummary>> ListWorkflows(
      const ports::WorkflowFilter& filter, ports::WorkflowOrder order,
      const ports::Page& page) override;
  absl::StatusOr<std::vector<ports::HistoryRow>> ReadHistory(const core::WorkflowId& id,
                                                             core::EventSeq after_seq,
                                                             std::size_t rows_max) override;
  absl::StatusOr<ports::StoredWorkflow> ReadWorkflow(const core::WorkflowId& id) override;
  absl::StatusOr<std::vector<ports::NodeRecord>> ListNodes() override;
  absl::Status Ping() override;

  absl::Status Append(const std::vector<ports::TaskLogLine>& lines,
                      std::size_t lines_per_task_max) override;
  absl::StatusOr<std::vector<ports::TaskLogLine>> Read(const core::WorkflowId& workflow,
                                                       core::TaskNumber task) override;

 private:
  explicit PgCatalog(const std::string& connection_string);

  // One page of a statement's rows, which are kept by name and version; `list` is for the token.
  absl::StatusOr<ports::Paged<ports::StoredDefinition>> ListVersions(std::string_view what,
                                                                     const char* statement,
                                                                     const char* list,
                                                                     const std::string& name_space,
                                                                     const ports::Page& page);
  // A change and the generation after it, in one transaction.
  absl::Status Change(std::string_view what, const Session::Body& body);
  void RaiseGeneration(std::uint64_t generation);

  SessionPool pool_;
  std::atomic<std::uint64_t> generation_ = 0;
  Listener listener_;  // last: its thread writes to what is above
};

}  // namespace skald::postgres
