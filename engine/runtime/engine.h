// Engine: one node's runtime behind a thread-safe front: shards, committer, matcher, timers,
// leases.
//
// All methods may be called from any thread and return at once; callbacks run on the engine's loop
// thread (in a simulation: inside Tick), once, after what they tell is durable, and must not block
// or call back into the engine with the expectation of an immediate answer. Beyond a bound of
// EngineOptions a request is answered RESOURCE_EXHAUSTED with a retry delay (RetryDelay below).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/decide.h"
#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "engine/core/trigger.h"
#include "engine/ports/clock.h"
#include "engine/ports/journal.h"
#include "engine/ports/metrics.h"
#include "engine/runtime/task_limit_table.h"

namespace skald::runtime {

struct EngineOptions {
  std::string node_id = "skald";
  core::DurationUs node_lease_us = 10 * core::kSecondUs;
  core::DurationUs default_task_lease_us = 30 * core::kSecondUs;
  // A workflow without live tasks whose next timer is at least this far away is parked.
  core::DurationUs park_after_us = 5 * core::kSecondUs;
  // Parked workflows that are loaded ahead of their time, but for what a page has too many: the
  // others are loaded as these fire.
  std::size_t prefetched_max = 50'000;
  std::size_t batch_workflows_max = 2'000;
  std::size_t batch_bytes_max = 4 << 20;
  std::size_t inbox_max = 100'000;  // triggers waiting for the loop
  std::size_t uncommitted_bytes_max = 64 << 20;
  std::size_t active_workflows_max = 1'000'000;
  std::size_t queued_tasks_max = 1'000'000;  // over all queues of the matcher
  std::size_t sessions_max = 10'000;         // of workers; this node's runners do not count
  std::size_t watches_max = 10'000;
  // At least so many events lie between two snapshots of a workflow, and in big ones as many as
  // take up what the state does.
  core::EventSeq snapshot_every_events = 500;
  // What ended longer ago than this is removed; 0 = never.
  core::DurationUs retention_us = 0;
};

// The retry delay that belongs in a RESOURCE_EXHAUSTED or UNAVAILABLE answer; carried as a payload
// of the Status under this URL, decimal milliseconds.
inline constexpr char kRetryDelayUrl[] = "skald/retry-delay-ms";
absl::Status OverloadError(std::string_view limit_name, std::string_view what);

// What a worker is handed. Values of the moment at which the start became durable.
struct Assignment {
  core::WorkflowId workflow;
  core::TaskNumber task = 0;
  std::uint64_t fence = 0;
  std::string name_space, workflow_name, correlation_id, task_type, reference, domain;
  std::int32_t iteration = 0, attempt = 1, generation = 1, priority = 0;
  core::Operation operation = core::Operation::kAction;
  std::string step_key, idempotency_key;
  core::Payload input;
  core::Payload settings;  // of a runner's task (core::Step::settings)
  core::TimeUs not_after = 0;
  core::DurationUs response_timeout_us = 0;
  core::DurationUs attempt_timeout_us = 0;  // from its start; 0 = none
  bool pure = false;                        // running it again is harmless (core::IsPure)
  std::string traceparent, tracestate;
  // For undo and probe.
  core::Payload original_input, original_output;
  core::Effect original_effect = core::Effect::kUnset;
  std::string undo_reason;
  bool possible_duplicate = false;
};

struct Cancel {
  core::WorkflowId workflow;
  core::TaskNumber task = 0;
  std::uint64_t fence = 0;
  std::string reason;
  bool superseded = false;
};

struct TaskKey {
  core::WorkflowId workflow;
  core::TaskNumber task = 0;
  std::uint64_t fence = 0;
  friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
};

struct Receipt {
  TaskKey task;
  absl::Status status;  // not OK: not recorded; RESOURCE_EXHAUSTED/UNAVAILABLE = send it again,
                        // NOT_FOUND = unknown task, INVALID_ARGUMENT = malformed
  bool superseded = false;
};

// The way to one worker's stream. Called on the loop thread; must not block.
class WorkerSink {
 public:
  virtual ~WorkerSink() = default;
  virtual void Assign(std::vector<Assignment> assignments) = 0;
  virtual void CancelTasks(std::vector<Cancel> cancels) = 0;
  virtual void Answer(std::vector<Receipt> receipts) = 0;
  // What one commit brought, receipts first; any of them may be empty. For sinks that can send it
  // together: each message on its own costs a step the time of a write.
  virtual void Deliver(std::vector<Receipt> receipts, std::vector<Assignment> assignments,
                       std::vector<Cancel> cancels) {
    if (!receipts.empty()) Answer(std::move(receipts));
    if (!assignments.empty()) Assign(std::move(assignments));
    if (!cancels.empty()) CancelTasks(std::move(cancels));
  }
  // The engine gave the session up (fenced off, stopping, or replaced by a newer stream of the same
  // incarnation). Nothing is called after it.
  virtual void Close(absl::Status why) = 0;
};

struct TaskTypeOffer {
  std::string task_type;
  std::string domain;
  bool barrier = false;
};

// The namespace that runners of this node take: they serve all of them. No client can name it.
inline constexpr char kRunnersNamespace[] = "*";

struct WorkerHello {
  std::string name_space;
  std::string worker_id;
  std::string incarnation;
  std::vector<TaskTypeOffer> task_types;
  std::uint32_t credits = 1;
  core::DurationUs lease_us = 0;
  std::vector<TaskKey> held;
};

using SessionId = std::uint64_t;

struct Result {
  TaskKey task;
  core::ReportResult report;  // task and fence repeated inside
  // Not OK (INVALID_ARGUMENT): what the worker sent could not be read, and `report` stands for it.
  // The receipt says so, once the report is recorded.
  absl::Status malformed = absl::OkStatus();
};

struct Beat {
  TaskKey task;
  std::uint32_t progress_percent = 0;
  std::string progress_message;
};

struct StartRequest {
  std::string name_space;
  std::shared_ptr<const core::Definition> definition;  // pinned: definition->id != 0
  core::StartWorkflow start;
  // True: the id was claimed under an idempotency key earlier, so the workflow may exist already;
  // then the answer is the same id with `existed`.
  bool may_exist = false;
  bool consumes_start_request = false;
};
struct Started {
  core::WorkflowId id;
  bool existed = false;
};

struct DeleteRequest {
  std::string name_space;
  core::WorkflowId id;
  std::string actor, reason;  // for the log: of the workflow nothing is left
};

// A consistent, durable copy of one workflow.
struct WorkflowView {
  core::State state;
  std::shared_ptr<const core::Definition> definition;
  // Per live task, what its last heartbeat said.
  struct Progress {
    core::TaskNumber task;
    std::uint32_t percent;
    std::string message;
  };
  std::vector<Progress> progress;
};

// What a watcher is told: durable events, in order of seq per workflow.
struct Notice {
  core::WorkflowId id;
  std::shared_ptr<const core::Definition> definition;
  std::string correlation_id;
  std::vector<core::Event> events;
};
struct WatchFilter {
  std::string name_space;
  core::WorkflowId id;         // zero = any
  std::string name;            // of the definition; empty = any
  std::string correlation_id;  // empty = any
  bool ends_only = false;      // only notices that hold a WorkflowEnded (and only that event)
};
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  // Must not block; false = the watcher cannot keep up or is gone: it is dropped.
  virtual bool Tell(const std::vector<Notice>& notices) = 0;
};
using WatchId = std::uint64_t;

