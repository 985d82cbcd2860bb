// The checker's own small model of a history: who was dispatched, how it ended, when it was undone.
// Internal to the checker. Single-threaded; a plain fold, with nothing of State or Apply in it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/added_steps.h"
#include "engine/core/checker.h"
#include "engine/core/definition.h"
#include "engine/core/event.h"

namespace skald::core::checker {

inline constexpr EventSeq kNever = std::numeric_limits<EventSeq>::max();

struct TaskRecord {
  TaskNumber number = 0;
  RunNumber run = 0;
  Operation operation = Operation::kAction;
  EventSeq scheduled_seq = 0;
  EventSeq started_seq = 0;  // newest
  EventSeq ended_seq = 0;
  TaskStatus status = TaskStatus::kScheduled;
  Effect effect = Effect::kUnset;
  // Decided by an update from outside, a kept result or its schema, not by who holds it.
  bool updated = false;
  bool handed_over = false;  // no worker has it; its end comes from outside
  Payload input;
  Payload output;
};

struct RunRecord {
  RunNumber number = 0;
  bool gone = false;  // dropped by a WorkflowReopened
  StepIndex step = kNoStep;
  RunNumber loop = 0;  // the DO_WHILE run that it stands in
  std::int32_t iteration = 0;
  std::int32_t generation = 1;
  EventSeq scheduled_seq = 0;
  EventSeq dispatched_seq = 0;  // first TaskStarted of an action
  EventSeq closed_seq = 0;      // completed, or its failure accepted
  EventSeq completed_seq = 0;   // the action's TaskCompleted
  EventSeq settled_seq = 0;     // StepSettled
  Effect settled = Effect::kUnset;
  bool asked = false;        // a probe answered, or a person settled it
  std::int32_t applied = 0;  // attempts by effect
  std::int32_t unknown = 0;
  bool all_barrier = true;
  TaskNumber last_action = 0;
  Payload undo_input;               // as stored when the run ended
  EventSeq undo_scheduled_seq = 0;  // first undo task
  Payload undo_task_input;
  std::int32_t undo_completed_count = 0;
  EventSeq undo_finished_seq = 0;  // completed, resolved or skipped, for the first time
  std::int32_t finishes = 0;       // since the start, or since an orphan effect turned up
  bool undo_running = false;
  bool skipped = false;
  bool parked = false;
  // What it followed, by the definition that there was when it began and ended; known from the next
  // WorkflowUpgraded on, which may change what those steps say.
  std::optional<std::vector<RunNumber>> began_after;
  std::optional<std::vector<RunNumber>> ended_after;  // beside those
};

struct Model {
  AddedSteps added;
  std::vector<TaskRecord> tasks;  // by number - 1
  std::vector<RunRecord> runs;    // by number - 1
  std::vector<RunNumber> latest;  // by step
  std::set<EventSeq> requests;    // of steps, open
  EventSeq fault_seq = 0;
  SagaFaulted fault;
  std::uint32_t faults = 0;
  bool fault_pending = false;
  EventSeq pivot_seq = 0;
  EventSeq override_seq = 0;
  EventSeq parked_seq = 0;   // newest SagaParked
  EventSeq resumed_seq = 0;  // newest SagaResumed
  bool paused = false;       // by a person
  EventSeq ended_seq = 0;
  WorkflowEnded ended;
  EventSeq orphan_seq = 0;
  std::uint32_t failure_workflows = 0;
  EventSeq failure_workflow_seq = 0;
  std::uint32_t undo_running = 0;
  std::uint32_t live_tasks = 0;  // scheduled or in progress, of any kind
  bool unreadable = false;       // what follows cannot be understood
  std::vector<Violation> violations;

  explicit Model(const Definition& pinned) : pinned_(&pinned) {}
  const Definition& definition() const { return *pinned_; }
  // REQUIRES: it outlives the model.
  void set_definition(const Definition& pinned) { pinned_ = &pinned; }
  const Step& StepAt(StepIndex step) const { return core::StepOf(*pinned_, added, step); }
  const Step& StepOf(const RunRecord& run) const { return StepAt(run.step); }
  RunNumber Latest(StepIndex step) const { return step < latest.size() ? latest[step] : 0; }
  void Report(std::string invariant, EventSeq seq, std::string message);

 private:
  const Definition* pinned_;
};

// Outcome over the attempts (saga.md 2.3), before any probe or person.
Effect OutcomeOfAttempts(const RunRecord& run);
// Outcome as the saga has to take it: settled, else from a completion; kUnset while it is open.
Effect OutcomeOf(const RunRecord& run);
// Something has to be done about the run before the saga is undone.
bool NeedsUndo(const Model& model, const RunRecord& run);

// Folds one event, reporting what breaks an invariant as it comes (checker_fold.cc).
void Fold(const Event& event, Model& model);
// An ended workflow goes on (checker_reopen.cc): checks the end that it had, and takes back what is
// to be done again.
void FoldReopened(const WorkflowReopened& reopened, EventSeq seq, Model& model);
// The workflow goes on with another definition (checker_upgrade.cc). What was done before keeps the
// causes that it had by the old one.
void FoldUpgraded(const WorkflowUpgraded& upgraded, EventSeq seq, Model& model);
// What can be said only over the whole (checker_order.cc): I6, I7, O3.
void CheckOrder(Model& model);
// Causal predecessors of each run, by number - 1, from control flow and data (checker_causal.cc).
std::vector<std::vector<RunNumber>> CausalPredecessors(const Model& model);
// Notes the predecessors that the runs have so far (RunRecord::began_after, ended_after).
void KeepCauses(Model& model);
// The end, or the standstill of one that has not ended (checker_end.cc): I3, I9, I10, I11, I21,
// 2.13.
void CheckEnd(Model& model);
// I22: the first undo task of a run carries what was recorded when the run ended.
void CheckUndoInput(const RunRecord& run, EventSeq seq, const Payload& input, Model& model);

}  // namespace skald::core::checker
