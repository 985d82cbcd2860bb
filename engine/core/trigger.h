// Trigger: something that reaches a workflow from outside and asks for a decision.
//
// Values. Names: imperative. `actor` says who asked (free text, for the history; I24 wants it for
// everything a person does), `reason` why.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "engine/core/added_steps.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::core {

struct StartWorkflow {
  WorkflowId id;
  Payload input;  // object or empty
  std::string correlation_id;
  std::string idempotency_key;
  std::int32_t priority = 0;
  std::string traceparent;
  std::string tracestate;
  // Of a sub-workflow; see WorkflowStarted.
  WorkflowId parent;
  TaskNumber parent_task = 0;
  std::int32_t depth = 0;
  Payload task_to_domain;  // object (task_domains.h) or empty
};
// A worker was found for a scheduled task.
struct StartTask {
  TaskNumber task = 0;
  std::string worker;
  std::string incarnation;
  bool barrier = false;
  std::string domain;
};
struct ReportResult {
  TaskNumber task = 0;
  std::uint64_t fence = 0;
  // kCompleted, kFailed, kFailedWithTerminalError, kCanceled, or kInProgress to give it back.
  TaskStatus status = TaskStatus::kCompleted;
  Payload output;
  std::string reason;
  Effect effect = Effect::kUnset;
  Verdict verdict = Verdict::kNone;
  DurationUs callback_after_us = 0;
  std::string trace;  // W3C trace context of the worker's span, as Task::trace; empty: none
};
// The lease or the response timeout of a started task ran out.
struct LoseTask {
  TaskNumber task = 0;
  std::uint64_t fence = 0;
  Timeout timeout = Timeout::kLease;
};
// State::NextDueAt() has passed.
struct FireTimers {};
struct SignalWorkflow {
  std::string reference;  // of a WAIT step; empty: the first one that waits
  Payload payload;        // becomes the WAIT's output
  std::string actor, reason;
  TaskStatus status = TaskStatus::kCompleted;  // what becomes of the WAIT, as in UpdateTask
};
// What became of a task, from outside (conductor.md 3.7): of one that waits for it, or instead of
// the worker that has it.
struct UpdateTask {
  TaskNumber task = 0;    // 0: by reference
  std::string reference;  // the newest open task of that step, of any operation
  // kCompleted, kFailed, kFailedWithTerminalError, kCanceled; or kInProgress: it stays open, with
  // that output. A worker that has it gives it back.
  TaskStatus status = TaskStatus::kCompleted;
  Payload output;  // object or empty
  std::string reason;
  Effect effect = Effect::kUnset;  // of a failure; kUnset: none
  std::string actor;
  bool merge_output = false;         // over the output that the task has so far
  DurationUs callback_after_us = 0;  // kInProgress, of a worker's task: not offered before
};
struct PauseWorkflow {
  std::string actor, reason;
};
struct ResumeWorkflow {
  std::string actor, reason;
};
struct TerminateWorkflow {
  std::string actor, reason;
  bool abandon = false;
  bool trigger_failure_workflow = false;  // run the failure workflow, as for a failure
};
struct CompensateWorkflow {
  std::string actor, reason;
  bool force = false;
};
enum class Verb : std::uint8_t { kRetry, kResolve, kSettle, kSkip, kAbandon };
// What a person decides on a parked saga (saga.md 2.11).
struct OperateSaga {
  Verb verb = Verb::kRetry;
  std::string reference;  // step; empty: every parked one (kRetry, kAbandon only)
  std::int32_t iteration = 0;
  Effect effect = Effect::kUnset;  // kSettle: kApplied or kNone
  Payload output;                  // kResolve, kSettle(kApplied): optional
  std::string actor, reason;       // both required
};

