// Event: something that happened to a workflow. Events are the only thing stored for ever; the
// state is their fold (apply.h), and SQL views, the history API and the checker read them as is.
//
// Values; immutable once emitted. New kinds and new optional fields may be added, a meaning is
// never changed: histories of every earlier version have to replay (tests/histories).
// Names: past tense. Source of the saga events: saga.md 2.16. An undo is a task with
// operation kCompensate; its TaskScheduled / TaskCompleted(verdict) / TaskFailed are that page's
// CompScheduled / CompCompleted / CompFailed, UndoParked and UndoResolved its CompParked and
// CompResolved.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/added_steps.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::core {

// ---- workflow -------------------------------------------------------------------------------

struct WorkflowStarted {
  std::string name_space;
  std::string name;
  std::int32_t version = 0;
  std::int64_t definition_id = 0;
  Payload input;  // with the input template merged in
  std::string correlation_id;
  std::string idempotency_key;
  std::int32_t priority = 0;
  std::string traceparent;
  std::string tracestate;
  TimeUs timeout_at = 0;  // 0 = none
  // Of a sub-workflow: whose task it carries out, and how many workflows stand above it.
  WorkflowId parent;
  TaskNumber parent_task = 0;
  std::int32_t depth = 0;
  Payload task_to_domain;  // object (task_domains.h) or empty
};
struct WorkflowPaused {
  std::string actor, reason;
};
struct WorkflowResumed {
  std::string actor, reason;
};
struct WorkflowTimeoutAlerted {};  // timeoutSeconds passed under ALERT_ONLY, or after the pivot
struct SignalReceived {
  std::string reference;
  Payload payload;
  std::string actor, reason;
};
struct VariablesSet {
  Payload variables;          // all of them, after the change
  std::string actor, reason;  // of a person; else a step set them
};
struct WorkflowEnded {
  WorkflowStatus status = WorkflowStatus::kCompleted;
  SagaStatus saga_status = SagaStatus::kNone;
  std::string reason;
  Payload output;
  std::vector<RunNumber> unresolved;  // PARTIALLY_COMPENSATED, ABANDONED: what was left standing
  std::string actor;                  // who ended it; empty: no person did, or another event says
};

// ---- task: one attempt of a step, of its undo or of its probe -------------------------------

