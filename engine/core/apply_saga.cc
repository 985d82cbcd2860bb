#include "engine/core/apply_saga.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/construct.h"
#include "engine/core/saga_rules.h"

namespace skald::core {
namespace {

// One event on its way into the state. Runs are undone in the reverse of the causal order: a run is
// *released* when it is settled and all its causal successors are finished with undo; releasing one
// that needs no undo passes on to its predecessors (saga.md O1, O4). Each edge is looked at once,
// so a whole undo costs O(runs + edges).
class Books {
 public:
  Books(const Definition& definition, const Event& event, State& state)
      : definition_(definition), event_(event), state_(state) {}

  void operator()(const WorkflowStarted&) {
    state_.saga_status = definition_.saga.declared ? SagaStatus::kActive : SagaStatus::kNone;
  }

  void operator()(const WorkflowResumed&) {
    if (state_.saga_status == SagaStatus::kParked) state_.status = WorkflowStatus::kPaused;
  }

  void operator()(const WorkflowEnded& ended) {
    state_.saga_status = ended.saga_status;
    DropTimer(TimerKind::kSettleTimeout, state_.fault.settle_until);
    DropTimer(TimerKind::kCompensationTimeout, state_.fault.compensation_timeout_at);
  }

  void operator()(const TaskScheduled& scheduled) {
    StepRun& run = Run(scheduled.run);
    if (scheduled.operation == Operation::kAction) {
      // A pivot dispatched again to learn its outcome counts as a question asked.
      if (state_.fault.pending) ++run.probe_attempts;
      return;
    }
    run.operation_task = scheduled.task;
    if (scheduled.operation == Operation::kEvaluate) return;
    if (scheduled.operation == Operation::kProbe) {
      ++run.probe_attempts;
      return;
    }
    ++run.undo_attempts;
    if (run.undo == UndoPhase::kRunning) return;
    Unqueue(run);
    run.undo = UndoPhase::kRunning;
    ++state_.fault.undo_running;
  }

  void operator()(const TaskStarted& started) {
    const Task& task = state_.task(started.task);
    if (task.operation != Operation::kAction) return;
    StepRun& run = Run(task.run);
    run.barrier = started.barrier && (run.attempts_dispatched == 0 || run.barrier);
    if (task.start_count <= 1) ++run.attempts_dispatched;
  }

  void operator()(const TaskCompleted& completed) {
    const Task& task = state_.task(completed.task);
    StepRun& run = Run(task.run);
    if (task.operation == Operation::kCompensate) {
      FinishUndo(run,
                 completed.verdict == Verdict::kNulled ? UndoPhase::kNulled : UndoPhase::kDone);
      return;
    }
    if (task.operation != Operation::kAction) return;
    AttemptEnded(task);
    ++run.attempts_applied;
    run.outcome = Effect::kApplied;
    run.completed_seq = event_.seq;
    run.closed_seq = event_.seq;
    run.possible_duplicate = run.attempts_unknown > 0 && !run.barrier;
    run.undo_input = completed.undo_input;
  }

  void operator()(const TaskFailed& failed) { CountEffect(failed.task, failed.effect); }
  void operator()(const TaskTimedOut& timed_out) { CountEffect(timed_out.task, timed_out.effect); }
  void operator()(const TaskCanceled& canceled) { CountEffect(canceled.task, canceled.effect); }

  // Taken from a worker, who may have carried it out or still do so: nobody waits for its answer.
  void operator()(const TaskProgressed& progressed) {
    const Task& task = state_.task(progressed.task);
    if (task.operation != Operation::kAction || task.status != TaskStatus::kInProgress) return;
    if (task.awaits_update || !IsWorkerTask(definition_, state_, task)) return;
    const Step& step = StepOf(definition_, state_, task.step);
    if (EffectUnanswered(step, task) == Effect::kUnknown) ++Run(task.run).attempts_unknown;
  }

  void operator()(const TaskSkipped& skipped) {
    Run(state_.task(skipped.task).run).closed_seq = event_.seq;
  }
  void operator()(const TaskFailureAccepted& accepted) {
    Run(state_.task(accepted.task).run).closed_seq = event_.seq;
  }

