#include "engine/grpc/workflow_reader.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/codec/events_json.h"
#include "engine/ports/no_such_workflow.h"
#include "engine/runtime/fold.h"

namespace skald::grpc_edge {
namespace {

constexpr std::size_t kRowsPerReadMax = 1'000;

}  // namespace

void WorkflowReader::Read(const std::string& name_space, const core::WorkflowId& id,
                          std::function<void(absl::StatusOr<View>)> done) {
  engine_.Get(id, [this, name_space, id, done = std::move(done)](absl::StatusOr<View> view) {
    if (view.ok() && (*view)->state.start.name_space != name_space) {
      done(ports::NoSuchWorkflow(id));
      return;
    }
    if (!absl::IsNotFound(view.status())) {
      done(std::move(view));
      return;
    }
    const absl::Status queued =
        pool_.Run([this, name_space, id, done] { done(ReadStored(name_space, id)); });
    if (!queued.ok()) done(queued);
  });
}

absl::StatusOr<WorkflowReader::View> WorkflowReader::ReadStored(const std::string& name_space,
                                                                const core::WorkflowId& id) {
  ASSIGN_OR_RETURN(const ports::StoredWorkflow stored, catalog_.ReadWorkflow(id));
  ASSIGN_OR_RETURN(const std::unique_ptr<runtime::Workflow> workflow,
                   runtime::Fold(stored, [this](std::int64_t definition_id) {
                     return definitions_.ById(definition_id);
                   }));
  auto view = std::make_shared<runtime::WorkflowView>();
  view->definition = workflow->definition;
  view->state = std::move(workflow->state);
  if (view->state.start.name_space != name_space) return ports::NoSuchWorkflow(id);
  return view;
}

absl::StatusOr<runtime::DefinitionPointer> WorkflowReader::AttachDefinitions(
    std::vector<core::Event>& events) {
  const auto* started =
      events.empty() ? nullptr : std::get_if<core::WorkflowStarted>(&events.front().body);
  if (started == nullptr) return absl::InternalError("the history has no start");
  const auto by_id = [this](std::int64_t id) { return definitions_.ById(id); };
  for (core::Event& event : events) RETURN_IF_ERROR(runtime::AttachDefinition(by_id, event));
  return definitions_.ById(started->definition_id);
}

absl::StatusOr<std::vector<core::Event>> WorkflowReader::ReadEvents(const core::WorkflowId& id,
                                                                    core::EventSeq after_seq,
                                                                    std::size_t count_min,
                                                                    std::size_t bytes_min) {
  std::vector<core::Event> events;
  core::EventSeq last = after_seq;
  std::size_t bytes = 0;
  while (events.size() < count_min && bytes < bytes_min) {
    ASSIGN_OR_RETURN(const std::vector<ports::HistoryRow> rows,
                     catalog_.ReadHistory(id, last, kRowsPerReadMax));
    if (rows.empty()) break;
    for (const ports::HistoryRow& row : rows) {
      ASSIGN_OR_RETURN(std::vector<core::Event> decoded,
                       codec::DecodeEvents(row.first_seq, row.at, row.events, row.payloads));
      for (core::Event& event : decoded) {
        if (event.seq > after_seq) events.push_back(std::move(event));
      }
      last = row.last_seq;
      bytes += row.events.size();
      for (const auto& [name, payload] : row.payloads) bytes += payload.size();
      if (bytes >= bytes_min) break;
    }
  }
  return events;
}

}  // namespace skald::grpc_edge
