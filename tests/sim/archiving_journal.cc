#include "tests/sim/archiving_journal.h"

#include <cstdint>
#include <utility>

namespace skald::sim {

void ArchivingJournal::Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
                              ports::Done<ports::Deletion> done) {
  auto before = store_.Load(id);
  auto rows = store_.ReadHistory(id, 0, SIZE_MAX);
  MemoryJournal::Delete(lease, id, [&](absl::StatusOr<ports::Deletion> deletion) {
    const bool gone = deletion.ok() && *deletion == ports::Deletion::kDone;
    if (gone && before.has_value() && rows.ok()) {
      archive_[id] = {*std::move(before), *std::move(rows)};
    }
    done(std::move(deletion));
  });
}

}  // namespace skald::sim
