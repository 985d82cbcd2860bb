// Fold: a stored workflow back into memory: its snapshot, then the events after it. The definition
// is that of the snapshot, or that of the start, until an event goes over to another one.
//
// Pure but for the look-up of definitions, which may block: called on the journal's threads.
// Errors: INTERNAL for rows that cannot be read or do not fit together; FAILED_PRECONDITION for a
// snapshot that a newer release wrote; those of `definition_by_id`.
#pragma once

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/event.h"
#include "engine/ports/journal.h"
#include "engine/runtime/workflow.h"

namespace skald::runtime {

absl::StatusOr<std::unique_ptr<Workflow>> Fold(const ports::StoredWorkflow& stored,
                                               const DefinitionById& definition_by_id);

// Gives an event that goes over to another definition that one; errors of the look-up.
absl::Status AttachDefinition(const DefinitionById& definition_by_id, core::Event& event);

// What watchers were told last of workflows whose newest batch is of unknown outcome: their later
// events have to be told when they turn out to be stored. Shared with the journal's threads.
using Untold = absl::flat_hash_map<core::WorkflowId, core::EventSeq>;

// As Fold; fills Workflow::untold for a workflow listed there. Of what a snapshot covers only an
// end can be told.
absl::StatusOr<std::unique_ptr<Workflow>> Fold(const ports::StoredWorkflow& stored,
                                               const DefinitionById& definition_by_id,
                                               const Untold& untold);

// Folds what can be folded; logs the others (ERROR: a person must look) and leaves them out.
// UNAVAILABLE when a definition cannot be read now: then all have to be loaded again.
absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> FoldAll(
    const std::vector<ports::StoredWorkflow>& stored, const DefinitionById& definition_by_id,
    const Untold& untold);

}  // namespace skald::runtime