// What ResolveSteps asked for: by name, empty where no such task definition is registered. With
// each come those of the undo that it names.
struct StepsResolved {
  EventSeq request = 0;
  TaskDefinitions definitions;
};
// The parent undoes this workflow, whose completion is a step of it.
struct UndoForParent {
  std::string reason;
};
// Fewer than its TurnRule allows are running: its turn has come.
struct AdmitWorkflow {};
enum class ChildCondition : std::uint8_t {
  kRefused,  // it cannot be started
  kRunning,
  kParked,  // waits for a person
  kEnded,
  kNotUndone,  // it cannot be undone
};
// How the workflow that carries out a task of this one is now. Told when it ended, and as the
// answer to every command about it; telling it twice changes nothing.
struct ReportChild {
  TaskNumber task = 0;
  WorkflowId child;
  ChildCondition condition = ChildCondition::kRunning;
  // kEnded:
  std::string name;
  std::int32_t version = 0;
  WorkflowStatus status = WorkflowStatus::kCompleted;
  SagaStatus saga_status = SagaStatus::kNone;
  Payload output;
  bool pivot_passed = false;
  std::string reason;  // kRefused, kEnded, kNotUndone
  // kRunning, START_WORKFLOW: the workflow that its idempotency key stood for already.
  WorkflowId existing;
  // Of its newest re-opening: that the parent did not ask for, and what the parent asked with.
  EventSeq reopened = 0;
  EventSeq asked = 0;
};

// ---- of workflows that have ended (conductor.md 3.11) ----

// From the beginning, with the same input.
struct RestartWorkflow {
  std::string actor, reason;
  bool force = false;  // also what was left undone in part, or abandoned (saga.md 2.15)
  // Of which it is from now on (`useLatestDefinitions`); null: of the one it had.
  std::shared_ptr<const Definition> definition;  // shared with all workflows that have it
};
// Whatever failed, timed out or was canceled is attempted anew; what is done stays.
struct RetryWorkflow {
  std::string actor, reason;
  bool resume_sub_workflows = false;  // retry those that failed, instead of starting new ones
  EventSeq asked = 0;                 // of the parent's re-opening, which asks for this one
};
// From a task on, with all that follows from it; or from the beginning.
struct RerunWorkflow {
  std::string actor, reason;
  TaskNumber task = 0;    // 0: by reference
  std::string reference;  // of a step, its newest run; "<reference>__<iteration>" of one in a loop.
                          // Empty: from the beginning
  Payload task_input;     // object or empty: as it is evaluated
  Payload input;          // of the workflow: object or empty: as it was
  std::string correlation_id;  // the same
};

// ---- of running workflows ----

// A step that has not begun is stepped over when its turn comes (conductor.md 3.10).
struct SkipTask {
  std::string reference;
  Payload input, output;  // of its task: object or empty
  std::string actor, reason;
};
// Lays these over the workflow's variables.
struct UpdateVariables {
  Payload variables;  // object
  std::string actor, reason;
};

// Goes on with another definition of that name, where everything that it did has its place
// (upgrade_rules.h). The one that it has already: unchanged.
struct UpgradeWorkflow {
  std::shared_ptr<const Definition> definition;  // not null; shared as above
  std::string actor, reason;
};

// A message for the workflow's PULL_WORKFLOW_MESSAGES steps (conductor.md 3.17).
struct SendMessage {
  std::string id;      // at most kMessageIdBytesMax
  bool named = false;  // the sender chose the id: known again, it changes nothing
  Payload payload;     // object or empty
  std::string actor, reason;
};

// Instead of being given to a worker, the scheduled task has the result that is kept under its
// cache key.
struct ReuseResult {
  TaskNumber task = 0;
  Payload output;
};

using Trigger =
    std::variant<StartWorkflow, StartTask, ReportResult, LoseTask, FireTimers, SignalWorkflow,
                 PauseWorkflow, ResumeWorkflow, TerminateWorkflow, CompensateWorkflow, OperateSaga,
                 StepsResolved, UpdateTask, ReportChild, UndoForParent, RestartWorkflow,
                 RetryWorkflow, RerunWorkflow, SkipTask, UpdateVariables, AdmitWorkflow,
                 SendMessage, ReuseResult, UpgradeWorkflow>;

}  // namespace skald::core