struct TaskScheduled {
  TaskNumber task = 0;  // the next number
  RunNumber run = 0;    // a new number for a first attempt; for undo and probe the run concerned
  StepIndex step = kNoStep;
  std::int32_t iteration = 0;
  std::int32_t generation = 1;
  std::int32_t attempt = 1;  // of this operation on this run
  Operation operation = Operation::kAction;
  std::string task_type;
  std::string reference;  // for SQL and people; follows from `step`
  Payload input;
  TimeUs available_at = 0;  // not before this (backoff, startDelay); 0 or past: at once.
                            // WAIT: the wake-up; 0 = until a signal
  TimeUs poll_timeout_at = 0;
  TimeUs total_timeout_at = 0;
  // Runs whose end was a precondition of this one: control flow and data (saga.md 2.7). First
  // attempts of actions only.
  std::vector<RunNumber> after;
};
// A step that makes steps is to be carried out: what their names mean is being asked, or the
// mistake in its input is what the fault that follows tells.
struct StepsRequested {
  StepIndex step = kNoStep;  // the one that makes them
  std::string reference;     // for SQL and people; follows from `step`
  std::int32_t iteration = 0;
  Payload input;
  std::vector<std::string> names;  // of the task definitions asked for
  std::vector<RunNumber> after;    // as in TaskScheduled
};
// Steps of this workflow from now on, numbered on from those there are.
struct StepsAdded {
  StepIndex step = kNoStep;  // the one that made them
  EventSeq request = 0;      // seq of its StepsRequested, which is answered by this
  Payload steps;             // definition_added.h says the format
  // Not stored: `steps` compiled, so that it is done once. Apply does it where this is null.
  std::shared_ptr<const StepList> compiled;
};
struct TaskReleased {
  TaskNumber task = 0;
};  // available_at passed: it may be started
struct TaskStarted {
  TaskNumber task = 0;
  // The fence is this event's seq.
  std::string worker;       // worker id, for people
  std::string incarnation;  // the worker process
  bool barrier = false;
  TimeUs attempt_timeout_at = 0;
  TimeUs not_after = 0;  // bound for the barrier's commit; 0 = none
  WorkflowId child;      // the workflow that carries the attempt out, when one does
  std::string domain;    // of the queue that the worker took it from; "" = none
};
struct TaskRequeued {
  TaskNumber task = 0;
  TimeUs available_at = 0;
};  // worker gave it back
struct TaskCompleted {
  TaskNumber task = 0;
  Payload output;
  Verdict verdict = Verdict::kNone;
  // Resolved undo input (saga.md P2), for runs whose undo has a template; empty otherwise: the
  // default undo input follows from the run's own input and output.
  Payload undo_input;
  Effect effect = Effect::kUnset;  // probes: what they found
  // What the task's input is from now on (the case of a SWITCH); empty: as scheduled.
  Payload input;
  bool cached = false;  // the output is that of an earlier task; nothing was done
  std::string trace;    // as Task::trace; so below
};
// The runner of an asyncComplete step is done; the task waits for an update from outside.
struct TaskHandedOver {
  TaskNumber task = 0;
  Payload output;
};
// An iteration of a DO_WHILE run begins, from 1.
struct IterationStarted {
  RunNumber run = 0;
  std::int32_t iteration = 1;
  // With the first one: how many finished iterations are kept (0 = all), and the list to go
  // through, if there is one.
  std::int32_t keep_last = 0;
  Payload items;
};
// An update from outside decides the task, not who holds it: what it says is the event that
// follows.
struct TaskUpdated {
  TaskNumber task = 0;
  std::string actor, reason;
};
struct TaskFailed {
  TaskNumber task = 0;
  bool terminal = false;  // FAILED_WITH_TERMINAL_ERROR
  std::string reason;
  Effect effect = Effect::kNone;
  Verdict verdict = Verdict::kNone;
  Payload output;
  std::string trace;
};
struct TaskTimedOut {
  TaskNumber task = 0;
  Timeout timeout = Timeout::kNone;
  std::string reason;
  Effect effect = Effect::kUnknown;  // kNone when it was never dispatched
  bool by_child = false;             // the workflow that carried it out had ended so
};
struct TaskCancelRequested {
  TaskNumber task = 0;
  std::string reason;
  // Not kNone: the attempt ran over that bound; it counts as timed out when its sub-workflow ends.
  Timeout timeout = Timeout::kNone;
};
struct TaskCanceled {
  TaskNumber task = 0;
  Effect effect = Effect::kNone;
  std::string reason;
  bool by_child = false;  // as above
  std::string trace;
  Payload output;  // empty: what the task has so far stays
};
// The failure of a step was accepted and its run counts as done: of an optional one
// (COMPLETED_WITH_ERRORS), or of a permissive one, which stays failed and fails the workflow at its
// end.
struct TaskFailureAccepted {
  TaskNumber task = 0;
  bool permissive = false;
};
// The sub-workflow that carries the task out waits for a person; or does so no longer.
struct ChildParked {
  TaskNumber task = 0;
  std::string reason;
};
struct ChildResumed {
  TaskNumber task = 0;
  EventSeq reopened = 0;  // not 0: it had ended, and this event of it re-opened it
};
// The failure workflow was decided on; its start follows.
struct FailureWorkflowStarted {
  WorkflowId child;
  std::string name;
  std::int32_t version = 0;                         // 0 = the newest
  WorkflowStatus status = WorkflowStatus::kFailed;  // how this one failed
  TaskNumber task = 0;                              // and at which task; 0 = at none
};
// It could not be begun.
struct FailureWorkflowRefused {
  std::string reason;
};
// Somebody sent the workflow a message (conductor.md 3.17).
struct MessageReceived {
  std::string id;
  Payload payload;
  bool named = false;  // the sender chose the id
  std::string actor, reason;
};
// The task has the oldest messages, so many; they are in its output.
struct MessagesTaken {
  TaskNumber task = 0;
  std::uint32_t count = 0;
};
// Too many of its definition and key may be running: it waits for its turn before anything else.
struct WorkflowQueued {
  std::string key;
  std::int32_t running_max = 0;
};
struct WorkflowAdmitted {};  // its turn has come
// A result that came after its attempt had been given up; changes nothing (saga.md 2.6).
struct LateResult {
  TaskNumber task = 0;
  std::uint64_t fence = 0;
  TaskStatus status = TaskStatus::kCompleted;
  Effect effect = Effect::kUnset;
  Payload output;
};

