// What a person decides on a parked undo (saga.md 2.11): each is an event with actor and reason,
// and then the undo goes on with what it allows.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/families.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

const Step& StepOfRun(RunNumber run, const Draft& draft) {
  return draft.StepAt(draft.state().run(run).step);
}

// An undo that failed can be tried again, and a probe can be asked again; an effect that turned up
// after the undo cannot be undone twice (I4).
bool CanRetry(RunNumber number, const Draft& draft) {
  const StepRun& run = draft.state().run(number);
  if (run.undo != UndoPhase::kParked || run.orphan) return false;
  const Step& step = StepOfRun(number, draft);
  if (run.settled) return step.saga.undo.has_value();
  return UnknownPolicyOf(step, run) == UnknownPolicy::kProbe;
}

void Resolve(RunNumber run, Resolution resolution, const OperateSaga& trigger, Draft& draft) {
  draft.Emit(UndoResolved{run, resolution, trigger.actor, trigger.reason, trigger.output});
}

// REQUIRES: a fault is active. Goes on after a person's decision.
void GoOn(const OperateSaga& trigger, Draft& draft) {
  const State& state = draft.state();
  const Fault& fault = state.fault;
  const bool work = !fault.ready.empty() || !fault.in_turn.empty() ||
                    fault.unsettled > fault.unsettled_parked || fault.undo_running > 0;
  const bool finished = fault.unsettled == 0 && fault.undo_unfinished == 0;
  if (state.saga_status == SagaStatus::kParked && (work || finished)) {
    draft.Emit(SagaResumed{trigger.actor, trigger.reason});
  }
  OnUndoResumed(draft);
}

absl::Status RetryUndo(const OperateSaga& trigger, Draft& draft) {
  std::vector<RunNumber> runs;
  if (trigger.reference.empty()) {
    for (const StepRun& run : draft.state().runs) {
      if (CanRetry(run.number, draft)) runs.push_back(run.number);
    }
  } else {
    ASSIGN_OR_RETURN(const RunNumber run, FindRun(trigger, draft));
    if (!CanRetry(run, draft)) {
      return absl::FailedPreconditionError(
          absl::StrCat(trigger.reference, " has no parked undo that can be tried again"));
    }
    runs.push_back(run);
  }
  const bool parked = draft.state().saga_status == SagaStatus::kParked;
  // Parked by the time limit of the undo: there need not be any parked step.
  const bool waiting = draft.state().fault.undo_parked < draft.state().fault.undo_unfinished;
  if (runs.empty() && !(parked && waiting)) {
    return absl::FailedPreconditionError("no parked undo can be tried again");
  }
  for (const RunNumber run : runs) Resolve(run, Resolution::kRetry, trigger, draft);
  GoOn(trigger, draft);
  return absl::OkStatus();
}

absl::Status Settle(RunNumber run, const OperateSaga& trigger, Draft& draft) {
  if (draft.state().run(run).settled) {
    return absl::FailedPreconditionError(
        absl::StrCat("the outcome of ", trigger.reference, " is settled already"));
  }
  const bool applied = trigger.effect == Effect::kApplied;
  if (!applied && trigger.effect != Effect::kNone) {
    return absl::InvalidArgumentError("settle needs the effect APPLIED or NONE");
  }
  Resolve(run, applied ? Resolution::kSettledApplied : Resolution::kSettledNone, trigger, draft);
  SettleAs(run, trigger.effect, trigger.output, draft);
  return absl::OkStatus();
}