  void operator()(const SagaFaulted& faulted);
  void operator()(const FaultPended& pended) {
    state_.fault.pending = true;
    state_.fault.cause = pended.cause;
    state_.fault.reason = pended.reason;
    state_.fault.actor = pended.actor;
    state_.fault.task = pended.task;
    state_.fault.end_status = pended.end_status;
  }
  void operator()(const FaultRefused&) { state_.fault = Fault{}; }
  void operator()(const PivotPassed&) {
    state_.pivot_passed = true;
    if (state_.saga_status == SagaStatus::kActive) {
      state_.saga_status = SagaStatus::kCommittedForward;
    }
  }
  void operator()(const StepSettled& settled);
  void operator()(const UndoParked& parked);
  void operator()(const UndoResolved& resolved);

  void operator()(const SagaParked&) {
    DropTimer(TimerKind::kCompensationTimeout, state_.fault.compensation_timeout_at);
    state_.saga_status = SagaStatus::kParked;
    state_.status = WorkflowStatus::kPaused;
    state_.ended_at = 0;
  }
  void operator()(const SagaResumed&) {
    state_.saga_status = ForwardStatus();
    state_.status = state_.paused_by_person ? WorkflowStatus::kPaused : WorkflowStatus::kRunning;
  }
  void operator()(const OrphanEffect& orphan);
  void operator()(const WorkflowReopened& reopened);
  // A workflow whose definition says nothing of a saga is one from the first step that does.
  void operator()(const StepsAdded&) {
    if (state_.added.any_saga() && state_.saga_status == SagaStatus::kNone) {
      state_.saga_status = SagaStatus::kActive;
    }
  }

  // Everything else is forward work only.
  template <typename Other>
  void operator()(const Other&) {}

 private:
  StepRun& Run(RunNumber number) { return state_.runs.at(number); }

  SagaStatus ForwardStatus() const {
    if (state_.fault.active) return SagaStatus::kCompensating;
    return state_.pivot_passed ? SagaStatus::kCommittedForward : SagaStatus::kActive;
  }

  void DropTimer(TimerKind kind, TimeUs due_at) {
    if (due_at != 0) state_.timers.erase(Timer{due_at, kind, 0});
  }

  void CountEffect(TaskNumber number, Effect effect) {
    const Task& task = state_.task(number);
    if (task.operation != Operation::kAction) return;
    AttemptEnded(task);
    StepRun& run = Run(task.run);
    if (effect == Effect::kApplied) ++run.attempts_applied;
    if (effect == Effect::kUnknown) ++run.attempts_unknown;
  }

  // Sub-workflows settle and undo themselves in their own time.
  bool HasSettleBound(const Task& task) const { return !IsChildTask(definition_, state_, task); }

  // The settle bound is for attempts under way: when none is left, nor is it.
  void AttemptEnded(const Task& task) {
    if (!HasSettleBound(task)) return;
    if (!state_.fault.active || state_.fault.attempts_open == 0) return;
    if (--state_.fault.attempts_open > 0) return;
    DropTimer(TimerKind::kSettleTimeout, state_.fault.settle_until);
  }

  bool strict() const { return definition_.saga.order == UndoOrder::kStrictReverse; }

  void ResetForUndo(StepRun& run);
  void Plan(StepRun& run);
  void Queue(StepRun& run);
  void Unqueue(StepRun& run);
  void Release(RunNumber first);
  void AllSettled();
  void FinishUndo(StepRun& run, UndoPhase phase);

