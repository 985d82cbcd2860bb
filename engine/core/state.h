// State: all that the engine knows of one workflow; the fold of its events (apply.h).
//
// A plain value, owned by one shard; not thread-safe. Nothing outside apply.cc writes to it.
// Size: about 300 bytes per task beside payloads.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/added_steps.h"
#include "engine/core/event.h"
#include "engine/core/numbered.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::core {

enum class TimerKind : std::uint8_t {
  kTaskAvailable,
  kPollTimeout,
  kAttemptTimeout,
  kTotalTimeout,
  kWait,
  kWorkflowTimeout,
  kSettleTimeout,
  kCompensationTimeout,
};

// A moment at which something is to be decided. `task` is 0 for the workflow's own.
struct Timer {
  TimeUs due_at = 0;
  TimerKind kind = TimerKind::kTaskAvailable;
  TaskNumber task = 0;
  friend auto operator<=>(const Timer&, const Timer&) = default;
};

// One attempt of a step, of its undo or of its probe.
struct Task {
  TaskNumber number = 0;
  bool gone = false;  // numbered.h
  RunNumber run = 0;
  StepIndex step = kNoStep;
  Operation operation = Operation::kAction;
  TaskStatus status = TaskStatus::kScheduled;
  std::int32_t iteration = 0;
  std::int32_t attempt = 1;
  TimeUs scheduled_at = 0;
  TimeUs available_at = 0;
  TimeUs poll_timeout_at = 0;
  TimeUs attempt_timeout_at = 0;
  TimeUs total_timeout_at = 0;
  TimeUs not_after = 0;
  TimeUs started_at = 0;
  TimeUs ended_at = 0;
  std::uint64_t fence = 0;       // seq of the newest TaskStarted; 0 = never started
  std::int32_t start_count = 0;  // Conductor's pollCount
  Effect effect = Effect::kUnset;
  Verdict verdict = Verdict::kNone;
  bool released = false;  // kScheduled: may be started now
  bool cancel_requested = false;
  bool barrier = false;              // the worker that took it declared the barrier
  bool awaits_update = false;        // its runner is done; it waits for an update from outside
  bool updated = false;              // ended by such an update
  Timeout timeout = Timeout::kNone;  // kTimedOut: the bound that it ran over
  std::uint64_t late_fence = 0;      // fence of the newest LateResult; 0 = none
  std::string task_type;
  std::string worker;
  std::string incarnation;
  std::string domain;  // in which it was started
  std::string reason;
  WorkflowId child;             // the workflow that carries it out, once started
  bool child_ended = false;     // it was that workflow's end that ended the task
  bool child_parked = false;    // that workflow waits for a person
  EventSeq resumed_seq = 0;     // of the event that asked that workflow to be retried; 0 = none
  EventSeq child_reopened = 0;  // of that workflow's newest re-opening, as far as it is known
  // W3C trace context that the worker's result brought: traceparent, then, behind a space, the
  // tracestate if there is one. Empty: none, or that of the workflow's start.
  std::string trace;
  Payload input;
  Payload output;
};

// How far the undo of a run is.
enum class UndoPhase : std::uint8_t {
  kNone,       // not being undone
  kWaiting,    // to be undone, after its causal successors
  kRunning,    // an undo task is scheduled or in progress (or waits for its next attempt)
  kParked,     // waits for a person
  kDone,       // undone
  kNulled,     // there was nothing to undo; the step's key is sealed
  kResolved,   // declared done by a person
  kSkipped,    // left standing
  kNotNeeded,  // no effect, or nothing to undo by
};

// One step, of one iteration and generation, over all its attempts.
struct StepRun {
  RunNumber number = 0;
  bool gone = false;  // numbered.h
  StepIndex step = kNoStep;
  RunNumber loop = 0;          // the DO_WHILE run that it stands in; 0 = none
  std::int32_t iteration = 0;  // of that loop, from 1
  std::int32_t generation = 1;
  TaskNumber task = 0;             // newest attempt of the action
  TaskNumber operation_task = 0;   // newest undo or probe task
  std::int32_t attempts = 0;       // of the action
  std::int32_t undo_attempts = 0;  // since the undo began or was retried by a person
  std::int32_t probe_attempts = 0;
  std::int32_t attempts_before = 0;  // those that a person's retry forgave
  bool led_on = false;               // open again, after what follows it was scheduled
  TimeUs first_scheduled_at = 0;
  bool closed = false;   // forward: done with, successors may follow
  bool settled = false;  // backward: outcome fixed
  Effect outcome = Effect::kUnset;
  std::int32_t attempts_applied = 0;  // dispatched attempts by effect; none + open = the others
  std::int32_t attempts_unknown = 0;
  std::int32_t attempts_dispatched = 0;
  bool possible_duplicate = false;
  bool barrier = false;        // every dispatched attempt ran at a worker with the barrier
  EventSeq completed_seq = 0;  // seq of the TaskCompleted of the action; 0 = none
  EventSeq closed_seq = 0;     // seq of what closed it: completion, or accepted failure; 0 = none
  EventSeq settled_seq = 0;    // seq of its StepSettled; 0 = none
  UndoPhase undo = UndoPhase::kNone;
  bool orphan = false;  // a late result showed an effect that was held to be none or undone
  std::uint32_t successors_open = 0;  // while undoing: causal successors not finished with undo
  bool passed_on = false;  // while undoing: its causal predecessors wait for it no longer
  Payload undo_input;
  std::vector<RunNumber> after;   // causal predecessors
  std::vector<RunNumber> before;  // causal successors
};

