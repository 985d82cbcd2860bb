// One event into the checker's model; what breaks an invariant at that very event is reported here.
#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "engine/core/checker_model.h"
#include "engine/core/construct.h"
#include "engine/core/definition_added.h"

namespace skald::core::checker {
namespace {

class Folder {
 public:
  Folder(const Event& event, Model& model) : seq_(event.seq), model_(model) {}

  void operator()(const WorkflowStarted&) { Require(seq_ == 1, "I19", "started twice"); }
  void operator()(const WorkflowPaused&) { model_.paused = true; }
  void operator()(const WorkflowResumed&) { model_.paused = false; }
  void operator()(const WorkflowEnded& ended) {
    model_.ended_seq = seq_;
    model_.ended = ended;
    model_.paused = false;
  }
  void operator()(const TaskScheduled& scheduled);
  void operator()(const TaskStarted& started);
  void operator()(const TaskRequeued& requeued) {
    TaskRecord* task = Open(requeued.task);
    if (task != nullptr) task->status = TaskStatus::kScheduled;
  }
  void operator()(const TaskCompleted& completed);
  void operator()(const TaskFailed& failed);
  void operator()(const TaskTimedOut& out) { End(out.task, TaskStatus::kTimedOut, out.effect); }
  void operator()(const TaskCanceled& canceled) {
    End(canceled.task, TaskStatus::kCanceled, canceled.effect);
  }
  void operator()(const TaskFailureAccepted& accepted) {
    if (!Known(accepted.task)) return;
    RunRecord& run = RunOf(accepted.task);
    if (run.closed_seq == 0) run.closed_seq = seq_;
  }
  void operator()(const TaskSkipped& skipped) {
    TaskRecord* task = End(skipped.task, TaskStatus::kSkipped, Effect::kNone);
    if (task != nullptr) Run(task->run).closed_seq = seq_;
  }
  void operator()(const StepSkipped& skipped) {
    Require(!skipped.actor.empty(), "I24", "a person's decision without actor");
  }
  void operator()(const LateResult& late);
  void operator()(const TaskHandedOver& handed) {
    TaskRecord* task = Open(handed.task);
    if (task == nullptr) return;
    if (task->started_seq == 0) task->started_seq = seq_;
    task->status = TaskStatus::kInProgress;
    task->handed_over = true;
  }
  void operator()(const TaskUpdated& updated) {
    TaskRecord* task = Open(updated.task);
    if (task == nullptr) return;
    task->updated = true;
    // Whoever says what became of a task that no worker had did it in the worker's place.
    if (task->operation != Operation::kAction) return;
    RunRecord& run = Run(task->run);
    if (run.dispatched_seq == 0) run.dispatched_seq = seq_;
  }
  // What it was taken from may have carried it out.
  void operator()(const TaskProgressed& progressed) {
    const TaskRecord* task = Open(progressed.task);
    if (task == nullptr || task->operation != Operation::kAction) return;
    if (task->status != TaskStatus::kInProgress || task->handed_over) return;
    RunRecord& run = Run(task->run);
    const Step& step = model_.StepOf(run);
    if (!IsWorkerTask(step, task->operation) || IsPure(step, task->operation)) return;
    ++run.unknown;
  }

