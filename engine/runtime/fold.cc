#include "engine/runtime/fold.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/codec/events_json.h"
#include "engine/codec/state_json.h"
#include "engine/core/apply.h"
#include "engine/core/definition_added.h"
#include "engine/runtime/batch.h"

namespace skald::runtime {
namespace {

absl::Status Damaged(const ports::StoredWorkflow& stored, std::string_view why) {
  return absl::InternalError(absl::StrCat("load workflow ", stored.id.ToString(), ": ",
                                          absl::string_view(why.data(), why.size())));
}

// Not damaged: written by a newer release, which reads it.
absl::Status TooNew(const ports::StoredWorkflow& stored, const absl::Status& why) {
  return absl::FailedPreconditionError(
      absl::StrCat("load workflow ", stored.id.ToString(), ": ", why.message()));
}

constexpr core::EventSeq kAllTold = UINT64_MAX;

// What the event needs to be applied, and cannot hold itself.
absl::Status Complete(const ports::StoredWorkflow& stored, const DefinitionById& definition_by_id,
                      core::Event& event, Workflow& workflow) {
  if (const auto* started = std::get_if<core::WorkflowStarted>(&event.body)) {
    ASSIGN_OR_RETURN(workflow.definition, definition_by_id(started->definition_id));
  }
  if (workflow.definition == nullptr) return Damaged(stored, "its history has no start");
  if (auto* added = std::get_if<core::StepsAdded>(&event.body)) {
    const absl::Status compiled =
        core::CompileSteps(*workflow.definition, workflow.state.added, *added);
    if (!compiled.ok()) return Damaged(stored, std::string(compiled.message()));
  }
  return AttachDefinition(definition_by_id, event);
}

absl::Status ApplyRow(const ports::StoredWorkflow& stored, const DefinitionById& definition_by_id,
                      const ports::HistoryRow& row, core::EventSeq told, Workflow& workflow) {
  if (row.first_seq != workflow.state.seq + 1) return Damaged(stored, "its history has a gap");
  absl::StatusOr<std::vector<core::Event>> events =
      codec::DecodeEvents(row.first_seq, row.at, row.events, row.payloads);
  if (!events.ok()) return Damaged(stored, std::string(events.status().message()));
  for (core::Event& event : *events) {
    RETURN_IF_ERROR(Complete(stored, definition_by_id, event, workflow));
    core::Apply(*workflow.definition, event, workflow.state);
    if (auto next = core::NextDefinition(event.body)) workflow.definition = std::move(next);
    if (event.seq > told) workflow.untold.push_back(event);
  }
  for (const auto& [name, payload] : row.payloads) workflow.payloads_stored.insert(name);
  if (workflow.state.seq != row.last_seq) return Damaged(stored, "a history row is cut short");
  return absl::OkStatus();
}

// The end of a workflow is its last event but for late results, and its state has all of it.
void TellEnd(core::EventSeq told, Workflow& workflow) {
  const core::State& state = workflow.state;
  if (!workflow.ended() || !workflow.untold.empty() || state.seq <= told) return;
  workflow.untold.push_back({state.seq, state.ended_at,
                             core::WorkflowEnded{.status = state.status,
                                                 .saga_status = state.saga_status,
                                                 .reason = state.reason,
                                                 .output = state.output}});
}

}  // namespace

absl::Status AttachDefinition(const DefinitionById& definition_by_id, core::Event& event) {
  const std::int64_t id = core::NextDefinitionId(event.body);
  if (id == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto definition, definition_by_id(id));
  core::SetDefinition(event.body, std::move(definition));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Workflow>> Fold(const ports::StoredWorkflow& stored,
                                               const DefinitionById& definition_by_id) {
  return Fold(stored, definition_by_id, {});
}

absl::StatusOr<std::unique_ptr<Workflow>> Fold(const ports::StoredWorkflow& stored,
                                               const DefinitionById& definition_by_id,
                                               const Untold& untold) {
  const auto listed = untold.find(stored.id);
  const core::EventSeq told = listed == untold.end() ? kAllTold : listed->second;
  auto workflow = std::make_unique<Workflow>();
  if (!stored.snapshot.empty()) {
    ASSIGN_OR_RETURN(workflow->definition, definition_by_id(stored.definition_id));
    absl::StatusOr<core::State> state =
        codec::DecodeState(*workflow->definition, stored.snapshot, stored.payloads);
    if (absl::IsFailedPrecondition(state.status())) return TooNew(stored, state.status());
    if (!state.ok()) return Damaged(stored, std::string(state.status().message()));
    workflow->state = *std::move(state);
    if (workflow->state.seq != stored.snapshot_seq) {
      return Damaged(stored, "its snapshot is not of the event that it says");
    }
    std::size_t bytes = stored.snapshot.size();
    for (const auto& [name, payload] : stored.payloads) {
      bytes += payload.size();
      workflow->payloads_stored.insert(name);
    }
    NoteSnapshot(bytes, *workflow);
  }
  workflow->state.id = stored.id;
  for (const ports::HistoryRow& row : stored.rows) {
    RETURN_IF_ERROR(ApplyRow(stored, definition_by_id, row, told, *workflow));
  }
  if (!workflow->state.started()) return Damaged(stored, "it has no history");
  workflow->row_stored = true;
  workflow->row_parked = stored.parked;
  workflow->row_status = workflow->state.status;
  workflow->row_saga = workflow->state.saga_status;
  workflow->row_definition = stored.definition_id;
  TellEnd(told, *workflow);
  return workflow;
}

absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> FoldAll(
    const std::vector<ports::StoredWorkflow>& stored, const DefinitionById& definition_by_id,
    const Untold& untold) {
  std::vector<std::unique_ptr<Workflow>> result;
  result.reserve(stored.size());
  for (const ports::StoredWorkflow& one : stored) {
    absl::StatusOr<std::unique_ptr<Workflow>> workflow = Fold(one, definition_by_id, untold);
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