// ---- saga -----------------------------------------------------------------------------------

enum class FaultCause : std::uint8_t {
  kTaskFailed,
  kTaskTimedOut,
  kTerminateStep,
  kUser,
  kTerminated,
  kWorkflowTimeout,
  kParent,  // the parent undoes this completed sub-workflow
};
struct SagaFaulted {
  FaultCause cause = FaultCause::kTaskFailed;
  std::string reason;
  TaskNumber task = 0;  // the failed task, when there is one
  std::string actor;
  WorkflowStatus end_status = WorkflowStatus::kFailed;  // what COMPENSATED will show
  TimeUs settle_until = 0;
  TimeUs compensation_timeout_at = 0;  // 0 = none
};
// A fault that has to wait for a pivot in flight (saga.md 2.4), or for the siblings to end (DRAIN),
// and how it ended.
struct FaultPended {
  FaultCause cause = FaultCause::kUser;
  std::string reason, actor;
  TaskNumber task = 0;
  WorkflowStatus end_status = WorkflowStatus::kFailed;
};
struct FaultRefused {
  std::string reason;
};
struct PivotPassed {
  RunNumber run = 0;
};
struct StepSettled {
  RunNumber run = 0;
  Effect effect = Effect::kNone;
  bool possible_duplicate = false;
  Payload undo_input;  // resolved now when the completion did not (UNKNOWN, compensateOnFailure)
  Payload output;      // what a probe or a person found the step to have given; its output from now
};
struct UndoParked {
  RunNumber run = 0;
  std::string reason;
};
enum class Resolution : std::uint8_t { kRetry, kByHand, kSkipped, kSettledApplied, kSettledNone };
struct UndoResolved {
  RunNumber run = 0;
  Resolution resolution = Resolution::kByHand;
  std::string actor, reason;
  Payload output;
};
struct SagaParked {
  std::string reason;
};
struct SagaResumed {
  std::string actor, reason;
};
struct PolicyOverridden {
  std::string actor, reason;
};
struct OrphanEffect {
  RunNumber run = 0;
  TaskNumber task = 0;
};

// ---- operations on ended workflows (conductor.md 3.11) ---------------------------------------

