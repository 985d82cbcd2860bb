#include "engine/memory/memory_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/check.h"
#include "engine/base/status.h"
#include "engine/codec/apart.h"

namespace skald::memory {
namespace {

bool Holds(const ports::SlotRange& slots, const core::WorkflowId& id) {
  return slots.first <= id.Slot() && id.Slot() <= slots.last;
}

}  // namespace

MemoryStore::MemoryStore(const ports::Clock& clock, std::uint32_t shard_count) : clock_(clock) {
  CHECK(shard_count >= 1);
  CHECK(shard_count <= base::kSlots);
  for (std::uint32_t i = 0; i < shard_count; ++i) {
    const std::uint64_t first = std::uint64_t{base::kSlots} * i / shard_count;
    const std::uint64_t end = std::uint64_t{base::kSlots} * (i + 1) / shard_count;
    shards_.push_back({.shard = {.shard_id = static_cast<std::int32_t>(i),
                                 .slots = {static_cast<std::uint32_t>(first),
                                           static_cast<std::uint32_t>(end - 1)}}});
  }
}

// ---- node and shards
// -------------------------------------------------------------------------------

absl::Status MemoryStore::CheckFence(const ports::NodeLease& lease) const {
  const auto node = nodes_.find(lease.node_id);
  if (node != nodes_.end() && node->second.epoch == lease.epoch) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("node ", lease.node_id, " epoch ", lease.epoch,
                                         " is not the newest: fenced off"));
}

ports::NodeLease MemoryStore::AcquireNode(const std::string& node_id, core::DurationUs lease_us) {
  base::MutexLock lock(mutex_);
  const core::TimeUs now = clock_.Now();
  Node& node = nodes_[node_id];
  ++node.epoch;
  node.expires_at = now + lease_us;
  return {node_id, node.epoch, node.expires_at, now};
}

absl::StatusOr<ports::NodeLease> MemoryStore::RenewNode(const ports::NodeLease& lease,
                                                        core::DurationUs lease_us) {
  base::MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckFence(lease));
  const core::TimeUs now = clock_.Now();
  nodes_[lease.node_id].expires_at = now + lease_us;
  return ports::NodeLease{lease.node_id, lease.epoch, now + lease_us, now};
}

absl::StatusOr<std::vector<ports::Shard>> MemoryStore::TakeShards(const ports::NodeLease& lease) {
  base::MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckFence(lease));
  const core::TimeUs now = clock_.Now();
  std::set<std::string> expired;
  for (auto& [node_id, node] : nodes_) {
    if (node_id == lease.node_id || node.expires_at > now) continue;
    const bool owns = std::any_of(shards_.begin(), shards_.end(),
                                  [&](const OwnedShard& owned) { return owned.owner == node_id; });
    if (!owns) continue;
    ++node.epoch;
    expired.insert(node_id);
  }
  std::vector<ports::Shard> result;
  for (OwnedShard& owned : shards_) {
    if (owned.owner.empty() || expired.contains(owned.owner)) owned.owner = lease.node_id;
    if (owned.owner == lease.node_id) result.push_back(owned.shard);
  }
  return result;
}

absl::Status MemoryStore::ReleaseNode(const ports::NodeLease& lease) {
  base::MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckFence(lease));
  for (OwnedShard& owned : shards_) {
    if (owned.owner == lease.node_id) owned.owner.clear();
  }
  Node& node = nodes_[lease.node_id];
  ++node.epoch;
  node.expires_at = 0;
  return absl::OkStatus();
}

// ---- the hot path
// ----------------------------------------------------------------------------------

absl::Status MemoryStore::CheckWrite(const ports::WorkflowWrite& write) const {
  const auto found = workflows_.find(write.id);
  const bool inserts = write.row.has_value() && write.row->insert;
  const std::string name = write.id.ToString();
  if (inserts && found != workflows_.end()) {
    return absl::AbortedError(absl::StrCat("commit workflow ", name, ": it exists already"));
  }
  if (!inserts && found == workflows_.end() && (write.row.has_value() || write.first_seq != 0)) {
    return absl::UnknownError(absl::StrCat("commit workflow ", name, ": it has been removed"));
  }
  if (write.first_seq == 0) return absl::OkStatus();
  const core::EventSeq last_seq = inserts ? 0 : found->second.last_seq();
  if (write.first_seq <= last_seq) {
    return absl::AbortedError(
        absl::StrCat("commit workflow ", name, ": event ", write.first_seq, " exists already"));
  }
  if (write.first_seq != last_seq + 1 || write.last_seq < write.first_seq) {
    return absl::InternalError(absl::StrCat("commit workflow ", name, ": events ", write.first_seq,
                                            " to ", write.last_seq, " after ", last_seq));
  }
  return absl::OkStatus();
}

