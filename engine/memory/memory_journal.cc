#include "engine/memory/memory_journal.h"

#include <utility>

namespace skald::memory {

void MemoryJournal::AcquireNode(const std::string& node_id, core::DurationUs lease_us,
                                ports::Done<ports::NodeLease> done) {
  done(store_.AcquireNode(node_id, lease_us));
}

void MemoryJournal::RenewNode(const ports::NodeLease& lease, core::DurationUs lease_us,
                              ports::Done<ports::NodeLease> done) {
  done(store_.RenewNode(lease, lease_us));
}

void MemoryJournal::TakeShards(const ports::NodeLease& lease,
                               ports::Done<std::vector<ports::Shard>> done) {
  done(store_.TakeShards(lease));
}

void MemoryJournal::ReleaseNode(const ports::NodeLease& lease, ports::DoneStatus done) {
  done(store_.ReleaseNode(lease));
}

void MemoryJournal::Commit(ports::CommitBatch batch, ports::DoneStatus done) {
  done(store_.Commit(batch));
}

void MemoryJournal::Load(const core::WorkflowId& id,
                         ports::Done<std::optional<ports::StoredWorkflow>> done) {
  done(store_.Load(id));
}

void MemoryJournal::LoadActive(const ports::SlotRange& slots, const core::WorkflowId& after,
                               std::size_t count_max,
                               ports::Done<std::vector<ports::StoredWorkflow>> done) {
  done(store_.LoadActive(slots, after, count_max));
}

void MemoryJournal::CountOpen(const ports::SlotRange& slots,
                              ports::Done<ports::OpenWorkflows> done) {
  done(store_.CountOpen(slots));
}

void MemoryJournal::LoadDue(const ports::SlotRange& slots, const ports::WakePoint& after,
                            core::TimeUs until, std::size_t count_max,
                            ports::Done<std::vector<ports::StoredWorkflow>> done) {
  done(store_.LoadDue(slots, after, until, count_max));
}

void MemoryJournal::NextWakeAt(const ports::SlotRange& slots, core::TimeUs from,
                               ports::Done<core::TimeUs> done) {
  done(store_.NextWakeAt(slots, from));
}

void MemoryJournal::Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
                           ports::Done<ports::Deletion> done) {
  done(store_.Delete(lease, id));
}

void MemoryJournal::Retain(const ports::NodeLease& lease, core::TimeUs before,
                           std::uint32_t count_max, ports::Done<ports::Removed> done) {
  done(store_.Retain(lease, before, count_max));
}

void MemoryJournal::LoadStartRequests(const ports::SlotRange& slots, std::size_t count_max,
                                      ports::Done<std::vector<ports::StartRequest>> done) {
  done(store_.LoadStartRequests(slots, count_max));
}

void MemoryJournal::RefuseStartRequest(const core::WorkflowId& id, std::string reason,
                                       ports::DoneStatus done) {
  store_.RefuseStartRequest(id, std::move(reason));
  done(absl::OkStatus());
}

void MemoryJournal::OnStartRequest(std::function<void()> notify) {
  base::MutexLock lock(mutex_);
  if (listener_ != 0) store_.RemoveListener(listener_);
  listener_ = notify ? store_.AddListener(std::move(notify)) : 0;
}

void MemoryJournal::ClaimKeys(std::vector<ports::KeyClaim> claims,
                              ports::Done<std::vector<ports::KeyHolder>> done) {
  done(store_.ClaimKeys(claims));
}

}  // namespace skald::memory