enum class Reopening : std::uint8_t {
  kRestart,
  kRetry,
  kRerun,
  kChild,  // a sub-workflow of it was re-opened
};
// Where a DO_WHILE run goes on.
struct ReopenedLoop {
  RunNumber run = 0;
  std::int32_t iteration = 1;
  // Of a loop that had ended; else what the state has.
  std::int32_t keep_last = 0;
  Payload items;
};
// An ended workflow goes on. What a run is listed under says what becomes of it; all others stay as
// they are. What follows a run and is not there is scheduled by the events that come next.
struct WorkflowReopened {
  Reopening kind = Reopening::kRetry;
  std::string actor, reason;
  bool anew = false;            // nothing stays: from the first step on
  std::int32_t generation = 1;  // of the runs that begin from now on
  TaskNumber task = 0;  // kRerun: from which one; kChild: the one that the child carries out
  std::vector<RunNumber> dropped;   // forgotten: they begin again when their turn comes
  std::vector<RunNumber> retried;   // get another attempt
  std::vector<RunNumber> resumed;   // go on where they stood: joins, loops, sub-workflows
  std::vector<ReopenedLoop> loops;  // those of `resumed` that are loops
  TimeUs timeout_at = 0;
  Payload input;                // of the workflow, from now on; empty: as it was
  std::string correlation_id;   // the same
  EventSeq asked = 0;           // by the parent: seq of the event that re-opened that one
  EventSeq child_reopened = 0;  // kChild: seq of the event that re-opened the child
  // With `anew`: of another definition from now on; 0 = of the one it had.
  std::int64_t definition_id = 0;
  std::int32_t version = 0;
  std::shared_ptr<const Definition> definition;  // as WorkflowUpgraded::definition
};

// A person had a step, which was not there yet, stepped over when its turn comes.
struct StepSkipped {
  StepIndex step = kNoStep;
  std::string reference;  // for SQL and people; follows from `step`
  Payload input, output;  // the task's; no input: as it is evaluated
  std::string actor, reason;
};
// Its turn came.
struct TaskSkipped {
  TaskNumber task = 0;
  Payload output;
};

// The workflow goes on with another definition: from the next event on, steps are numbered as that
// one numbers them (upgrade_map.h).
struct WorkflowUpgraded {
  std::int64_t definition_id = 0;
  std::int32_t version = 0;
  std::int64_t from_definition_id = 0;
  std::int32_t from_version = 0;
  std::string actor, reason;
  TimeUs timeout_at = 0;  // of the workflow from now on; 0 = none
  // Not stored: that definition. Whoever folds stored events looks it up first (SetDefinition).
  std::shared_ptr<const Definition> definition;  // shared with all workflows that have it
};

// From outside it was told how far the task is, which stays open: this is its output for now. What
// a worker had of it is requeued by the event that follows.
struct TaskProgressed {
  TaskNumber task = 0;
  Payload output;
  std::string actor, reason;
};

using EventBody =
    std::variant<WorkflowStarted, WorkflowPaused, WorkflowResumed, WorkflowTimeoutAlerted,
                 SignalReceived, VariablesSet, WorkflowEnded, TaskScheduled, TaskReleased,
                 TaskStarted, TaskRequeued, TaskCompleted, TaskFailed, TaskTimedOut,
                 TaskCancelRequested, TaskCanceled, TaskFailureAccepted, LateResult, SagaFaulted,
                 FaultPended, FaultRefused, PivotPassed, StepSettled, UndoParked, UndoResolved,
                 SagaParked, SagaResumed, PolicyOverridden, OrphanEffect, StepsRequested,
                 StepsAdded, TaskHandedOver, TaskUpdated, IterationStarted, ChildParked,
                 ChildResumed, FailureWorkflowStarted, FailureWorkflowRefused, WorkflowReopened,
                 StepSkipped, TaskSkipped, WorkflowQueued, WorkflowAdmitted, MessageReceived,
                 MessagesTaken, WorkflowUpgraded, TaskProgressed>;

struct Event {
  EventSeq seq = 0;
  TimeUs at = 0;
  EventBody body;
};

// The event's name as stored and shown: "TaskScheduled".
std::string_view Name(const EventBody& body);

// The id of the definition that the workflow has from this event on; 0 = the one it had.
std::int64_t NextDefinitionId(const EventBody& body);
// That definition; null where it stays the one it had, or has not been looked up.
std::shared_ptr<const Definition> NextDefinition(const EventBody& body);
// REQUIRES: NextDefinitionId(body) != 0.
void SetDefinition(EventBody& body, std::shared_ptr<const Definition> definition);

}  // namespace skald::core
