// ArchivingJournal: a MemoryJournal that keeps a copy of what it deletes, so that the verdict can
// look at it as at all else.
//
// Single-threaded; the archive outlives it.
#pragma once

#include <map>
#include <vector>

#include "engine/memory/memory_journal.h"

namespace skald::sim {

// A workflow as the store had it when it was deleted.
struct Deleted {
  ports::StoredWorkflow workflow;
  std::vector<ports::HistoryRow> rows;
};
using Archive = std::map<core::WorkflowId, Deleted>;

class ArchivingJournal final : public memory::MemoryJournal {
 public:
  ArchivingJournal(memory::MemoryStore& store, Archive& archive)
      : MemoryJournal(store), store_(store), archive_(archive) {}

  void Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
              ports::Done<ports::Deletion> done) override;

 private:
  memory::MemoryStore& store_;
  Archive& archive_;
};

}  // namespace skald::sim
