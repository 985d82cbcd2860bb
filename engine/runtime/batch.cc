#include "engine/runtime/batch.h"

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "engine/codec/apart.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

template <typename Body>
std::size_t PayloadBytes(const Body& body) {
  std::size_t bytes = 0;
  if constexpr (requires { body.input.size(); }) bytes += body.input.size();
  if constexpr (requires { body.output.size(); }) bytes += body.output.size();
  if constexpr (requires { body.undo_input.size(); }) bytes += body.undo_input.size();
  if constexpr (requires { body.payload.size(); }) bytes += body.payload.size();
  if constexpr (requires { body.variables.size(); }) bytes += body.variables.size();
  if constexpr (requires { body.reason.size(); }) bytes += body.reason.size();
  if constexpr (requires { body.task_to_domain; }) bytes += body.task_to_domain.size();
  return bytes;
}

struct RowNeeds {
  bool row = false;
  bool snapshot = false;
};

// A snapshot costs what the state takes up, so it waits until the history since the last one has
// cost as much: a workflow writes at most about twice its history, however big it grows, and
// loading it replays no more than the snapshot itself takes to read.
bool IsSnapshotDue(const Workflow& workflow, core::EventSeq every_events) {
  const core::State& state = workflow.state;
  return state.seq - workflow.snapshot_seq >= every_events &&
         state.history_bytes - workflow.snapshot_history_bytes >= workflow.snapshot_bytes;
}

RowNeeds NeedsOf(const Workflow& workflow, bool parks, const ParkRule& rule) {
  const core::State& state = workflow.state;
  const bool changed =
      state.status != workflow.row_status || state.saga_status != workflow.row_saga;
  const bool far = IsSnapshotDue(workflow, rule.snapshot_every_events);
  // What is loaded begins with a snapshot, or with the start, of the row's own definition.
  const bool upgraded = workflow.row_stored && state.start.definition_id != workflow.row_definition;
  RowNeeds needs;
  needs.snapshot = parks || (far && !workflow.ended()) || upgraded;
  needs.row = needs.snapshot || !workflow.row_stored || changed || workflow.row_parked != parks;
  return needs;
}

// What the text names and is not stored yet goes with it. Returns the text.
std::string StoreApart(codec::Apart encoded, Workflow& workflow, ports::WorkflowWrite& write) {
  for (codec::NamedPayload& named : encoded.payloads) {
    if (!workflow.payloads_stored.insert(named.first).second) continue;
    write.payloads.push_back(std::move(named));
  }
  return std::move(encoded.text);
}

ports::WorkflowRow MakeRow(const Workflow& workflow, bool parks, core::TimeUs now) {
  const core::State& state = workflow.state;
  ports::WorkflowRow row;
  row.insert = !workflow.row_stored;
  row.name_space = state.start.name_space;
  row.name = state.start.name;
  row.version = state.start.version;
  row.definition_id = state.start.definition_id;
  row.status = state.status;
  row.saga_status = state.saga_status;
  row.correlation_id = state.start.correlation_id;
  row.idempotency_key = state.start.idempotency_key;
  row.priority = state.start.priority;
  row.parent = state.start.parent;
  row.started_at = state.started_at;
  row.updated_at = state.updated_at;
  row.ended_at = state.ended_at;
  row.reason = state.reason;
  row.snapshot_seq = workflow.snapshot_seq;
  row.parked = parks;
  if (parks) row.wake_at = workflow.ended() ? now : state.NextDueAt();
  return row;
}

void AddSnapshot(Workflow& workflow, ports::WorkflowWrite& write) {
  codec::Apart encoded = codec::EncodeStateApart(workflow.state, kPayloadApartBytes);
  // Making names costs about what writing the bytes does.
  NoteSnapshot(encoded.text.size() + encoded.payload_bytes(), workflow);
  write.row->snapshot = StoreApart(std::move(encoded), workflow, write);
  write.row->snapshot_seq = workflow.state.seq;
}

bool HasChildHere(const Workflow& workflow, const ShardTable& shards) {
  std::size_t left = kChildrenLookedAtMax;
  for (const core::TaskNumber task : workflow.state.child_tasks) {
    if (left-- == 0) return false;
    if (shards.Find(workflow.state.task(task).child) != nullptr) return true;
  }
  return false;
}

}  // namespace

std::size_t RoughBytes(const core::Event& event) {
  return kEventOverheadBytes +
         std::visit([](const auto& body) { return PayloadBytes(body); }, event.body);
}

bool MayPark(const Workflow& workflow, const ParkRule& rule) {
  if (workflow.ended() || workflow.state.live_tasks != 0) return false;
  if (!workflow.state.requests.empty()) return false;
  // Under a turn rule it is counted, which takes memory: its own.
  if (workflow.state.turn_running_max > 0) return false;
  if (workflow.letters_open != 0 || HasChildHere(workflow, rule.shards)) return false;
  const core::TimeUs due_at = workflow.state.NextDueAt();
  return due_at == 0 || due_at > rule.now + rule.park_after_us;
}

void NoteSnapshot(std::size_t bytes, Workflow& workflow) {
  workflow.snapshot_seq = workflow.state.seq;
  workflow.snapshot_bytes = bytes;
  workflow.snapshot_history_bytes = workflow.state.history_bytes;
}

ports::WorkflowWrite SealWrite(WriteDraft& draft, const ParkRule& rule) {
  Workflow& workflow = *draft.workflow;
  ports::WorkflowWrite write;
  write.id = workflow.state.id;
  write.consumes_start_request = draft.consumes_start_request;
  write.at = rule.now;
  if (!draft.events.empty()) {
    write.first_seq = draft.events.front().seq;
    write.last_seq = draft.events.back().seq;
    write.at = draft.events.front().at;
    write.events =
        StoreApart(codec::EncodeEventsApart(draft.events, kPayloadApartBytes), workflow, write);
  }
  draft.ends = workflow.ended();
  // Ended with letters under way: stored as due at once, so that a recovery writes them again.
  const bool owes = workflow.ended() && workflow.letters_open > 0;
  draft.parks = owes || MayPark(workflow, rule);
  const RowNeeds needs = NeedsOf(workflow, draft.parks, rule);
  if (!needs.row) return write;
  write.row = MakeRow(workflow, draft.parks, rule.now);
  if (needs.snapshot) AddSnapshot(workflow, write);
  workflow.row_stored = true;
  workflow.row_parked = draft.parks;
  workflow.row_status = workflow.state.status;
  workflow.row_saga = workflow.state.saga_status;
  workflow.row_definition = workflow.state.start.definition_id;
  return write;
}

}  // namespace skald::runtime
