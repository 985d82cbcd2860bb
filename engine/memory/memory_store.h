// MemoryStore: the data of an engine without a database, shared by the MemoryJournals and
// MemoryCatalogs of all nodes of a process. Gone with the process.
//
// It keeps the contracts of ports/journal.h and ports/catalog.h; tests and simulations run on it.
// Thread-safe: one mutex, held for one call. All calls answer at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/ports/catalog.h"
#include "engine/ports/clock.h"
#include "engine/ports/journal.h"

namespace skald::memory {

class MemoryStore {
 public:
  // Splits the slots evenly into `shard_count` shards, 1 to 65 536. `clock` is the database's clock
  // and outlives the store.
  MemoryStore(const ports::Clock& clock, std::uint32_t shard_count);

  // ---- journal ----
  ports::NodeLease AcquireNode(const std::string& node_id, core::DurationUs lease_us);
  absl::StatusOr<ports::NodeLease> RenewNode(const ports::NodeLease& lease,
                                             core::DurationUs lease_us);
  absl::StatusOr<std::vector<ports::Shard>> TakeShards(const ports::NodeLease& lease);
  absl::Status ReleaseNode(const ports::NodeLease& lease);
  absl::Status Commit(const ports::CommitBatch& batch);
  std::optional<ports::StoredWorkflow> Load(const core::WorkflowId& id) const;
  std::vector<ports::StoredWorkflow> LoadActive(const ports::SlotRange& slots,
                                                const core::WorkflowId& after,
                                                std::size_t count_max) const;
  std::vector<ports::StoredWorkflow> LoadDue(const ports::SlotRange& slots,
                                             const ports::WakePoint& after, core::TimeUs until,
                                             std::size_t count_max) const;
  ports::OpenWorkflows CountOpen(const ports::SlotRange& slots) const;
  core::TimeUs NextWakeAt(const ports::SlotRange& slots, core::TimeUs from) const;
  absl::StatusOr<ports::Deletion> Delete(const ports::NodeLease& lease, const core::WorkflowId& id);
  absl::StatusOr<ports::Removed> Retain(const ports::NodeLease& lease, core::TimeUs before,
                                        std::uint32_t count_max);
  std::vector<ports::StartRequest> LoadStartRequests(const ports::SlotRange& slots,
                                                     std::size_t count_max) const;
  void RefuseStartRequest(const core::WorkflowId& id, std::string reason);
  // What was refused, and why.
  std::map<core::WorkflowId, std::string> RefusedStarts() const;
  std::vector<ports::KeyHolder> ClaimKeys(const std::vector<ports::KeyClaim>& claims);

  // What skald.start_workflow() does in SQL: asks for a start, and tells the listeners.
  void RequestStart(ports::StartRequest request);
  using ListenerId = std::uint64_t;
  ListenerId AddListener(std::function<void()> notify);
  void RemoveListener(ListenerId id);

  // ---- catalog ----
  absl::Status PutDefinition(const ports::StoredDefinition& definition, bool overwrite);
  absl::StatusOr<ports::StoredDefinition> GetDefinition(const std::string& name_space,
                                                        const std::string& name,
                                                        std::int32_t version) const;
  std::vector<ports::StoredDefinition> AllDefinitions(const std::string& name_space) const;
  absl::Status DeleteDefinition(const std::string& name_space, const std::string& name,
                                std::int32_t version);
  absl::Status PutTaskDefinition(const ports::StoredDefinition& definition);
  absl::StatusOr<ports::StoredDefinition> GetTaskDefinition(const std::string& name_space,
                                                            const std::string& name) const;
  std::vector<ports::StoredDefinition> AllTaskDefinitions(const std::string& name_space) const;
  std::vector<ports::StoredDefinition> LimitedTaskDefinitions(std::size_t count_max) const;
  absl::Status DeleteTaskDefinition(const std::string& name_space, const std::string& name);
  std::int32_t PutSchema(const ports::StoredDefinition& schema);
  absl::StatusOr<ports::StoredDefinition> GetSchema(const std::string& name_space,
                                                    const std::string& name,
                                                    std::int32_t version) const;
  std::vector<ports::StoredDefinition> AllSchemas(const std::string& name_space) const;
  absl::Status DeleteSchema(const std::string& name_space, const std::string& name,
                            std::int32_t version);
  std::int64_t PinDefinition(const std::string& body);
  absl::StatusOr<std::string> GetPinned(std::int64_t id) const;
  std::uint64_t generation() const;
  // Oldest id first.
  std::vector<ports::WorkflowSummary> AllWorkflows() const;
  // Those that have ended and are still to tell others of it.
  std::size_t CountOwing() const;
  // By node_id.
  std::vector<ports::NodeRecord> LeasedNodes() const;
  absl::StatusOr<std::vector<ports::HistoryRow>> ReadHistory(const core::WorkflowId& id,
                                                             core::EventSeq after_seq,
                                                             std::size_t rows_max) const;