struct EngineStats {
  ports::NodeLease lease;
  // OK: holds a live lease, has loaded its shards, and its last commit was not refused. Else why.
  absl::Status ready = absl::UnavailableError("not started");
  std::vector<ports::Shard> shards;
  // `sessions`: of workers, as EngineOptions::sessions_max counts them.
  std::size_t active_workflows = 0, queued_tasks = 0, live_leases = 0, sessions = 0, inbox = 0,
              uncommitted_bytes = 0;
  struct QueueDepth {
    std::string name_space, task_type, domain;
    std::size_t depth;
    core::DurationUs oldest_us;
    std::size_t credits;
    std::size_t held = 0;  // of `depth`: wait for a limit
  };
  std::vector<QueueDepth> queues;
  // The limits of one task definition, and how far they are used.
  struct LimitUse {
    std::string name_space, task;
    // As in core::TaskLimits; 0 = no bound.
    std::int32_t places = 0, places_per_key = 0, starts = 0;
    core::DurationUs window_us = 0;
    std::size_t in_progress = 0;  // of the tasks that are counted
    std::size_t started = 0;      // in the window that ends now
    std::size_t keys = 0;         // with tasks that wait or are in progress
    std::size_t waiting_for_place = 0, waiting_for_rate = 0, waiting_for_key = 0;  // tasks
  };
  std::vector<LimitUse> limits;
  // Workflows of one definition and key under a core::TurnRule.
  struct TurnUse {
    std::string name_space, workflow, key;
    std::int32_t running_max = 0;
    std::size_t running = 0, waiting = 0;
  };
  std::vector<TurnUse> turns;
};

