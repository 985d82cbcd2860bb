#include "engine/runtime/fold.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/codec/events_json.h"
#include "engine/codec/state_json.h"
#include "engine/core/apply.h"

namespace skald::runtime {
namespace {

absl::Status Damaged(const ports::StoredWorkflow& stored, std::string_view why) {
  return absl::InternalError(absl::StrCat("load workflow ", stored.id.ToString(), ": ",
                                          absl::string_view(why.data(), why.size())));
}

absl::Status ApplyRow(const ports::StoredWorkflow& stored, const ports::HistoryRow& row,
                      Workflow& workflow) {
  if (row.first_seq != workflow.state.seq + 1) return Damaged(stored, "its history has a gap");
  absl::StatusOr<std::vector<core::Event>> events =
      codec::DecodeEvents(row.first_seq, row.at, row.events);
  if (!events.ok()) return Damaged(stored, std::string(events.status().message()));
  for (const core::Event& event : *events) {
    core::Apply(*workflow.definition, event, workflow.state);
  }
  if (workflow.state.seq != row.last_seq) return Damaged(stored, "a history row is cut short");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Workflow>> Fold(const ports::StoredWorkflow& stored,
                                               const DefinitionById& definition_by_id) {
  auto workflow = std::make_unique<Workflow>();
  ASSIGN_OR_RETURN(workflow->definition, definition_by_id(stored.definition_id));
  if (!stored.snapshot.empty()) {
    absl::StatusOr<core::State> state = codec::DecodeState(stored.snapshot);
    if (!state.ok()) return Damaged(stored, std::string(state.status().message()));
    workflow->state = *std::move(state);
    if (workflow->state.seq != stored.snapshot_seq) {
      return Damaged(stored, "its snapshot is not of the event that it says");
    }
  }
  workflow->state.id = stored.id;
  for (const ports::HistoryRow& row : stored.rows) {
    RETURN_IF_ERROR(ApplyRow(stored, row, *workflow));
  }
  if (!workflow->state.started()) return Damaged(stored, "it has no history");
  workflow->row_stored = true;
  workflow->row_parked = stored.parked;
  workflow->row_status = workflow->state.status;
  workflow->row_saga = workflow->state.saga_status;
  workflow->snapshot_seq = stored.snapshot_seq;
  return workflow;
}

absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> FoldAll(
    const std::vector<ports::StoredWorkflow>& stored, const DefinitionById& definition_by_id) {
  std::vector<std::unique_ptr<Workflow>> result;
  result.reserve(stored.size());
  for (const ports::StoredWorkflow& one : stored) {
    absl::StatusOr<std::unique_ptr<Workflow>> workflow = Fold(one, definition_by_id);
    if (workflow.ok()) {
      result.push_back(*std::move(workflow));
    } else if (absl::IsUnavailable(workflow.status())) {
      return std::move(workflow).status();
    } else {
      base::LogError("workflow.load_failed",
                     {{"workflow", one.id.ToString()}, {"status", workflow.status().ToString()}});
    }
  }
  return result;
}

}  // namespace skald::runtime
