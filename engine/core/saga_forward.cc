// Verbs of a saga that is parked on its way forward: a RETRYABLE step is exhausted, the pivot has
// passed, or it is unknown whether it did. Nothing is undone; a person says how it goes on.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"

namespace skald::core {
namespace {

// The run's attempts are used up and nothing follows by itself.
bool Stuck(RunNumber number, const Draft& draft) {
  const StepRun& run = draft.state().run(number);
  return !run.closed && AttemptsEnded(draft.state(), run);
}

bool CanTryAgain(RunNumber number, const Draft& draft) {
  const Step& step = draft.StepAt(draft.state().run(number).step);
  return Stuck(number, draft) && IsDoneElsewhere(step, Operation::kAction);
}

// Going on would leave the saga where it is: whatever is open has failed for good.
bool GoesNowhere(const Draft& draft) {
  const State& state = draft.state();
  if (!state.held.empty() || state.open.empty()) return false;
  return std::all_of(state.open.begin(), state.open.end(),
                     [&draft](RunNumber run) { return Stuck(run, draft); });
}

bool IsUnknownPivot(RunNumber run, const Draft& draft) { return BlockingPivot(draft) == run; }

// Emits SagaResumed; returns what was held meanwhile and is to be released after the verb: all but
// the runs that the verb decides itself.
std::vector<RunNumber> Resume(const OperateSaga& trigger, const std::vector<RunNumber>& decided,
                              Draft& draft) {
  std::vector<RunNumber> held;
  for (const RunNumber run : draft.state().held) {
    if (std::find(decided.begin(), decided.end(), run) == decided.end()) held.push_back(run);
  }
  draft.Emit(SagaResumed{trigger.actor, trigger.reason});
  return held;
}

bool IsBeingAsked(RunNumber number, const Draft& draft) {
  const TaskNumber probe = draft.state().run(number).operation_task;
  return probe != 0 && !IsTerminal(draft.state().task(probe).status);
}

// A verb for one step leaves the others as they were: while one waits for a person, so does the
// saga.
void ParkAgainIfStuck(Draft& draft) {
  const State& state = draft.state();
  if (state.status != WorkflowStatus::kRunning || state.fault.active) return;
  for (const RunNumber run : state.open) {
    if (state.task(state.run(run).task).child_parked) {
      ParkForward(absl::StrCat("the sub-workflow of ", draft.StepAt(state.run(run).step).reference,
                               " is parked"),
                  draft);
      return;
    }
    if (!Stuck(run, draft) || IsBeingAsked(run, draft)) continue;
    // The failure that a pending fault is about waits for its siblings, not for a person.
    if (state.fault.pending && !IsUnknownPivot(run, draft)) continue;
    ParkForward(draft.StepAt(state.run(run).step).reference + " waits for a person", draft);
    return;
  }
}

// Goes on with what was held, and parks again if something is left that cannot.
void Release(const std::vector<RunNumber>& held, Draft& draft) {
  const State& state = draft.state();
  if (state.fault.pending) OnUndoResumed(draft);
  if (state.status == WorkflowStatus::kRunning && !state.fault.active) ReleaseHeld(held, draft);
  ParkAgainIfStuck(draft);
}

absl::Status RetryForward(const OperateSaga& trigger, Draft& draft) {
  std::vector<RunNumber> runs;
  if (trigger.reference.empty()) {
    for (const RunNumber run : draft.state().open) {
      if (CanTryAgain(run, draft)) runs.push_back(run);
    }
    if (runs.empty() && GoesNowhere(draft)) {
      return absl::FailedPreconditionError(
          "nothing that failed can be tried again: resolve it, skip it or abandon the saga");
    }
  } else {
    ASSIGN_OR_RETURN(const RunNumber run, FindRun(trigger, draft));
    if (!CanTryAgain(run, draft)) {
      return absl::FailedPreconditionError(
          absl::StrCat(trigger.reference, " has no failed attempt that can be repeated"));
    }
    runs.push_back(run);
  }
  for (const RunNumber run : runs) {
    const Step& step = draft.StepAt(draft.state().run(run).step);
    const bool ask = IsUnknownPivot(run, draft);
    if (ask && UnknownPolicyOf(step, draft.state().run(run)) == UnknownPolicy::kPark) {
      return absl::FailedPreconditionError(
          absl::StrCat("it is unknown whether ", step.reference, " took effect: settle it first"));
    }
  }
  for (const RunNumber run : runs) {
    draft.Emit(UndoResolved{run, Resolution::kRetry, trigger.actor, trigger.reason, {}});
  }
  const std::vector<RunNumber> held = Resume(trigger, runs, draft);
  for (const RunNumber run : runs) {
    if (IsUnknownPivot(run, draft)) {
      AskPivot(run, draft);
    } else {
      ScheduleRetry(draft.state().run(run).task, 0, draft);
    }
  }
  Release(held, draft);
  return absl::OkStatus();
}

absl::Status SettleForward(RunNumber run, const OperateSaga& trigger, Draft& draft) {
  const bool applied = trigger.effect == Effect::kApplied;
  if (!applied && trigger.effect != Effect::kNone) {
    return absl::InvalidArgumentError("settle needs the effect APPLIED or NONE");
  }
  const bool pivot = IsUnknownPivot(run, draft);
  if (!pivot && !applied) {
    return absl::FailedPreconditionError(absl::StrCat(
        trigger.reference, " has to take effect: try it again, resolve it or skip it"));
  }
  draft.Emit(UndoResolved{run, applied ? Resolution::kSettledApplied : Resolution::kSettledNone,
                          trigger.actor, trigger.reason, trigger.output});
  const std::vector<RunNumber> held = Resume(trigger, {run}, draft);
  if (pivot) {
    OnPivotKnown(run, trigger.effect, trigger.output, draft);
  } else {
    SettleAs(run, Effect::kApplied, trigger.output, draft);
    AcceptRun(run, draft);
  }
  Release(held, draft);
  return absl::OkStatus();
}

}  // namespace

void ResumeForward(const std::string& actor, const std::string& reason, Draft& draft) {
  if (draft.state().saga_status != SagaStatus::kParked) return;
  const std::vector<RunNumber> held = draft.state().held;
  draft.Emit(SagaResumed{actor, reason});
  Release(held, draft);
}

void AcceptRun(RunNumber run, Draft& draft) {
  draft.Emit(TaskFailureAccepted{draft.state().run(run).task});
  Advance(run, draft);
}

absl::Status OperateForward(const OperateSaga& trigger, Draft& draft) {
  if (trigger.verb == Verb::kRetry) return RetryForward(trigger, draft);
  ASSIGN_OR_RETURN(const RunNumber run, FindRun(trigger, draft));
  if (!Stuck(run, draft)) {
    return absl::FailedPreconditionError(
        absl::StrCat(trigger.reference, " has not failed for good"));
  }
  if (trigger.verb == Verb::kSettle) return SettleForward(run, trigger, draft);
  if (IsUnknownPivot(run, draft)) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is unknown whether ", trigger.reference, " took effect: settle it first"));
  }
  const Resolution resolution =
      trigger.verb == Verb::kSkip ? Resolution::kSkipped : Resolution::kByHand;
  draft.Emit(UndoResolved{run, resolution, trigger.actor, trigger.reason, trigger.output});
  const std::vector<RunNumber> held = Resume(trigger, {run}, draft);
  AcceptRun(run, draft);
  Release(held, draft);
  return absl::OkStatus();
}

}  // namespace skald::core