// Backward recovery under way.
struct Fault {
  bool active = false;
  bool pending = false;  // waits for a pivot in flight
  FaultCause cause = FaultCause::kTaskFailed;
  std::string reason;
  std::string actor;
  TaskNumber task = 0;
  WorkflowStatus end_status = WorkflowStatus::kFailed;
  EventSeq seq = 0;
  TimeUs settle_until = 0;
  TimeUs compensation_timeout_at = 0;
  std::uint32_t attempts_open =
      0;                        // attempts of actions that have not ended; settle_until bounds them
  std::uint32_t unsettled = 0;  // runs in flight at the fault, outcome still open
  std::uint32_t unsettled_parked = 0;  // those of them that wait for a person
  std::uint32_t undo_unfinished = 0;   // runs to be undone and not finished
  std::uint32_t undo_running = 0;
  std::uint32_t undo_parked = 0;
  std::uint32_t undo_skipped = 0;
  std::set<RunNumber> ready;       // may be undone now, as far as parallel_undo_max allows
  std::vector<RunNumber> in_turn;  // STRICT_REVERSE: still to be undone, the next one last
};

// A step that waits to be carried out until it is known what the names of its steps mean.
struct StepsRequest {
  EventSeq seq = 0;  // of its StepsRequested
  StepIndex step = kNoStep;
  std::int32_t iteration = 0;
  Payload input;
  std::vector<std::string> names;
  std::vector<RunNumber> after;
  friend bool operator==(const StepsRequest&, const StepsRequest&) = default;
  friend bool operator<(const StepsRequest& a, const StepsRequest& b) { return a.seq < b.seq; }
};

// What a step that is stepped over is given.
struct Skip {
  StepIndex step = kNoStep;
  Payload input, output;
};

// What the state keeps of a finished iteration.
struct Iteration {
  std::int32_t number = 0;
  RunNumber first_run = 0;    // its runs are numbered from here,
  TaskNumber first_task = 0;  // its tasks from here
  Payload results;            // reference → output of each run
};

// An open DO_WHILE run.
struct Loop {
  RunNumber run = 0;
  std::int32_t iteration = 0;  // the current one; 0 = none begun
  // Runs and tasks numbered below these are of earlier iterations.
  RunNumber first_run = 0;
  TaskNumber first_task = 0;
  std::uint32_t open = 0;      // runs of the current iteration that have not ended
  std::set<RunNumber> tails;   // runs of the current iteration that nothing follows yet
  std::int32_t keep_last = 0;  // finished iterations kept; 0 = all
  Payload items;               // a list to go through; empty: none
  // Where the current item stands in it; both 0 = before the first.
  std::uint64_t item_begin = 0;
  std::uint64_t item_end = 0;
  std::vector<Iteration> finished;  // ascending
};

// Received and not yet taken.
struct Message {
  std::string id;
  TimeUs received_at = 0;
  Payload payload;
};