  void operator()(const FailureWorkflowStarted& started) {
    ++model_.failure_workflows;
    Require(model_.failure_workflows == 1, "I17", "the failure workflow was started twice");
    Require(!model_.definition().failure_workflow.empty(), "I17",
            "a failure workflow was started, and the definition names none");
    Require(started.status != WorkflowStatus::kCompleted, "I17",
            "the failure workflow was started by a success");
    model_.failure_workflow_seq = seq_;
  }
  void operator()(const SagaFaulted& faulted);
  void operator()(const FaultPended&) {
    Require(!model_.fault_pending && model_.fault_seq == 0, "I1", "a second fault is pending");
    model_.fault_pending = true;
  }
  void operator()(const FaultRefused&) {
    Require(model_.fault_pending, "I1", "no fault was pending");
    model_.fault_pending = false;
  }
  void operator()(const PivotPassed& passed) {
    if (!KnownRun(passed.run)) return;
    const Step& step = model_.StepOf(Run(passed.run));
    // Of a sub-workflow it may turn out only when it has passed its own.
    Require(step.saga.kind == StepKind::kPivot || step.type == StepType::kSubWorkflow, "I8",
            "the step that passed is no pivot");
    model_.pivot_seq = seq_;
  }
  void operator()(const StepSettled& settled);
  void operator()(const UndoParked& parked) {
    if (!KnownRun(parked.run)) return;
    Run(parked.run).parked = true;
    Running(Run(parked.run), false);
  }
  void operator()(const UndoResolved& resolved);
  void operator()(const SagaParked&) {
    model_.parked_seq = seq_;
    if (model_.orphan_seq > model_.ended_seq) model_.ended_seq = 0;  // re-opened
  }
  void operator()(const SagaResumed& resumed) {
    RequireSigned(resumed.actor, resumed.reason);
    model_.resumed_seq = seq_;
  }
  void operator()(const PolicyOverridden& overridden) {
    RequireSigned(overridden.actor, overridden.reason);
    model_.override_seq = seq_;
  }
  void operator()(const OrphanEffect& orphan) {
    if (!KnownRun(orphan.run)) return;
    model_.orphan_seq = seq_;
    Run(orphan.run).parked = true;
    Run(orphan.run).finishes = 0;
  }
  void operator()(const WorkflowReopened& reopened) { FoldReopened(reopened, seq_, model_); }
  void operator()(const WorkflowUpgraded& upgraded) { FoldUpgraded(upgraded, seq_, model_); }
  void operator()(const StepsRequested&) { model_.requests.insert(seq_); }
  void operator()(const StepsAdded& added) {
    model_.requests.erase(added.request);
    StepsAdded compiled = added;
    const absl::Status status = CompileSteps(model_.definition(), model_.added, compiled);
    Require(status.ok(), "I19", std::string(status.message()));
    if (status.ok()) model_.added.Append(std::move(compiled.compiled));
  }
  template <typename Other>
  void operator()(const Other&) {}

 private:
  void Require(bool holds, const char* invariant, std::string message) {
    if (!holds) model_.Report(invariant, seq_, std::move(message));
  }
  void RequireSigned(const std::string& actor, const std::string& reason) {
    Require(!actor.empty() && !reason.empty(), "I24",
            "a person's decision without actor or reason");
  }

  RunRecord& Run(RunNumber number) { return model_.runs[number - 1]; }
  RunRecord& RunOf(TaskNumber task) { return Run(model_.tasks[task - 1].run); }
  bool Known(TaskNumber task) {
    const bool known = task >= 1 && task <= model_.tasks.size();
    Require(known, "I19", "no such task: " + std::to_string(task));
    return known;
  }
  bool KnownRun(RunNumber run) {
    const bool known = run >= 1 && run <= model_.runs.size();
    Require(known, "I19", "no such run: " + std::to_string(run));
    return known;
  }
  // The task when it has not ended; its second end is reported.
  TaskRecord* Open(TaskNumber number) {
    if (!Known(number)) return nullptr;
    TaskRecord& task = model_.tasks[number - 1];
    Require(task.ended_seq == 0, "I14",
            "task " + std::to_string(number) + " had ended: what came later changed its state");
    return task.ended_seq == 0 ? &task : nullptr;
  }

  TaskRecord* End(TaskNumber number, TaskStatus status, Effect effect);
  void Running(RunRecord& run, bool running);
  void FinishUndo(RunRecord& run);
  bool OpenRun(const TaskScheduled& scheduled);
  void CheckStepKey(const TaskScheduled& scheduled);
  void CheckAction(const RunRecord& run);
  void CheckUndo(const TaskScheduled& scheduled, RunRecord& run);
  void CheckFirstUndo(const TaskScheduled& scheduled, RunRecord& run);

