#include "engine/runtime/shard_table.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace skald::runtime {

const ShardTable::Owned* ShardTable::FindShard(std::uint16_t slot) const {
  const auto after = std::upper_bound(
      shards_.begin(), shards_.end(), slot,
      [](std::uint32_t wanted, const auto& owned) { return wanted < owned->shard.slots.first; });
  if (after == shards_.begin()) return nullptr;
  const Owned* found = std::prev(after)->get();
  return slot <= found->shard.slots.last ? found : nullptr;
}

ShardTable::Owned* ShardTable::FindShard(std::uint16_t slot) {
  return const_cast<Owned*>(std::as_const(*this).FindShard(slot));
}

bool ShardTable::AddShard(const ports::Shard& shard) {
  for (const auto& owned : shards_) {
    if (owned->shard.shard_id == shard.shard_id) return false;
  }
  auto owned = std::make_unique<Owned>();
  owned->shard = shard;
  const auto place = std::upper_bound(
      shards_.begin(), shards_.end(), shard.slots.first,
      [](std::uint32_t first, const auto& other) { return first < other->shard.slots.first; });
  shards_.insert(place, std::move(owned));
  return true;
}

void ShardTable::MarkLoaded(std::int32_t shard_id) {
  for (const auto& owned : shards_) {
    if (owned->shard.shard_id == shard_id) owned->loaded = true;
  }
}

void ShardTable::Clear() {
  shards_.clear();
  workflow_count_ = 0;
}

bool ShardTable::Serves(std::uint16_t slot) const {
  const Owned* owned = FindShard(slot);
  return owned != nullptr && owned->loaded;
}

bool ShardTable::covers_all() const {
  std::uint32_t slots = 0;
  for (const auto& owned : shards_) slots += owned->shard.slots.last - owned->shard.slots.first + 1;
  return slots == base::kSlots;
}

std::vector<ports::Shard> ShardTable::shards() const {
  std::vector<ports::Shard> result;
  for (const auto& owned : shards_) result.push_back(owned->shard);
  return result;
}

Workflow* ShardTable::Find(const core::WorkflowId& id) const {
  const Owned* owned = FindShard(id.Slot());
  if (owned == nullptr) return nullptr;
  const auto found = owned->workflows.find(id);
  return found == owned->workflows.end() ? nullptr : found->second.get();
}

Workflow& ShardTable::Add(std::unique_ptr<Workflow> workflow) {
  Owned* owned = FindShard(workflow->state.id.Slot());
  CHECK(owned != nullptr);
  const core::WorkflowId id = workflow->state.id;
  const auto [place, added] = owned->workflows.emplace(id, std::move(workflow));
  CHECK(added);
  ++workflow_count_;
  return *place->second;
}

void ShardTable::Remove(const core::WorkflowId& id) {
  Owned* owned = FindShard(id.Slot());
  CHECK(owned != nullptr);
  workflow_count_ -= owned->workflows.erase(id);
}

}  // namespace skald::runtime
