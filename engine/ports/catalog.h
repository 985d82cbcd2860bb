// Catalog: definitions and task definitions, and what lists and searches read.
//
// Blocking; off the hot path. Thread-safe. One call is one transaction.
// Errors: NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION as said per call; UNAVAILABLE when the
// store cannot be reached; INVALID_ARGUMENT for a malformed page token.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/definition.h"
#include "engine/core/types.h"
#include "engine/ports/journal.h"

namespace skald::ports {

struct StoredDefinition {
  std::string name_space;
  std::string name;
  std::int32_t version = 0;  // 0 for task definitions
  std::string source;        // JSON as registered, with createTime/updateTime
  core::TimeUs created_at = 0;
  core::TimeUs updated_at = 0;
};

struct Page {
  std::size_t size = 100;  // at most 1 000
  std::string token;       // opaque; empty = first page
};
template <typename T>
struct Paged {
  std::vector<T> items;
  std::string next_token;  // empty = last page
};

struct WorkflowSummary {
  core::WorkflowId id;
  std::string name_space, name;
  std::int32_t version = 0;
  core::WorkflowStatus status = core::WorkflowStatus::kRunning;
  core::SagaStatus saga_status = core::SagaStatus::kNone;
  std::string correlation_id, reason;
  std::int32_t priority = 0;
  core::TimeUs started_at = 0, updated_at = 0, ended_at = 0;
  core::WorkflowId parent;  // of a sub-workflow; else nil
};

// A node that has a lease: it serves shards, or stands by to take them over. A node that stopped in
// order has none; one that died keeps its own until its shards are taken.
struct NodeRecord {
  std::string node_id;
  std::uint64_t epoch = 0;
  core::TimeUs expires_at = 0;  // of the lease; database clock
  bool alive = false;           // the lease had not run out when it was read
  std::uint32_t shards = 0;     // that it owns
};
inline constexpr std::size_t kNodesListedMax = 1'000;

// Unset fields do not filter.
struct WorkflowFilter {
  std::string name_space;
  std::string name;
  std::string correlation_id;
  std::vector<core::WorkflowStatus> statuses;
  std::vector<core::SagaStatus> saga_statuses;
  core::TimeUs started_from = 0, started_before = 0;
  core::WorkflowId parent;
};
enum class WorkflowOrder : std::uint8_t { kNewestFirst, kOldestFirst };

class Catalog {
 public:
  virtual ~Catalog() = default;

  // ---- definitions: kept by (namespace, name, version) ----
  // ALREADY_EXISTS unless `overwrite`. Workflows that run keep the form they began with.
  virtual absl::Status PutDefinition(const StoredDefinition& definition, bool overwrite) = 0;
  // version 0 = the highest.
  virtual absl::StatusOr<StoredDefinition> GetDefinition(const std::string& name_space,
                                                         const std::string& name,
                                                         std::int32_t version) = 0;
  virtual absl::StatusOr<Paged<StoredDefinition>> ListDefinitions(const std::string& name_space,
                                                                  const Page& page) = 0;
  virtual absl::Status DeleteDefinition(const std::string& name_space, const std::string& name,
                                        std::int32_t version) = 0;

  // ---- task definitions: kept by (namespace, name), overwritten by a later one ----
  virtual absl::Status PutTaskDefinition(const StoredDefinition& definition) = 0;
  virtual absl::StatusOr<StoredDefinition> GetTaskDefinition(const std::string& name_space,
                                                             const std::string& name) = 0;
  virtual absl::StatusOr<Paged<StoredDefinition>> ListTaskDefinitions(const std::string& name_space,
                                                                      const Page& page) = 0;
  virtual absl::Status DeleteTaskDefinition(const std::string& name_space,
                                            const std::string& name) = 0;
  // Those of all namespaces whose source speaks of limits (core::TaskLimits), by namespace and
  // name, at most `count_max`.
  virtual absl::StatusOr<std::vector<StoredDefinition>> LimitedTaskDefinitions(
      std::size_t count_max) = 0;

  // ---- schemas: kept by (namespace, name, version) ----
  // Over an earlier one of that version; with version 0 as one past the highest of that name.
  // Returns the version. Workflows that run keep the schemas they began with.
  virtual absl::StatusOr<std::int32_t> PutSchema(const StoredDefinition& schema) = 0;
  // version 0 = the highest.
  virtual absl::StatusOr<StoredDefinition> GetSchema(const std::string& name_space,
                                                     const std::string& name,
                                                     std::int32_t version) = 0;
  virtual absl::StatusOr<Paged<StoredDefinition>> ListSchemas(const std::string& name_space,
                                                              const Page& page) = 0;
  // version 0 = all of that name.
  virtual absl::Status DeleteSchema(const std::string& name_space, const std::string& name,
                                    std::int32_t version) = 0;

  // ---- pinned forms: a definition with its task definitions embedded, stored once per content
  // ---- Returns the id of this content, storing it if it is new. `body` is what codec made.
  virtual absl::StatusOr<std::int64_t> PinDefinition(const std::string& body) = 0;
  // NOT_FOUND is a damaged store.
  virtual absl::StatusOr<std::string> GetPinned(std::int64_t id) = 0;

  // A number that grows whenever any definition, task definition or schema of any node changes;
  // cached pins made under an older number are stale.
  virtual std::uint64_t Generation() = 0;

  // ---- reading workflows ----
  virtual absl::StatusOr<Paged<WorkflowSummary>> ListWorkflows(const WorkflowFilter& filter,
                                                               WorkflowOrder order,
                                                               const Page& page) = 0;
  // History rows of a workflow after event `after_seq`, fewer than `rows_max` also where big
  // payloads make a page of them; NOT_FOUND when there is no such workflow.
  virtual absl::StatusOr<std::vector<HistoryRow>> ReadHistory(const core::WorkflowId& id,
                                                              core::EventSeq after_seq,
                                                              std::size_t rows_max) = 0;
  // The stored form of one workflow: also of ended and parked ones. NOT_FOUND as above.
  virtual absl::StatusOr<StoredWorkflow> ReadWorkflow(const core::WorkflowId& id) = 0;

  // By node_id; at most kNodesListedMax.
  virtual absl::StatusOr<std::vector<NodeRecord>> ListNodes() = 0;

  // True while the store answers (asked by /ready).
  virtual absl::Status Ping() = 0;
};

}  // namespace skald::ports