  const EventSeq seq_;
  Model& model_;
};

void Folder::operator()(const TaskScheduled& scheduled) {
  if (scheduled.task != model_.tasks.size() + 1 ||
      !HasStep(model_.definition(), model_.added, scheduled.step)) {
    model_.Report("I19", seq_, "task numbers have a gap, or the step is unknown");
    return;
  }
  if (!OpenRun(scheduled)) return;
  TaskRecord task;
  task.number = scheduled.task;
  task.run = scheduled.run;
  task.operation = scheduled.operation;
  task.scheduled_seq = seq_;
  task.input = scheduled.input;
  model_.tasks.push_back(std::move(task));
  ++model_.live_tasks;
  RunRecord& run = Run(scheduled.run);
  if (scheduled.operation == Operation::kAction) CheckAction(run);
  if (scheduled.operation == Operation::kAction) run.last_action = scheduled.task;
  // A person, or the decision itself, has it from now on.
  const bool queued = IsWorkerTask(model_.StepOf(run), scheduled.operation);
  if (!queued && scheduled.operation == Operation::kAction && run.dispatched_seq == 0) {
    run.dispatched_seq = seq_;
  }
  if (scheduled.operation == Operation::kCompensate) CheckUndo(scheduled, run);
}

// Finds or begins the run that a task belongs to; false: the numbers make no sense.
bool Folder::OpenRun(const TaskScheduled& scheduled) {
  if (scheduled.run == model_.runs.size() + 1 && scheduled.operation == Operation::kAction) {
    CheckStepKey(scheduled);
    RunRecord run;
    run.number = scheduled.run;
    run.step = scheduled.step;
    run.iteration = scheduled.iteration;
    const StepIndex loop = LoopAround(
        scheduled.step, [this](StepIndex at) -> const Step& { return model_.StepAt(at); });
    if (loop != kNoStep) run.loop = model_.Latest(loop);
    Require(loop == kNoStep || run.iteration >= 1, "I13", "a run of a loop without an iteration");
    run.generation = scheduled.generation;
    run.scheduled_seq = seq_;
    model_.runs.push_back(run);
    if (model_.latest.size() <= scheduled.step) model_.latest.resize(scheduled.step + 1, 0);
    model_.latest[scheduled.step] = scheduled.run;
    const StepIndex instead_of = model_.StepAt(scheduled.step).instead_of;
    if (instead_of != kNoStep) model_.latest[instead_of] = scheduled.run;
    return true;
  }
  if (!KnownRun(scheduled.run)) return false;
  const RunRecord& run = Run(scheduled.run);
  Require(run.step == scheduled.step && run.iteration == scheduled.iteration &&
              run.generation == scheduled.generation,
          "I13", "an attempt bears another step key than its run");
  return true;
}

// Runs of one step differ in iteration or generation. Most steps run once: nothing to compare.
void Folder::CheckStepKey(const TaskScheduled& scheduled) {
  const RunNumber newest = model_.Latest(scheduled.step);
  if (newest == 0) return;
  // Of the runs in a loop only the newest could have the same key: iterations only grow.
  const StepIndex loop =
      LoopAround(scheduled.step, [this](StepIndex at) -> const Step& { return model_.StepAt(at); });
  if (loop != kNoStep) {
    const RunRecord& other = Run(newest);
    const bool later = other.loop != model_.Latest(loop) || other.iteration < scheduled.iteration ||
                       other.generation < scheduled.generation;
    return Require(later, "I13", "two runs share one step key");
  }
  for (const RunRecord& other : model_.runs) {
    const bool same = other.step == scheduled.step && other.iteration == scheduled.iteration &&
                      other.generation == scheduled.generation;
    Require(!same, "I13", "two runs share one step key");
  }
}

void Folder::CheckAction(const RunRecord& run) {
  const std::string& reference = model_.StepOf(run).reference;
  Require(model_.fault_seq == 0, "I2", reference + " was scheduled after the fault");
  Require(model_.ended_seq == 0, "END", reference + " was scheduled after the end");
  Require(run.closed_seq == 0, "I14", reference + " was scheduled again after it was done");
}

void Folder::CheckUndo(const TaskScheduled& scheduled, RunRecord& run) {
  const std::string& reference = model_.StepOf(run).reference;
  Require(model_.ended_seq == 0, "END", "undo of " + reference + " was scheduled after the end");
  Require(run.undo_finished_seq == 0, "I4", reference + " is undone a second time");
  if (run.undo_scheduled_seq == 0) {
    CheckFirstUndo(scheduled, run);
  } else {
    Require(run.undo_task_input == scheduled.input, "I12",
            "an undo attempt of " + reference + " has another input than the first");
  }
  run.parked = false;
  Running(run, true);
  Require(model_.undo_running <= model_.definition().saga.parallel_undo_max, "O2",
          "more undos at a time than maxParallelCompensations");
}

void Folder::CheckFirstUndo(const TaskScheduled& scheduled, RunRecord& run) {
  const Step& step = model_.StepOf(run);
  Require(model_.fault_seq != 0, "I5", step.reference + " is undone without a fault");
  Require(run.dispatched_seq != 0, "I5", step.reference + " is undone but was never dispatched");
  Require(run.dispatched_seq != 0 && run.dispatched_seq < model_.fault_seq, "I23",
          step.reference + " is undone but was not dispatched before the fault");
  Require(OutcomeOf(run) != Effect::kNone || step.saga.compensate_on_failure, "I5",
          step.reference + " is undone but had no effect");
  Require(OutcomeOf(run) != Effect::kUnset, "I7",
          step.reference + " is undone before its outcome is settled");
  Require(model_.pivot_seq == 0 || model_.override_seq > model_.pivot_seq, "I8",
          step.reference + " is undone after the pivot passed");
  Require(step.saga.undo.has_value() && step.saga.undo->task_type == scheduled.task_type, "I5",
          scheduled.task_type + " is not what undoes " + step.reference);
  CheckUndoInput(run, seq_, scheduled.input, model_);
  run.undo_scheduled_seq = seq_;
  run.undo_task_input = scheduled.input;
}

void Folder::operator()(const TaskStarted& started) {
  TaskRecord* task = Open(started.task);
  if (task == nullptr) return;
  Require(task->status == TaskStatus::kScheduled, "I14", "an attempt was started twice");
  task->status = TaskStatus::kInProgress;
  task->started_seq = seq_;
  if (task->operation == Operation::kEvaluate) return;
  if (task->operation != Operation::kAction) {
    Require(!model_.paused, "J11", "an undo task was started while the workflow was paused");
    return;
  }
  RunRecord& run = Run(task->run);
  Require(model_.fault_seq == 0, "I2",
          model_.StepOf(run).reference + " was dispatched after the fault");
  Require(model_.fault_seq == 0 || run.dispatched_seq != 0, "I23",
          model_.StepOf(run).reference + " was dispatched for the first time after the fault");
  run.all_barrier = run.all_barrier && started.barrier;
  if (run.dispatched_seq == 0) run.dispatched_seq = seq_;
}

TaskRecord* Folder::End(TaskNumber number, TaskStatus status, Effect effect) {
  TaskRecord* task = Open(number);
  if (task == nullptr) return nullptr;
  task->ended_seq = seq_;
  task->status = status;
  task->effect = effect;
  --model_.live_tasks;
  const bool reported = status != TaskStatus::kTimedOut && status != TaskStatus::kCanceled &&
                        status != TaskStatus::kSkipped;
  const Step& step = model_.StepOf(Run(task->run));
  // What is wrong with the request of a START_WORKFLOW fails it before anything is started.
  const bool by_child = IsChildTask(step, task->operation) && step.type != StepType::kStartWorkflow;
  const bool by_worker = IsWorkerTask(step, task->operation) && !task->updated;
  Require(!reported || !(by_worker || by_child) || task->started_seq != 0, "I14",
          "task " + std::to_string(number) + " has a result but was never started");
  if (task->operation != Operation::kAction) return task;
  RunRecord& run = Run(task->run);
  // Of what a person does, a person may say so.
  const bool by_person = task->updated && step.type == StepType::kHuman;
  Require(effect != Effect::kUnknown || task->started_seq != 0 || by_person, "2.3",
          "an attempt that was never handed out cannot have had an effect");
  if (effect == Effect::kApplied) ++run.applied;
  if (effect == Effect::kUnknown) ++run.unknown;
  return task;
}

void Folder::operator()(const TaskFailed& failed) {
  if (Known(failed.task)) {
    TaskRecord& task = model_.tasks[failed.task - 1];
    const Schemas& schemas = model_.StepOf(Run(task.run)).task.schemas;
    // An input that does not conform is given to nobody.
    if (failed.terminal && task.started_seq == 0 && schemas.input != nullptr) task.updated = true;
  }
  TaskRecord* ended =
      End(failed.task, failed.terminal ? TaskStatus::kFailedWithTerminalError : TaskStatus::kFailed,
          failed.effect);
  if (ended != nullptr) ended->output = failed.output;
}

void Folder::operator()(const TaskCompleted& completed) {
  if (completed.cached && Known(completed.task)) model_.tasks[completed.task - 1].updated = true;
  TaskRecord* task = End(completed.task, TaskStatus::kCompleted, Effect::kApplied);
  if (task == nullptr) return;
  task->output = completed.output;
  RunRecord& run = Run(task->run);
  switch (task->operation) {
    case Operation::kAction:
      run.closed_seq = seq_;
      run.completed_seq = seq_;
      run.undo_input = completed.undo_input;
      break;
    case Operation::kProbe:
      run.asked = true;
      break;
    case Operation::kEvaluate:
      break;
    case Operation::kCompensate:
      ++run.undo_completed_count;
      Require(run.undo_completed_count == 1, "I4",
              model_.StepOf(run).reference + " was undone twice");
      FinishUndo(run);
      break;
  }
}

void Folder::operator()(const LateResult& late) {
  if (!Known(late.task)) return;
  const TaskRecord& task = model_.tasks[late.task - 1];
  const bool current = task.status == TaskStatus::kInProgress && task.started_seq == late.fence;
  Require(!current, "I14", "a result of the current attempt was taken for a late one");
}

void Folder::operator()(const SagaFaulted& faulted) {
  ++model_.faults;
  Require(model_.faults == 1, "I1", "the saga faulted twice");
  const bool by_parent = faulted.cause == FaultCause::kParent;
  Require(model_.ended_seq == 0 || by_parent, "END", "the saga faulted after its end");
  if (by_parent) model_.ended_seq = 0;  // re-opened
  Require(model_.pivot_seq == 0 || model_.override_seq > model_.pivot_seq, "I8",
          "the saga faulted after its pivot passed");
  const bool of_task =
      faulted.cause == FaultCause::kTaskFailed || faulted.cause == FaultCause::kTaskTimedOut;
  // A step that could not even be scheduled has no task.
  if (of_task && faulted.task != 0 && Known(faulted.task)) {
    Require(model_.StepOf(RunOf(faulted.task)).saga.kind != StepKind::kRetryable, "I9",
            "the failure of a RETRYABLE step raised a fault");
  }
  // Who aborts a paused workflow wants it undone, not paused (saga.md 2.12).
  if (faulted.cause == FaultCause::kUser || faulted.cause == FaultCause::kTerminated) {
    model_.paused = false;
  }
  model_.fault_seq = seq_;
  model_.fault = faulted;
  model_.fault_pending = false;
}

void Folder::operator()(const StepSettled& settled) {
  if (!KnownRun(settled.run)) return;
  RunRecord& run = Run(settled.run);
  const std::string& reference = model_.StepOf(run).reference;
  Require(run.settled_seq == 0 || run.settled == settled.effect, "I15",
          "the settled outcome of " + reference + " changed");
  Require(run.undo_scheduled_seq == 0, "I15", reference + " was settled after its undo began");
  const bool open = run.last_action != 0 && model_.tasks[run.last_action - 1].ended_seq == 0;
  Require(!open, "I7", reference + " was settled while an attempt was under way");
  const Effect by_attempts = OutcomeOfAttempts(run);
  const bool control = !HasEffects(model_.StepOf(run).type);
  const bool told = by_attempts == Effect::kUnknown && run.asked;
  Require(control || told || settled.effect == by_attempts, "2.3",
          "the settled outcome of " + reference + " is not that of its attempts");
  run.settled = settled.effect;
  run.settled_seq = seq_;
  run.parked = false;
  if (!settled.undo_input.empty()) run.undo_input = settled.undo_input;
  if (!settled.output.empty() && run.last_action != 0) {
    model_.tasks[run.last_action - 1].output = settled.output;
  }
}

void Folder::operator()(const UndoResolved& resolved) {
  RequireSigned(resolved.actor, resolved.reason);
  if (!KnownRun(resolved.run)) return;
  RunRecord& run = Run(resolved.run);
  run.parked = false;
  Running(run, false);
  if (resolved.resolution == Resolution::kSettledApplied ||
      resolved.resolution == Resolution::kSettledNone) {
    run.asked = true;
    return;
  }
  if (resolved.resolution == Resolution::kRetry || model_.fault_seq == 0) return;
  if (OutcomeOf(run) == Effect::kUnset) {
    run.settled = Effect::kUnknown;
    run.settled_seq = seq_;
  }
  run.skipped = resolved.resolution == Resolution::kSkipped;
  FinishUndo(run);
}

void Folder::Running(RunRecord& run, bool running) {
  if (run.undo_running == running) return;
  run.undo_running = running;
  running ? ++model_.undo_running : --model_.undo_running;
}

void Folder::FinishUndo(RunRecord& run) {
  ++run.finishes;
  if (run.undo_finished_seq == 0) run.undo_finished_seq = seq_;
  run.parked = false;
  Running(run, false);
}

// What may stand in a history after its end: an answer that came too late, and what it showed.
bool MayFollowEnd(const EventBody& body) {
  if (std::holds_alternative<FailureWorkflowRefused>(body)) return true;
  if (const auto* faulted = std::get_if<SagaFaulted>(&body)) {
    return faulted->cause == FaultCause::kParent;
  }
  return std::holds_alternative<WorkflowReopened>(body) ||
         std::holds_alternative<LateResult>(body) || std::holds_alternative<OrphanEffect>(body) ||
         std::holds_alternative<SagaParked>(body);
}

}  // namespace

void Fold(const Event& event, Model& model) {
  if (event.seq == 1 && !std::holds_alternative<WorkflowStarted>(event.body)) {
    model.Report("I19", 1, "the history does not begin with the start");
  }
  if (model.ended_seq != 0 && !MayFollowEnd(event.body)) {
    model.Report("END", event.seq, std::string(Name(event.body)) + " after the end");
  }
  std::visit(Folder(event, model), event.body);
}

}  // namespace skald::core::checker
