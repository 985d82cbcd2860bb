// MemoryJournal: a node's journal over a MemoryStore. Every call answers before it returns.
//
// Thread-safe. `store` outlives it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/memory/memory_store.h"
#include "engine/ports/journal.h"

namespace skald::memory {

class MemoryJournal : public ports::Journal {
 public:
  explicit MemoryJournal(MemoryStore& store) : store_(store) {}
  ~MemoryJournal() override { OnStartRequest(nullptr); }

  void AcquireNode(const std::string& node_id, core::DurationUs lease_us,
                   ports::Done<ports::NodeLease> done) override;
  void RenewNode(const ports::NodeLease& lease, core::DurationUs lease_us,
                 ports::Done<ports::NodeLease> done) override;
  void TakeShards(const ports::NodeLease& lease,
                  ports::Done<std::vector<ports::Shard>> done) override;
  void ReleaseNode(const ports::NodeLease& lease, ports::DoneStatus done) override;
  void Commit(ports::CommitBatch batch, ports::DoneStatus done) override;
  void Load(const core::WorkflowId& id,
            ports::Done<std::optional<ports::StoredWorkflow>> done) override;
  void LoadActive(const ports::SlotRange& slots, const core::WorkflowId& after,
                  std::size_t count_max,
                  ports::Done<std::vector<ports::StoredWorkflow>> done) override;
  void CountOpen(const ports::SlotRange& slots, ports::Done<ports::OpenWorkflows> done) override;
  void LoadDue(const ports::SlotRange& slots, const ports::WakePoint& after, core::TimeUs until,
               std::size_t count_max,
               ports::Done<std::vector<ports::StoredWorkflow>> done) override;
  void NextWakeAt(const ports::SlotRange& slots, core::TimeUs from,
                  ports::Done<core::TimeUs> done) override;
  void Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
              ports::Done<ports::Deletion> done) override;
  void Retain(const ports::NodeLease& lease, core::TimeUs before, std::uint32_t count_max,
              ports::Done<ports::Removed> done) override;
  void LoadStartRequests(const ports::SlotRange& slots, std::size_t count_max,
                         ports::Done<std::vector<ports::StartRequest>> done) override;
  void RefuseStartRequest(const core::WorkflowId& id, std::string reason,
                          ports::DoneStatus done) override;
  void OnStartRequest(std::function<void()> notify) override;
  void ClaimKeys(std::vector<ports::KeyClaim> claims,
                 ports::Done<std::vector<ports::KeyHolder>> done) override;

 private:
  MemoryStore& store_;
  base::Mutex mutex_;
  MemoryStore::ListenerId listener_ GUARDED_BY(mutex_) = 0;
};

}  // namespace skald::memory