void MemoryStore::Apply(const ports::WorkflowWrite& write) {
  if (write.consumes_start_request) {
    std::erase_if(start_requests_, [&](const auto& request) { return request.id == write.id; });
  }
  if (!write.row.has_value() && write.first_seq == 0) return;
  Workflow& workflow = workflows_[write.id];
  if (write.first_seq != 0) {
    workflow.history.push_back({.first_seq = write.first_seq,
                                .last_seq = write.last_seq,
                                .at = write.at,
                                .events = write.events,
                                .payloads = {}});
  }
  for (const auto& [name, payload] : write.payloads) workflow.payloads.emplace(name, payload);
  if (!write.row.has_value()) return;
  if (workflow.row.parked) wakes_.erase({workflow.row.wake_at, write.id});
  const core::EventSeq snapshot_seq = workflow.row.snapshot_seq;
  workflow.row = *write.row;
  workflow.row.snapshot.reset();
  if (write.row->snapshot.has_value()) {
    workflow.snapshot = *write.row->snapshot;
  } else {
    workflow.row.snapshot_seq = snapshot_seq;
  }
  if (workflow.row.parked && workflow.row.wake_at > 0) {
    wakes_.emplace(workflow.row.wake_at, write.id);
  }
  if (workflow.row.parked || core::IsTerminal(workflow.row.status)) {
    active_.erase(write.id);
  } else {
    active_.insert(write.id);
  }
}

absl::Status MemoryStore::Commit(const ports::CommitBatch& batch) {
  base::MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckFence(batch.lease));
  std::set<core::WorkflowId> seen;
  for (const ports::WorkflowWrite& write : batch.writes) {
    if (!seen.insert(write.id).second) {
      return absl::InternalError(
          absl::StrCat("commit workflow ", write.id.ToString(), ": twice in one batch"));
    }
    RETURN_IF_ERROR(CheckWrite(write));
  }
  for (const ports::WorkflowWrite& write : batch.writes) Apply(write);
  return absl::OkStatus();
}

// ---- reading
// ---------------------------------------------------------------------------------------

ports::Payloads MemoryStore::PayloadsOf(std::string_view text, const Workflow& workflow) {
  ports::Payloads payloads;
  for (const std::string& name : codec::NamedPayloads(text)) {
    const auto found = workflow.payloads.find(name);
    if (found != workflow.payloads.end()) payloads.insert(*found);
  }
  return payloads;
}

ports::HistoryRow MemoryStore::Complete(const ports::HistoryRow& row, const Workflow& workflow) {
  ports::HistoryRow complete = row;
  complete.payloads = PayloadsOf(row.events, workflow);
  return complete;
}

ports::StoredWorkflow MemoryStore::Stored(const core::WorkflowId& id, const Workflow& workflow) {
  ports::StoredWorkflow stored;
  stored.id = id;
  stored.definition_id = workflow.row.definition_id;
  stored.parked = workflow.row.parked;
  stored.wake_at = workflow.row.wake_at;
  stored.snapshot_seq = workflow.row.snapshot_seq;
  stored.snapshot = workflow.snapshot;
  stored.payloads = PayloadsOf(workflow.snapshot, workflow);
  for (const ports::HistoryRow& row : workflow.history) {
    if (row.first_seq > stored.snapshot_seq) stored.rows.push_back(Complete(row, workflow));
  }
  return stored;
}

std::optional<ports::StoredWorkflow> MemoryStore::Load(const core::WorkflowId& id) const {
  base::MutexLock lock(mutex_);
  const auto found = workflows_.find(id);
  if (found == workflows_.end()) return std::nullopt;
  return Stored(id, found->second);
}

std::vector<ports::StoredWorkflow> MemoryStore::LoadActive(const ports::SlotRange& slots,
                                                           const core::WorkflowId& after,
                                                           std::size_t count_max) const {
  base::MutexLock lock(mutex_);
  std::vector<ports::StoredWorkflow> result;
  for (auto id = active_.upper_bound(after); id != active_.end(); ++id) {
    if (result.size() >= count_max) break;
    if (Holds(slots, *id)) result.push_back(Stored(*id, workflows_.at(*id)));
  }
  return result;
}

std::vector<ports::StoredWorkflow> MemoryStore::LoadDue(const ports::SlotRange& slots,
                                                        const ports::WakePoint& after,
                                                        core::TimeUs until,
                                                        std::size_t count_max) const {
  base::MutexLock lock(mutex_);
  std::vector<ports::StoredWorkflow> result;
  for (auto wake = wakes_.upper_bound({after.wake_at, after.id}); wake != wakes_.end(); ++wake) {
    const auto& [wake_at, id] = *wake;
    if (wake_at > until || result.size() >= count_max) break;
    if (Holds(slots, id)) result.push_back(Stored(id, workflows_.at(id)));
  }
  return result;
}