// Gives the pinned definition with that id. Blocking is allowed only on a miss (a definition not in
// the cache after a restart); called on the journal's threads, never on the loop. Thread-safe.
using DefinitionById =
    std::function<absl::StatusOr<std::shared_ptr<const core::Definition>>(std::int64_t id)>;
// Resolves and pins a definition for a start that came through SQL or from a workflow; version 0 =
// newest. As above.
using DefinitionByName = std::function<absl::StatusOr<std::shared_ptr<const core::Definition>>(
    const std::string& name_space, const std::string& name, std::int32_t version)>;
// The same without blocking: null when it is not in memory.
using DefinitionInMemory = std::function<std::shared_ptr<const core::Definition>(
    const std::string& name_space, const std::string& name, std::int32_t version)>;
// Pins a definition that is not registered, given as JSON. INVALID_ARGUMENT with its mistakes. As
// DefinitionById.
using DefinitionInPlace = std::function<absl::StatusOr<std::shared_ptr<const core::Definition>>(
    const std::string& name_space, const std::string& json)>;

template <typename T>
using Callback = std::function<void(absl::StatusOr<T>)>;

// Finds task definitions for steps that are made at run time (core::ResolveSteps). Never blocks;
// `done` is called once, from any thread, maybe at once. Errors: whatever it is, it is asked again.
using TaskDefinitionsByName =
    std::function<void(const std::string& name_space, std::vector<std::string> names,
                       Callback<core::TaskDefinitions> done)>;

class Engine {
 public:
  virtual ~Engine() = default;

  // ---- workflows ----
  virtual void Start(StartRequest request, Callback<Started> done) = 0;
  // Everything else that a client may ask of a workflow: signal, pause, resume, terminate,
  // compensate, operate. NOT_FOUND when there is no such workflow in the namespace.
  virtual void Send(const std::string& name_space, const core::WorkflowId& id,
                    core::Trigger trigger, Callback<core::Answer> done) = 0;
  // Removes a workflow that has ended, with its history. NOT_FOUND as above. FAILED_PRECONDITION:
  // it has not ended, or is parked, or its family may still need it.
  virtual void Delete(DeleteRequest request, Callback<core::Answer> done) = 0;
  // NOT_FOUND also for ended workflows that are no longer in memory: read those from the store.
  virtual void Get(const core::WorkflowId& id,
                   Callback<std::shared_ptr<const WorkflowView>> done) = 0;
  // Requests are taken in order: every event that is later than what Get, called after this, shows,
  // or that the store does not hold when AfterCommits, called after this, answers, will be told.
  // The sink is kept until it refuses or Unwatch, which is to be called once for each watch, also
  // when its sink refused. RESOURCE_EXHAUSTED: watches_max, inbox_max.
  virtual absl::StatusOr<WatchId> Watch(WatchFilter filter, std::shared_ptr<WatchSink> sink) = 0;
  virtual void Unwatch(WatchId id) = 0;

  // ---- workers ----
  // A second Attach of the same (namespace, incarnation) replaces the first.
  virtual absl::StatusOr<SessionId> Attach(WorkerHello hello, std::shared_ptr<WorkerSink> sink) = 0;
  virtual void SetCredits(SessionId session, std::uint32_t credits) = 0;
  virtual void Received(SessionId session, std::vector<TaskKey> tasks) = 0;
  // Answered to the sink once it is durable; or at once by what is returned, one receipt for each
  // result, when the inbox is full and nothing was taken.
  virtual std::vector<Receipt> Report(SessionId session, std::vector<Result> results) = 0;
  virtual void Heartbeat(SessionId session, std::vector<Beat> beats) = 0;
  // No more tasks for this session; Close(OK) when all it holds is answered.
  virtual void Drain(SessionId session) = 0;
  // The stream is gone. What it holds stays leased until the lease runs out or it comes back.
  virtual void Detach(SessionId session) = 0;

  // ---- looking ----
  virtual void Stats(Callback<EngineStats> done) = 0;
  // EngineStats::ready alone. Never refused, so that an engine under load does not pass for one
  // that is gone: whoever asks bounds how often.
  virtual void CheckReady(std::function<void(const absl::Status&)> done) = 0;
  // OK when everything decided before this request is durable, what is being committed included.
  // UNAVAILABLE: some of that was dropped, or its outcome is not known. Never refused, as
  // CheckReady.
  virtual void AfterCommits(std::function<void(const absl::Status&)> done) = 0;
};

}  // namespace skald::runtime