absl::Status OperateUndo(const OperateSaga& trigger, Draft& draft) {
  if (trigger.verb == Verb::kRetry) return RetryUndo(trigger, draft);
  ASSIGN_OR_RETURN(const RunNumber run, FindRun(trigger, draft));
  if (const Task& task = draft.state().task(draft.state().run(run).task); task.child_parked) {
    return absl::FailedPreconditionError(
        absl::StrCat("its sub-workflow ", task.child.ToString(), " is parked: decide on that"));
  }
  if (draft.state().run(run).undo != UndoPhase::kParked) {
    return absl::FailedPreconditionError(
        absl::StrCat("the undo of ", trigger.reference, " is not parked"));
  }
  switch (trigger.verb) {
    case Verb::kResolve:
      Resolve(run, Resolution::kByHand, trigger, draft);
      break;
    case Verb::kSkip:
      Resolve(run, Resolution::kSkipped, trigger, draft);
      break;
    case Verb::kSettle:
      RETURN_IF_ERROR(Settle(run, trigger, draft));
      break;
    case Verb::kRetry:
    case Verb::kAbandon:
      break;
  }
  GoOn(trigger, draft);
  return absl::OkStatus();
}

absl::Status CheckOperate(const OperateSaga& trigger, const State& state) {
  if (trigger.actor.empty() || trigger.reason.empty()) {
    return absl::InvalidArgumentError("a decision on a saga needs an actor and a reason");
  }
  const bool of_all = trigger.verb == Verb::kRetry || trigger.verb == Verb::kAbandon;
  if (trigger.reference.empty() && !of_all) {
    return absl::InvalidArgumentError("the decision needs the reference of a step");
  }
  if (trigger.verb == Verb::kAbandon && !trigger.reference.empty()) {
    return absl::InvalidArgumentError("abandon is for the whole saga; skip leaves one step");
  }
  const bool parked = state.saga_status == SagaStatus::kParked || state.fault.undo_parked > 0;
  if (IsTerminal(state.status) || !parked) {
    return absl::FailedPreconditionError("the saga is not parked");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunNumber> FindRun(const OperateSaga& trigger, const Draft& draft) {
  const StepIndex step = FindStep(draft.definition(), draft.state(), trigger.reference);
  if (step == kNoStep) {
    return absl::NotFoundError(absl::StrCat("no step has the reference ", trigger.reference));
  }
  const Numbered<StepRun>& runs = draft.state().runs;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const Step& own = draft.StepAt(run->step);
    const bool same = own.index == step || own.instead_of == step;
    if (same && run->iteration == trigger.iteration) return run->number;
  }
  return absl::NotFoundError(absl::StrCat("the step ", trigger.reference, " was not run"));
}

void Abandon(const std::string& actor, const std::string& reason, Draft& draft) {
  draft.Emit(PolicyOverridden{actor, reason});
  draft.set_ends_on_purpose(true);
  draft.set_ended_by(actor);
  EndUnundone(WorkflowStatus::kTerminated, SagaStatus::kAbandoned, reason, draft);
}

absl::Status OnOperate(const OperateSaga& trigger, Draft& draft) {
  RETURN_IF_ERROR(CheckOperate(trigger, draft.state()));
  if (trigger.verb == Verb::kAbandon) {
    Abandon(trigger.actor, trigger.reason, draft);
    return absl::OkStatus();
  }
  if (!draft.state().fault.active) return OperateForward(trigger, draft);
  return OperateUndo(trigger, draft);
}

void OnUndoResumed(Draft& draft) {
  if (UndoIsHeld(draft.state())) return;
  const auto runs = static_cast<RunNumber>(draft.state().runs.size());
  for (RunNumber number = 1; number <= runs; ++number) {
    if (!draft.state().has_run(number)) continue;
    const StepRun& run = draft.state().run(number);
    const Task* task = run.operation_task == 0 ? nullptr : &draft.state().task(run.operation_task);
    if (task != nullptr) OfferIfReady(task->number, draft);
    const bool asked = task != nullptr && !IsTerminal(task->status);
    const bool to_settle = draft.state().fault.active && !run.settled && !asked &&
                           run.undo != UndoPhase::kParked && AttemptsEnded(draft.state(), run);
    if (to_settle) SettleRun(number, draft);
  }
  if (draft.state().fault.active) ContinueUndo(draft);
}

}  // namespace skald::core