  // All ids, for those who check everything at the end.
  std::vector<core::WorkflowId> WorkflowIds() const;
  // Seq of the last stored event; 0 when there is no such workflow.
  core::EventSeq LastSeq(const core::WorkflowId& id) const;

 private:
  struct Node {
    std::uint64_t epoch = 0;
    core::TimeUs expires_at = 0;
  };
  struct OwnedShard {
    ports::Shard shard;
    std::string owner;  // empty = nobody
  };
  struct Workflow {
    ports::WorkflowRow row;
    std::string snapshot;
    std::vector<ports::HistoryRow> history;  // without their payloads
    ports::Payloads payloads;
    core::EventSeq last_seq() const { return history.empty() ? 0 : history.back().last_seq; }
  };
  using NameKey = std::pair<std::string, std::string>;
  using VersionKey = std::tuple<std::string, std::string, std::int32_t>;

  absl::Status CheckFence(const ports::NodeLease& lease) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckWrite(const ports::WorkflowWrite& write) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsRequested(const core::WorkflowId& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ports::Deletion MayDelete(const core::WorkflowId& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(const core::WorkflowId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(const ports::WorkflowWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // With what the text names.
  static ports::Payloads PayloadsOf(std::string_view text, const Workflow& workflow);
  static ports::HistoryRow Complete(const ports::HistoryRow& row, const Workflow& workflow);
  static ports::StoredWorkflow Stored(const core::WorkflowId& id, const Workflow& workflow);

  const ports::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<std::string, Node> nodes_ GUARDED_BY(mutex_);
  std::vector<OwnedShard> shards_ GUARDED_BY(mutex_);
  std::map<core::WorkflowId, Workflow> workflows_ GUARDED_BY(mutex_);
  std::set<std::pair<core::TimeUs, core::WorkflowId>> wakes_ GUARDED_BY(mutex_);
  std::set<core::WorkflowId> active_ GUARDED_BY(mutex_);  // neither ended nor parked
  std::vector<ports::StartRequest> start_requests_ GUARDED_BY(mutex_);
  std::map<core::WorkflowId, std::string> refused_starts_ GUARDED_BY(mutex_);
  std::map<NameKey, std::pair<core::WorkflowId, std::string>> keys_ GUARDED_BY(mutex_);
  std::map<ListenerId, std::function<void()>> listeners_ GUARDED_BY(mutex_);
  ListenerId next_listener_ GUARDED_BY(mutex_) = 1;
  std::map<VersionKey, ports::StoredDefinition> definitions_ GUARDED_BY(mutex_);
  std::map<NameKey, ports::StoredDefinition> task_definitions_ GUARDED_BY(mutex_);
  std::map<VersionKey, ports::StoredDefinition> schemas_ GUARDED_BY(mutex_);
  std::vector<std::string> pins_ GUARDED_BY(mutex_);  // id - 1
  std::map<std::string, std::int64_t> pin_ids_ GUARDED_BY(mutex_);
  std::uint64_t generation_ GUARDED_BY(mutex_) = 1;
};

}  // namespace skald::memory
