// Journal: the engine's durable memory of workflows, as the runtime needs it.
//
// Every call is asynchronous: it returns at once and the outcome comes through `done`, once, on any
// thread (also before the call returns). `done` must not block, but may call the journal again and
// take as long as a turn of the engine does: no lock is held around it. One call is one
// transaction. Thread-safe. Values in, values out. The journal outlives its callers' callbacks: its
// destructor first answers all calls under way with CANCELLED.
//
// Errors, the same for every form (tests/conformance holds them to it):
//   ABORTED              the node's epoch is no longer the newest: this node has been fenced off;
//                        nothing was written
//   UNAVAILABLE          nothing was written; try later
//   UNKNOWN              it may have been written: drop what was decided on it, look, decide again
//   RESOURCE_EXHAUSTED   refused for its size; nothing was written
//   INTERNAL             a bug or a damaged row; nothing was written
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/state.h"
#include "engine/core/types.h"
#include "engine/ports/open_workflows.h"

namespace skald::ports {

// A node's claim to the shards that it owns. Every write names it and is refused when a newer epoch
// of the same node exists.
struct NodeLease {
  std::string node_id;
  std::uint64_t epoch = 0;
  core::TimeUs expires_at = 0;    // database clock
  core::TimeUs database_now = 0;  // for the clock offset
};

// Slots [first, last], both included: 0 … 65535.
struct SlotRange {
  std::uint32_t first = 0;
  std::uint32_t last = 65'535;
  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

struct Shard {
  std::int32_t shard_id = 0;
  SlotRange slots;
};

// Big payloads by the names that stored texts give them (codec/apart.h).
using Payloads = std::map<std::string, core::Payload, std::less<>>;

// What a list or a search needs to know of a workflow; written at start, at status changes and with
// snapshots. Of an update: namespace, name, correlation id, idempotency key, priority, parent and
// the time of the start stay those of the first row. A row with another definition than the one
// before has a snapshot.
struct WorkflowRow {
  bool insert = false;  // first row of the workflow; else an update
  std::string name_space;
  std::string name;
  std::int32_t version = 0;
  std::int64_t definition_id = 0;
  core::WorkflowStatus status = core::WorkflowStatus::kRunning;
  core::SagaStatus saga_status = core::SagaStatus::kNone;
  std::string correlation_id;
  std::string idempotency_key;
  std::int32_t priority = 0;
  core::WorkflowId parent;  // of a sub-workflow; else nil
  core::TimeUs started_at = 0;
  core::TimeUs updated_at = 0;
  core::TimeUs ended_at = 0;
  std::string reason;
  // Set with a snapshot: the state after event `snapshot_seq`, as codec::EncodeStateApart made it.
  std::optional<std::string> snapshot;
  core::EventSeq snapshot_seq = 0;
  // True: nobody holds the workflow in memory; it is loaded again at `wake_at` (0 = only when
  // something arrives for it). Also of a workflow that has ended and still has to tell another one
  // something.
  bool parked = false;
  core::TimeUs wake_at = 0;
};

// All that one batch says of one workflow.
struct WorkflowWrite {
  core::WorkflowId id;
  core::EventSeq first_seq = 0;  // of `events`; 0 when there are none
  core::EventSeq last_seq = 0;
  std::string events;  // codec::EncodeEventsApart; empty = no history row
  // Payloads that `events` and the snapshot name, unless they are stored already; storing one twice
  // changes nothing.
  std::vector<std::pair<std::string, core::Payload>> payloads;
  core::TimeUs at = 0;
  std::optional<WorkflowRow> row;
  bool consumes_start_request = false;  // it was begun by a StartRequest, which goes in this batch
};

struct CommitBatch {
  NodeLease lease;  // node_id and epoch are checked
  std::vector<WorkflowWrite> writes;
};

// One history row: `events` holds seqs first_seq … last_seq.
struct HistoryRow {
  core::EventSeq first_seq = 0;
  core::EventSeq last_seq = 0;
  core::TimeUs at = 0;
  std::string events;
  Payloads payloads;  // all that `events` names
};

// A workflow as stored: the newest snapshot, if any, and the history rows after it.
struct StoredWorkflow {
  core::WorkflowId id;
  std::int64_t definition_id = 0;  // of the newest row; of the snapshot, if there is one
  bool parked = false;
  core::TimeUs wake_at = 0;
  core::EventSeq snapshot_seq = 0;
  std::string snapshot;  // empty = none
  Payloads payloads;     // all that the snapshot names
  std::vector<HistoryRow> rows;
};

// A place among parked workflows in the order in which they are due: behind the one of that id at
// that time, and before all of that time when the id is nil.
struct WakePoint {
  core::TimeUs wake_at = 0;
  core::WorkflowId id;
  friend auto operator<=>(const WakePoint&, const WakePoint&) = default;
};

// A start asked for by skald.start_workflow() in SQL, or reserved by an idempotency key and not
// carried out yet.
struct StartRequest {
  core::WorkflowId id;
  std::string name_space;
  std::string name;
  std::int32_t version = 0;  // 0 = newest
  std::string input;         // JSON
  std::string correlation_id;
  std::string idempotency_key;
  std::int32_t priority = 0;
  std::string traceparent;
  std::string task_to_domain;  // JSON, an object (core/task_domains.h); empty = none
};

// Claims an idempotency key for a workflow id that is not started yet.
struct KeyClaim {
  std::string name_space;
  std::string key;
  core::WorkflowId id;  // what the workflow will be called if the key is free
  // Of the request: under kReturnExisting the same key with another request is a misuse. Empty:
  // stands for every request.
  std::string digest;
  // kFailOnRunning: a key whose workflow has ended is free. It and kFail: a key whose workflow was
  // never started is taken over, with that workflow's id.
  core::KeyStrategy strategy = core::KeyStrategy::kReturnExisting;
};
struct KeyHolder {
  core::WorkflowId id;     // whose the key is
  bool fresh = false;      // claimed now
  bool started = false;    // that workflow exists
  bool requested = false;  // or its start was asked for in SQL
  std::string digest;
};

// What became of a deletion.
enum class Deletion : std::uint8_t {
  kDone,
  kAbsent,      // there is no such workflow
  kNotEnded,    // or it still has to tell another workflow something
  kParentRuns,  // one above it has not ended and may yet have it undo itself
  kChildRuns,   // one right below it has not ended and will tell it so
};

// What retention removed in one go.
struct Removed {
  std::uint32_t spans = 0;      // of time, with all that began in them
  std::uint32_t workflows = 0;  // one by one
  bool more = false;            // there may be more to remove right away
};

template <typename T>
using Done = std::function<void(absl::StatusOr<T>)>;
using DoneStatus = std::function<void(absl::Status)>;

class Journal {
 public:
  virtual ~Journal() = default;

