// ShardTable: the shards that this node owns, and the workflows of each that are in memory.
//
// Single-threaded. Owns the workflows; pointers stay valid until Remove or Clear. The order of
// workflows within a shard is not defined: nothing observable may depend on it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/ports/journal.h"
#include "engine/runtime/workflow.h"

namespace skald::runtime {

class ShardTable {
 public:
  // True: the shard is new here (it has to be loaded before it is served).
  bool AddShard(const ports::Shard& shard);
  void MarkLoaded(std::int32_t shard_id);
  // Forgets shards and workflows.
  void Clear();

  // True when the slot belongs to a shard of this node that is loaded.
  bool Serves(std::uint16_t slot) const;
  bool Owns(std::uint16_t slot) const { return FindShard(slot) != nullptr; }
  bool covers_all() const;
  std::vector<ports::Shard> shards() const;

  // Null when it is not in memory.
  Workflow* Find(const core::WorkflowId& id) const;
  // REQUIRES: the slot is owned and the id is not in memory.
  Workflow& Add(std::unique_ptr<Workflow> workflow);
  void Remove(const core::WorkflowId& id);

  std::size_t workflow_count() const { return workflow_count_; }

 private:
  struct Owned {
    ports::Shard shard;
    bool loaded = false;
    absl::flat_hash_map<core::WorkflowId, std::unique_ptr<Workflow>> workflows;
  };
  const Owned* FindShard(std::uint16_t slot) const;
  Owned* FindShard(std::uint16_t slot);

  std::vector<std::unique_ptr<Owned>> shards_;  // by first slot
  std::size_t workflow_count_ = 0;
};

}  // namespace skald::runtime
