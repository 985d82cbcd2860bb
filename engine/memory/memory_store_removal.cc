// What has ended and is removed: by a person, or by its age.
#include <algorithm>

#include "engine/base/status.h"
#include "engine/memory/memory_store.h"

namespace skald::memory {

ports::Deletion MemoryStore::MayDelete(const core::WorkflowId& id) const {
  const auto open = [](const ports::WorkflowRow& row) {
    return !core::IsTerminal(row.status) || row.parked;
  };
  const auto found = workflows_.find(id);
  if (found == workflows_.end()) return ports::Deletion::kAbsent;
  if (open(found->second.row)) return ports::Deletion::kNotEnded;
  auto above = workflows_.find(found->second.row.parent);
  for (; above != workflows_.end(); above = workflows_.find(above->second.row.parent)) {
    if (open(above->second.row)) return ports::Deletion::kParentRuns;
  }
  const bool below = std::any_of(workflows_.begin(), workflows_.end(), [&](const auto& other) {
    const ports::WorkflowRow& row = other.second.row;
    return row.parent == id && !core::IsTerminal(row.status);
  });
  return below ? ports::Deletion::kChildRuns : ports::Deletion::kDone;
}

void MemoryStore::Remove(const core::WorkflowId& id) {
  workflows_.erase(id);
  std::erase_if(keys_, [&](const auto& key) { return key.second.first == id; });
}

absl::StatusOr<ports::Deletion> MemoryStore::Delete(const ports::NodeLease& lease,
                                                    const core::WorkflowId& id) {
  base::MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckFence(lease));
  const ports::Deletion may = MayDelete(id);
  if (may == ports::Deletion::kDone) Remove(id);
  return may;
}

absl::StatusOr<ports::Removed> MemoryStore::Retain(const ports::NodeLease& lease,
                                                   core::TimeUs before, std::uint32_t count_max) {
  base::MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckFence(lease));
  std::vector<core::WorkflowId> old;
  for (const auto& [id, workflow] : workflows_) {
    if (old.size() >= count_max) break;
    if (workflow.row.ended_at == 0 || workflow.row.ended_at >= before) continue;
    if (MayDelete(id) == ports::Deletion::kDone) old.push_back(id);
  }
  for (const core::WorkflowId& id : old) Remove(id);
  return ports::Removed{.spans = 0,
                        .workflows = static_cast<std::uint32_t>(old.size()),
                        .more = old.size() == count_max};
}

}  // namespace skald::memory