struct State {
  WorkflowId id;
  EventSeq seq = 0;  // of the last event; 0 = nothing happened yet
  WorkflowStatus status = WorkflowStatus::kRunning;
  SagaStatus saga_status = SagaStatus::kNone;
  bool paused_by_person = false;
  bool pivot_passed = false;
  std::int32_t generation = 1;
  TimeUs started_at = 0;
  TimeUs updated_at = 0;
  TimeUs ended_at = 0;
  TimeUs timeout_at = 0;
  // How it began; the history has that as it came. A re-opening may give it another input,
  // correlation id and definition, an upgrade another definition: what holds now stands here.
  WorkflowStarted start;
  AddedSteps added;                 // beyond the definition's
  std::set<StepsRequest> requests;  // open ones
  Payload variables;
  Payload output;
  std::string reason;
  // The workflow begun because this one failed (saga.md 2.14), as decided; nil = none.
  WorkflowId failure_workflow;
  std::string failure_workflow_name;
  bool failure_workflow_refused = false;
  WorkflowStatus failure_status = WorkflowStatus::kFailed;
  TaskNumber failure_task = 0;
  Numbered<Task> tasks;
  Numbered<StepRun> runs;
  std::map<RunNumber, Loop> loops;  // open DO_WHILE runs
  // Those whose iteration is over, or whose condition has been evaluated: what follows is to be
  // decided.
  std::set<RunNumber> loops_due;
  std::vector<RunNumber>
      latest;  // by step: its newest run; 0 = none; may be shorter than the steps
  // Open JOIN runs: joined runs (of a dynamic fork: branches) still open. Open EXCLUSIVE_JOIN runs:
  // 1 until it is decided which step they take.
  std::map<RunNumber, std::uint32_t> join_remaining;
  // Runs of dynamic forks: branches that have not come to their end; until they are joined.
  std::map<RunNumber, std::uint32_t> branches_open;
  std::set<RunNumber> open;          // action runs that are neither closed nor settled
  std::uint32_t live_tasks = 0;      // worker tasks scheduled or in progress, of any operation
  std::set<TaskNumber> child_tasks;  // carried out by other workflows, scheduled or in progress
  std::set<Timer> timers;
  Fault fault;
  // Results that came while paused wait here, in their order: closed runs whose successors are
  // still to be scheduled, open ones whose failure is still to be decided. Empty once RUNNING.
  std::vector<RunNumber> held;
  // Closed runs of permissive steps that failed, in their order: they fail the workflow at its end.
  std::vector<RunNumber> permitted;
  // Under a TurnRule: its bound (0 = none), its key, and whether its turn has not come yet.
  std::int32_t turn_running_max = 0;
  std::string turn_key;
  bool awaits_turn = false;
  // About what the history takes up; bounded by kHistoryBytesPerWorkflowMax.
  std::uint64_t history_bytes = 0;
  // Of the newest WorkflowReopened: that the parent did not ask for, and what it asked with.
  EventSeq reopened_seq = 0;
  EventSeq reopened_asked = 0;
  std::vector<Skip> skips;               // steps that are stepped over the next time
  std::vector<Message> messages;         // oldest first
  std::vector<std::string> message_ids;  // chosen by senders, oldest first; kMessageIdsKept of them

  bool started() const { return seq != 0; }
  const Task& task(TaskNumber number) const { return tasks.at(number); }
  const StepRun& run(RunNumber number) const { return runs.at(number); }
  // False also for those of iterations that their loop no longer keeps (keepLastN).
  bool has_task(TaskNumber number) const { return tasks.Has(number); }
  bool has_run(RunNumber number) const { return runs.Has(number); }
  // Null when it is not open.
  const StepsRequest* FindRequest(EventSeq seq) const;
  // Null when the step is not to be stepped over.
  const Skip* FindSkip(StepIndex step) const;
  // 0 when the step has no run.
  RunNumber LatestRun(StepIndex step) const { return step < latest.size() ? latest[step] : 0; }
  // The earliest moment at which FireTimers has something to do; 0 = never.
  TimeUs NextDueAt() const {
    // A decision stopped at its bound.
    if (!loops_due.empty() && status == WorkflowStatus::kRunning && !fault.active) {
      return updated_at;
    }
    return timers.empty() ? 0 : timers.begin()->due_at;
  }
};

// REQUIRES: HasStep.
inline const Step& StepOf(const Definition& definition, const State& state, StepIndex step) {
  return StepOf(definition, state.added, step);
}
inline bool HasStep(const Definition& definition, const State& state, StepIndex step) {
  return HasStep(definition, state.added, step);
}
// The step that expressions, signals and operators mean by `reference`; kNoStep when there is none.
inline StepIndex FindStep(const Definition& definition, const State& state,
                          std::string_view reference) {
  return FindStep(definition, state.added, reference);
}

// The step key of saga.md 3.2: "<workflow>/<reference>/<iteration>/<generation>"; in nested loops
// the iteration is that of each, outermost first: "2.1".
std::string StepKey(const State& state, const StepRun& run, std::string_view reference);

// The run's reference as task records show it: with "__<iteration>" for each loop around it,
// outermost first.
std::string RunReference(const State& state, const StepRun& run, std::string_view reference);

// The newest run that `reference` names: that of a step, or of one in loops with its iterations, as
// RunReference writes them. 0: there is none, or its loop no longer keeps it.
RunNumber NewestRun(const Definition& definition, const State& state, std::string_view reference);

// A task's id as texts and reasons show it: "<workflow>.<number>".
std::string TaskIdText(const State& state, TaskNumber task);
std::string TaskIdText(const WorkflowId& workflow, TaskNumber task);

}  // namespace skald::core