  // ---- node and shards ----
  // Makes this process the newest epoch of `node_id`, which fences every earlier one: waits for
  // their transactions in flight, refuses all later ones.
  virtual void AcquireNode(const std::string& node_id, core::DurationUs lease_us,
                           Done<NodeLease> done) = 0;
  // ABORTED when a newer epoch exists.
  virtual void RenewNode(const NodeLease& lease, core::DurationUs lease_us,
                         Done<NodeLease> done) = 0;
  // Takes every shard that nobody owns, or whose owner's lease has expired (that owner's epoch is
  // raised first); returns all that this node owns now.
  virtual void TakeShards(const NodeLease& lease, Done<std::vector<Shard>> done) = 0;
  // Gives the lease and all shards back, for a clean stop.
  virtual void ReleaseNode(const NodeLease& lease, DoneStatus done) = 0;

  // ---- the hot path ----
  // Stores all of the batch or nothing. Writes of one workflow go in order of seq; a history row
  // that exists already is ABORTED (somebody else owns the workflow). A row to be updated that has
  // been removed since (Delete, Retain) is UNKNOWN.
  virtual void Commit(CommitBatch batch, DoneStatus done) = 0;

  // ---- reading ----
  // Empty when there is no such workflow.
  virtual void Load(const core::WorkflowId& id, Done<std::optional<StoredWorkflow>> done) = 0;
  // Workflows of the slots that are neither ended nor parked, in order of id, after `after`.
  virtual void LoadActive(const SlotRange& slots, const core::WorkflowId& after,
                          std::size_t count_max, Done<std::vector<StoredWorkflow>> done) = 0;
  // Counts the workflows of the slots that have not ended, parked or not.
  virtual void CountOpen(const SlotRange& slots, Done<OpenWorkflows> done) = 0;
  // Parked workflows of the slots behind `after` with 0 < wake_at <= until, in order of wake_at and
  // id.
  virtual void LoadDue(const SlotRange& slots, const WakePoint& after, core::TimeUs until,
                       std::size_t count_max, Done<std::vector<StoredWorkflow>> done) = 0;
  // The earliest wake_at >= from among parked workflows of the slots; 0 = none.
  virtual void NextWakeAt(const SlotRange& slots, core::TimeUs from, Done<core::TimeUs> done) = 0;

  // ---- what has ended ----
  // Removes the workflow with all that belongs to it, if it has ended and nobody may still need it.
  // Its idempotency key is free again.
  virtual void Delete(const NodeLease& lease, const core::WorkflowId& id, Done<Deletion> done) = 0;
  // Removes by the same rules what ended before `before`, in a portion that holds nobody up: a span
  // of time of which all has, or at most `count_max` single workflows. A form that keeps spans may
  // keep what ended before until its span is over by then, too.
  virtual void Retain(const NodeLease& lease, core::TimeUs before, std::uint32_t count_max,
                      Done<Removed> done) = 0;

  // ---- starts from outside the process ----
  // Requests of the slots, oldest first. They stay until a batch consumes them, or they are
  // refused.
  virtual void LoadStartRequests(const SlotRange& slots, std::size_t count_max,
                                 Done<std::vector<StartRequest>> done) = 0;
  // The request can never be carried out: it is kept aside with the reason, for people, and not
  // loaded any more until it is asked for anew. OK also when there is no such request.
  virtual void RefuseStartRequest(const core::WorkflowId& id, std::string reason,
                                  DoneStatus done) = 0;
  // `notify` is called (on any thread) whenever a start request may have come in; also once after
  // each reconnect, because notices sent meanwhile are lost. Replaces the one set before; null
  // stops.
  virtual void OnStartRequest(std::function<void()> notify) = 0;
  // One answer per claim, in order. Durable when answered.
  virtual void ClaimKeys(std::vector<KeyClaim> claims, Done<std::vector<KeyHolder>> done) = 0;
};

}  // namespace skald::ports