ports::OpenWorkflows MemoryStore::CountOpen(const ports::SlotRange& slots) const {
  base::MutexLock lock(mutex_);
  ports::OpenWorkflows open;
  for (const auto& [id, workflow] : workflows_) {
    if (!Holds(slots, id) || core::IsTerminal(workflow.row.status)) continue;
    if (workflow.row.status == core::WorkflowStatus::kRunning) ++open.running;
    if (workflow.row.status == core::WorkflowStatus::kPaused) ++open.paused;
    if (workflow.row.saga_status == core::SagaStatus::kParked) ++open.sagas_parked;
  }
  return open;
}

core::TimeUs MemoryStore::NextWakeAt(const ports::SlotRange& slots, core::TimeUs from) const {
  base::MutexLock lock(mutex_);
  for (auto wake = wakes_.lower_bound({from, {}}); wake != wakes_.end(); ++wake) {
    if (Holds(slots, wake->second)) return wake->first;
  }
  return 0;
}

std::vector<core::WorkflowId> MemoryStore::WorkflowIds() const {
  base::MutexLock lock(mutex_);
  std::vector<core::WorkflowId> result;
  for (const auto& [id, workflow] : workflows_) result.push_back(id);
  return result;
}

core::EventSeq MemoryStore::LastSeq(const core::WorkflowId& id) const {
  base::MutexLock lock(mutex_);
  const auto found = workflows_.find(id);
  return found == workflows_.end() ? 0 : found->second.last_seq();
}

// ---- starts from outside
// ---------------------------------------------------------------------------

std::vector<ports::StartRequest> MemoryStore::LoadStartRequests(const ports::SlotRange& slots,
                                                                std::size_t count_max) const {
  base::MutexLock lock(mutex_);
  std::vector<ports::StartRequest> result;
  for (const ports::StartRequest& request : start_requests_) {
    if (result.size() >= count_max) break;
    if (Holds(slots, request.id)) result.push_back(request);
  }
  return result;
}

void MemoryStore::RefuseStartRequest(const core::WorkflowId& id, std::string reason) {
  base::MutexLock lock(mutex_);
  const std::size_t refused =
      std::erase_if(start_requests_, [&](const auto& request) { return request.id == id; });
  if (refused != 0) refused_starts_[id] = std::move(reason);
}

std::map<core::WorkflowId, std::string> MemoryStore::RefusedStarts() const {
  base::MutexLock lock(mutex_);
  return refused_starts_;
}

std::vector<ports::KeyHolder> MemoryStore::ClaimKeys(const std::vector<ports::KeyClaim>& claims) {
  base::MutexLock lock(mutex_);
  std::vector<ports::KeyHolder> result;
  for (const ports::KeyClaim& claim : claims) {
    auto [held, fresh] = keys_.try_emplace({claim.name_space, claim.key}, claim.id, claim.digest);
    auto& [id, digest] = held->second;
    const auto workflow = workflows_.find(id);
    const bool started = workflow != workflows_.end();
    const bool requested = IsRequested(id);
    if (claim.strategy != core::KeyStrategy::kReturnExisting && id != claim.id) {
      const bool ended = started && core::IsTerminal(workflow->second.row.status);
      fresh = ended && claim.strategy == core::KeyStrategy::kFailOnRunning;
      if (fresh) id = claim.id;
      if (fresh || (!started && !requested)) digest = claim.digest;
    }
    result.push_back({.id = id,
                      .fresh = fresh,
                      .started = started && !fresh,
                      .requested = requested,
                      .digest = digest.empty() ? claim.digest : digest});
  }
  return result;
}

bool MemoryStore::IsRequested(const core::WorkflowId& id) const {
  return std::any_of(start_requests_.begin(), start_requests_.end(),
                     [&](const auto& request) { return request.id == id; });
}

void MemoryStore::RequestStart(ports::StartRequest request) {
  std::vector<std::function<void()>> told;
  {
    base::MutexLock lock(mutex_);
    refused_starts_.erase(request.id);
    start_requests_.push_back(std::move(request));
    for (const auto& [id, notify] : listeners_) told.push_back(notify);
  }
  for (const auto& notify : told) notify();
}

MemoryStore::ListenerId MemoryStore::AddListener(std::function<void()> notify) {
  base::MutexLock lock(mutex_);
  const ListenerId id = next_listener_++;
  listeners_[id] = std::move(notify);
  return id;
}

void MemoryStore::RemoveListener(ListenerId id) {
  base::MutexLock lock(mutex_);
  listeners_.erase(id);
}

}  // namespace skald::memory
