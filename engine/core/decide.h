// Decide: what follows when something reaches a workflow. The heart of the engine.
//
// Pure: same definition, state, trigger and time give the same events and commands. No I/O, clock,
// randomness, threads or logging. The events have been applied to `state` when it returns; whoever
// cannot store them must forget the state and fold the stored history again.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/core/state.h"
#include "engine/core/trigger.h"

namespace skald::core {

// ---- commands: what the shell has to do once the events are durable
// --------------------------------

// Give the task to a worker: ask for StartTask when one is found. Also wanted again after a
// recovery for every released kScheduled worker task (OpenOffers).
struct OfferTask {
  TaskNumber task = 0;
  std::string task_type;
  std::string domain;  // or several to choose from (task_domains.h); "" = none is asked for
  std::int32_t priority = 0;
  bool built_in = false;  // for the runners of this node, of which there is one for all namespaces
  // Not empty: a result kept under this key does as well (ReuseResult).
  std::string cache_key;
};
// Stop offering it.
struct WithdrawTask {
  TaskNumber task = 0;
};
// Ask the worker that holds it to stop.
struct CancelTask {
  TaskNumber task = 0;
  std::uint64_t fence = 0;
  std::string incarnation;
  std::string reason;
  bool superseded = false;  // decided without it already
};
// Look up these task definitions, with those of the undo that each names, and answer with
// StepsResolved. Safe to repeat: asked again after a recovery and after a pause.
struct ResolveSteps {
  EventSeq request = 0;
  std::vector<std::string> names;
};

// ---- commands about other workflows: safe to repeat, and asked again after a recovery until they
// are answered. Each is answered by ReportChild, once the other workflow's part is decided.

// Start the workflow that carries out the task, unless it exists.
struct StartChild {
  TaskNumber task = 0;
  WorkflowId child;
  bool again = false;     // asked before: it may exist
  bool detached = false;  // START_WORKFLOW: it is nobody's child
  std::string name;
  std::int32_t version = 0;  // 0 = the newest
  Payload definition;        // not empty: this one, instead of a registered one
  Payload input;
  std::string correlation_id;
  std::int32_t priority = 0;
  Payload task_to_domain;
  std::string idempotency_key;  // shared with all starts of the namespace
  KeyStrategy key_strategy = KeyStrategy::kReturnExisting;
};
// Have it end as TerminateWorkflow does.
struct TerminateChild {
  TaskNumber task = 0;
  WorkflowId child;
  std::string reason;
};
// Have it undo itself, as UndoForParent does.
struct UndoChild {
  TaskNumber task = 0;
  WorkflowId child;
  std::string reason;
};
// Have it retried as RetryWorkflow does, with its own sub-workflows.
struct RetryChild {
  TaskNumber task = 0;
  WorkflowId child;
  EventSeq asked = 0;  // once for each
  std::string actor, reason;
};
// Tell the parent how this workflow is (ReportOf).
struct TellParent {
  WorkflowId parent;
  TaskNumber task = 0;
};
using Command = std::variant<OfferTask, WithdrawTask, CancelTask, StartChild, TerminateChild,
                             UndoChild, TellParent, ResolveSteps, RetryChild>;

enum class Answer : std::uint8_t {
  kRecorded,    // the trigger took effect
  kUnchanged,   // it was so already (pause of a paused workflow): same answer as the first time
  kSuperseded,  // a result or loss of an older attempt: changed nothing
};

struct Decision {
  Answer answer = Answer::kRecorded;
  std::vector<Event> events;
  std::vector<Command> commands;
};

// Errors (state unchanged, nothing emitted):
//   NOT_FOUND            no such task, or no such step
//   FAILED_PRECONDITION  the workflow's status does not allow it (saga.md 2.4, conductor.md 3.10)
//   INVALID_ARGUMENT     the trigger itself is malformed (missing actor, wrong effect)
//   RESOURCE_EXHAUSTED   the workflow would pass a bound of limits.h; the message names it
absl::StatusOr<Decision> Decide(const Definition& definition, const Trigger& trigger, TimeUs now,
                                State& state);

// The offers, cancels, questions and messages to other workflows that follow from a state: what the
// shell must know again after a recovery. Of a workflow that has ended: only messages, all that it
// ever owed.
std::vector<Command> OpenCommands(const Definition& definition, const State& state);

// What a sub-workflow tells its parent about itself. REQUIRES: it has one and has been started.
ReportChild ReportOf(const State& child);

}  // namespace skald::core