  const Definition& definition_;
  const Event& event_;
  State& state_;
};

void Books::operator()(const SagaFaulted& faulted) {
  const bool by_person =
      faulted.cause == FaultCause::kUser || faulted.cause == FaultCause::kTerminated;
  if (by_person) state_.paused_by_person = false;
  state_.status = state_.paused_by_person ? WorkflowStatus::kPaused : WorkflowStatus::kRunning;
  state_.saga_status = SagaStatus::kCompensating;
  state_.reason = faulted.reason;
  state_.ended_at = 0;  // a completed sub-workflow is re-opened by its parent

  Fault& fault = state_.fault;
  fault = Fault{};
  fault.active = true;
  fault.cause = faulted.cause;
  fault.reason = faulted.reason;
  fault.actor = faulted.actor;
  fault.task = faulted.task;
  fault.end_status = faulted.end_status;
  fault.seq = event_.seq;
  fault.settle_until = faulted.settle_until;
  fault.compensation_timeout_at = faulted.compensation_timeout_at;
  DropTimer(TimerKind::kWorkflowTimeout, state_.timeout_at);
  if (fault.compensation_timeout_at != 0) {
    state_.timers.insert(Timer{fault.compensation_timeout_at, TimerKind::kCompensationTimeout, 0});
  }
  state_.held.clear();
  state_.join_remaining.clear();
  state_.branches_open.clear();

  for (StepRun& run : state_.runs) ResetForUndo(run);
  if (fault.settle_until != 0 && fault.attempts_open > 0) {
    state_.timers.insert(Timer{fault.settle_until, TimerKind::kSettleTimeout, 0});
  }
  for (const StepRun& run : state_.runs) {
    if (run.before.empty() && run.settled) Release(run.number);
  }
  if (fault.unsettled == 0) AllSettled();
}

// Every run stands at the start of its undo: settled when its outcome is known, else in flight.
void Books::ResetForUndo(StepRun& run) {
  run.settled = run.settled_seq != 0 || (run.closed && run.completed_seq != 0);
  run.successors_open = static_cast<std::uint32_t>(run.before.size());
  run.passed_on = false;
  run.undo = UndoPhase::kNone;
  run.undo_attempts = 0;
  run.probe_attempts = 0;
  if (!run.settled) {
    ++state_.fault.unsettled;
    const bool open = run.task != 0 && !IsTerminal(state_.task(run.task).status);
    if (open && HasSettleBound(state_.task(run.task))) ++state_.fault.attempts_open;
    return;
  }
  state_.open.erase(run.number);
  Plan(run);
}

// Says of a settled run whether it is to be undone.
void Books::Plan(StepRun& run) {
  if (NeedOf(definition_, state_, run) == UndoNeed::kNothing) {
    run.undo = UndoPhase::kNotNeeded;
    return;
  }
  run.undo = UndoPhase::kWaiting;
  ++state_.fault.undo_unfinished;
  // Without an order there is nothing to wait for but the others' settlement.
  if (definition_.saga.order == UndoOrder::kParallel) state_.fault.ready.insert(run.number);
}

// Puts a released run among those that may be undone now.
void Books::Queue(StepRun& run) {
  if (definition_.saga.order == UndoOrder::kCausal) state_.fault.ready.insert(run.number);
}

void Books::Unqueue(StepRun& run) {
  Fault& fault = state_.fault;
  fault.ready.erase(run.number);
  if (!fault.in_turn.empty() && fault.in_turn.back() == run.number) fault.in_turn.pop_back();
}

// REQUIRES: `first` is settled and its successors are finished with undo.
void Books::Release(RunNumber first) {
  std::vector<RunNumber> released = {first};
  while (!released.empty()) {
    StepRun& run = Run(released.back());
    released.pop_back();
    if (run.undo == UndoPhase::kWaiting) Queue(run);
    if (!UndoIsFinished(run)) continue;
    run.passed_on = true;
    for (const RunNumber number : run.after) {
      if (!state_.has_run(number)) continue;
      StepRun& before = Run(number);
      if (--before.successors_open == 0 && before.settled) released.push_back(number);
    }
  }
}

// The last outcome became known: STRICT_REVERSE can say in which turn each run is undone.
void Books::AllSettled() {
  if (!strict()) return;
  std::vector<RunNumber>& in_turn = state_.fault.in_turn;
  in_turn.clear();
  for (const StepRun& run : state_.runs) {
    if (run.undo == UndoPhase::kWaiting) in_turn.push_back(run.number);
  }
  const auto ended_seq = [this](RunNumber number) {
    const StepRun& run = state_.run(number);
    return run.closed_seq != 0 ? run.closed_seq : run.settled_seq;
  };
  std::sort(in_turn.begin(), in_turn.end(),
            [&](RunNumber a, RunNumber b) { return ended_seq(a) < ended_seq(b); });
}

void Books::operator()(const StepSettled& settled) {
  StepRun& run = Run(settled.run);
  run.outcome = settled.effect;
  run.settled_seq = event_.seq;
  run.possible_duplicate = settled.possible_duplicate;
  if (!settled.undo_input.empty()) run.undo_input = settled.undo_input;
  Fault& fault = state_.fault;
  if (!fault.active || run.settled) return;
  if (run.undo == UndoPhase::kParked) {
    --fault.undo_parked;
    --fault.unsettled_parked;
    run.undo = UndoPhase::kNone;
  }
  run.settled = true;
  state_.open.erase(run.number);
  --fault.unsettled;
  Plan(run);
  if (run.successors_open == 0) Release(run.number);
  if (fault.unsettled == 0) AllSettled();
}

void Books::operator()(const UndoParked& parked) {
  StepRun& run = Run(parked.run);
  Fault& fault = state_.fault;
  Unqueue(run);
  if (run.undo == UndoPhase::kRunning) --fault.undo_running;
  if (!run.settled) ++fault.unsettled_parked;
  run.undo = UndoPhase::kParked;
  ++fault.undo_parked;
}

void Books::operator()(const UndoResolved& resolved) {
  StepRun& run = Run(resolved.run);
  Fault& fault = state_.fault;
  const bool retry = resolved.resolution == Resolution::kRetry;
  const bool done =
      resolved.resolution == Resolution::kByHand || resolved.resolution == Resolution::kSkipped;
  if (!fault.active) {
    if (retry) run.probe_attempts = 0;
    if (done && !resolved.output.empty()) state_.tasks.at(run.task).output = resolved.output;
    return;
  }
  if (retry) {
    --fault.undo_parked;
    if (!run.settled) --fault.unsettled_parked;
    run.undo = run.settled ? UndoPhase::kWaiting : UndoPhase::kNone;
    run.undo_attempts = 0;
    run.probe_attempts = 0;
    if (run.settled && strict()) fault.in_turn.push_back(run.number);
    if (run.settled && !strict()) fault.ready.insert(run.number);
    return;
  }
  if (!done) return;  // the StepSettled that follows does the rest
  if (!run.settled) {
    run.settled = true;
    run.settled_seq = event_.seq;
    run.outcome = Effect::kUnknown;
    state_.open.erase(run.number);
    --fault.unsettled;
    --fault.unsettled_parked;
    ++fault.undo_unfinished;
    if (fault.unsettled == 0) AllSettled();
  }
  const bool skipped = resolved.resolution == Resolution::kSkipped;
  if (skipped) ++fault.undo_skipped;
  FinishUndo(run, skipped ? UndoPhase::kSkipped : UndoPhase::kResolved);
}

// An effect turned up that was held to be none or undone: a person has to look, whatever the state
// of the saga. What precedes the run may have been undone meanwhile and stays so.
void Books::operator()(const OrphanEffect& orphan) {
  StepRun& run = Run(orphan.run);
  run.orphan = true;
  run.undo = UndoPhase::kParked;
  ++state_.fault.undo_parked;
  ++state_.fault.undo_unfinished;
}

// An ended workflow goes on. What was settled as without effect may have one now, under another
// key: the old one may be sealed (saga.md 3.2).
void Books::operator()(const WorkflowReopened& reopened) {
  state_.fault = Fault{};
  if (reopened.anew) state_.pivot_passed = false;
  const bool saga = definition_.saga.declared || state_.added.any_saga();
  state_.saga_status = saga ? ForwardStatus() : SagaStatus::kNone;
  for (StepRun& run : state_.runs) {
    run.undo = UndoPhase::kNone;
    run.successors_open = 0;
    run.passed_on = false;
    run.undo_attempts = 0;
    run.probe_attempts = 0;
    run.settled = false;
  }
  const auto open_again = [this](RunNumber number) -> StepRun& {
    StepRun& run = Run(number);
    run.outcome = Effect::kUnset;
    run.completed_seq = 0;
    run.closed_seq = 0;
    run.undo_input = Payload();
    return run;
  };
  for (const RunNumber number : reopened.resumed) open_again(number).settled_seq = 0;
  for (const RunNumber number : reopened.retried) {
    StepRun& run = open_again(number);
    if (run.settled_seq == 0) continue;
    run.settled_seq = 0;
    run.generation = reopened.generation;
    run.attempts_unknown = 0;
    run.attempts_dispatched = 0;
    run.barrier = false;
  }
}

void Books::FinishUndo(StepRun& run, UndoPhase phase) {
  Fault& fault = state_.fault;
  Unqueue(run);
  if (run.undo == UndoPhase::kRunning) --fault.undo_running;
  if (run.undo == UndoPhase::kParked) --fault.undo_parked;
  run.undo = phase;
  --fault.undo_unfinished;
  // The predecessors of an orphan may have been released when its undo finished for the first time.
  if (!run.passed_on && run.successors_open == 0) Release(run.number);
}

}  // namespace

void ApplySaga(const Definition& definition, const Event& event, State& state) {
  std::visit(Books(definition, event, state), event.body);
}

}  // namespace skald::core
