// Fold: a stored workflow back into memory: its snapshot, then the events after it.
//
// Pure but for the look-up of the definition, which may block: called on the journal's threads.
// Errors: INTERNAL for rows that cannot be read or do not fit together; those of
// `definition_by_id`.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/ports/journal.h"
#include "engine/runtime/workflow.h"

namespace skald::runtime {

absl::StatusOr<std::unique_ptr<Workflow>> Fold(const ports::StoredWorkflow& stored,
                                               const DefinitionById& definition_by_id);

// Folds what can be folded; logs the others (ERROR: a person must look) and leaves them out.
// UNAVAILABLE when a definition cannot be read now: then all have to be loaded again.
absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> FoldAll(
    const std::vector<ports::StoredWorkflow>& stored, const DefinitionById& definition_by_id);

}  // namespace skald::runtime
