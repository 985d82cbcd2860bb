// An ended workflow goes on (conductor.md 3.11): what it was is checked as every end is, and what
// is to be done again is taken back.
#include <string>
#include <vector>

#include "engine/core/checker_model.h"

namespace skald::core::checker {
namespace {

bool KnownRuns(const std::vector<RunNumber>& runs, EventSeq seq, Model& model) {
  for (const RunNumber run : runs) {
    if (run >= 1 && run <= model.runs.size() && !model.runs[run - 1].gone) continue;
    model.Report("I19", seq, "no such run: " + std::to_string(run));
    return false;
  }
  return true;
}

void ForgetEnd(bool anew, Model& model) {
  model.ended_seq = 0;
  model.fault_seq = 0;
  model.faults = 0;
  model.fault_pending = false;
  model.parked_seq = 0;
  model.resumed_seq = 0;
  model.orphan_seq = 0;
  model.failure_workflows = 0;
  model.failure_workflow_seq = 0;
  model.undo_running = 0;
  model.live_tasks = 0;
  model.requests.clear();
  if (!anew) return;
  model.pivot_seq = 0;
  model.override_seq = 0;
  model.added = AddedSteps();
}

void OpenAgain(RunRecord& run) {
  run.ended_after.reset();
  run.closed_seq = 0;
  run.completed_seq = 0;
  run.undo_input = Payload();
}

// What was settled as without effect is done again under another key.
void Retry(RunNumber number, const WorkflowReopened& reopened, Model& model) {
  RunRecord& run = model.runs[number - 1];
  OpenAgain(run);
  if (run.settled_seq == 0) return;
  run.settled_seq = 0;
  run.settled = Effect::kUnset;
  run.generation = reopened.generation;
  run.unknown = 0;
  run.dispatched_seq = 0;
  run.asked = false;
  run.all_barrier = true;
}

void Resume(RunNumber number, Model& model) {
  RunRecord& run = model.runs[number - 1];
  OpenAgain(run);
  run.settled_seq = 0;
  run.settled = Effect::kUnset;
  TaskRecord& task = model.tasks[run.last_action - 1];
  if (task.effect == Effect::kApplied) --run.applied;
  if (task.effect == Effect::kUnknown) --run.unknown;
  task.effect = Effect::kUnset;
  task.output = Payload();
  task.ended_seq = 0;
  task.status = TaskStatus::kInProgress;
  ++model.live_tasks;
}

void FindLatest(Model& model) {
  model.latest.clear();
  for (const RunRecord& run : model.runs) {
    if (run.gone) continue;
    for (const StepIndex place : {run.step, model.StepOf(run).instead_of}) {
      if (place == kNoStep) continue;
      if (model.latest.size() <= place) model.latest.resize(place + 1, 0);
      model.latest[place] = run.number;
    }
  }
}

}  // namespace

void FoldReopened(const WorkflowReopened& reopened, EventSeq seq, Model& model) {
  if (model.ended_seq == 0) model.Report("END", seq, "it went on, and had not ended");
  if (reopened.actor.empty()) model.Report("I24", seq, "a person's decision without actor");
  const bool known = KnownRuns(reopened.dropped, seq, model) &&
                     KnownRuns(reopened.retried, seq, model) &&
                     KnownRuns(reopened.resumed, seq, model);
  if (!known) return;
  CheckOrder(model);
  CheckEnd(model);
  ForgetEnd(reopened.anew, model);
  if (reopened.definition_id != 0) {
    if (reopened.definition == nullptr || !reopened.anew) {
      model.Report("I19", seq, "the definition that it names is not at hand");
      model.unreadable = true;
      return;
    }
    model.set_definition(*reopened.definition);
  }
  for (RunRecord& run : model.runs) run.gone = run.gone || reopened.anew;
  for (const RunNumber run : reopened.dropped) model.runs[run - 1].gone = true;
  FindLatest(model);
  for (const RunNumber run : reopened.retried) Retry(run, reopened, model);
  for (const RunNumber run : reopened.resumed) Resume(run, model);
}

}  // namespace skald::core::checker
