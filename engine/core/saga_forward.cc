// Verbs of a saga that is parked on its way forward: a RETRYABLE step is exhausted, the pivot has
// passed, or it is unknown whether it did. Nothing is undone; a person says how it goes on.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/families.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"

namespace skald::core {
namespace {

// The run's attempts are used up and nothing follows by itself.
bool Stuck(RunNumber number, const Draft& draft) {
  const StepRun& run = draft.state().run(number);
  return !run.closed && AttemptsEnded(draft.state(), run) &&
         draft.definition().steps[run.step].type == StepType::kSimple;
}

bool IsUnknownPivot(RunNumber run, const Draft& draft) { return BlockingPivot(draft) == run; }

// Emits SagaResumed; returns what was held meanwhile and is to be released after the verb.
std::vector<RunNumber> Resume(const OperateSaga& trigger, Draft& draft) {
  std::vector<RunNumber> held = draft.state().held;
  draft.Emit(SagaResumed{trigger.actor, trigger.reason});
  return held;
}

void Release(const std::vector<RunNumber>& held, Draft& draft) {
  if (draft.state().status != WorkflowStatus::kRunning || draft.state().fault.active) return;
  ReleaseHeld(held, draft);
}

absl::Status RetryForward(const OperateSaga& trigger, Draft& draft) {
  std::vector<RunNumber> runs;
  if (trigger.reference.empty()) {
    for (const RunNumber run : draft.state().open) {
      if (Stuck(run, draft)) runs.push_back(run);
    }
  } else {
    ASSIGN_OR_RETURN(const RunNumber run, FindRun(trigger, draft));
    if (!Stuck(run, draft)) {
      return absl::FailedPreconditionError(
          absl::StrCat(trigger.reference, " has not failed for good"));
    }
    runs.push_back(run);
  }
  for (const RunNumber run : runs) {
    const Step& step = draft.definition().steps[draft.state().run(run).step];
    const bool ask = IsUnknownPivot(run, draft);
    if (ask && UnknownPolicyOf(step, draft.state().run(run)) == UnknownPolicy::kPark) {
      return absl::FailedPreconditionError(absl::StrCat(
          "it is unknown whether ", step.reference, " took effect: settle it first"));
    }
  }
  for (const RunNumber run : runs) {
    draft.Emit(UndoResolved{run, Resolution::kRetry, trigger.actor, trigger.reason, {}});
  }
  const std::vector<RunNumber> held = Resume(trigger, draft);
  for (const RunNumber run : runs) {
    // Those that ended while the saga was parked are decided with what was held.
    if (std::find(held.begin(), held.end(), run) != held.end()) continue;
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
  const std::vector<RunNumber> held = Resume(trigger, draft);
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

void AcceptRun(RunNumber run, Draft& draft) {
  draft.Emit(TaskFailureAccepted{draft.state().run(run).task});
  Advance(run, draft);
  MaybeComplete(draft);
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
    return absl::FailedPreconditionError(absl::StrCat(
        "it is unknown whether ", trigger.reference, " took effect: settle it first"));
  }
  const Resolution resolution =
      trigger.verb == Verb::kSkip ? Resolution::kSkipped : Resolution::kByHand;
  draft.Emit(UndoResolved{run, resolution, trigger.actor, trigger.reason, trigger.output});
  const std::vector<RunNumber> held = Resume(trigger, draft);
  AcceptRun(run, draft);
  Release(held, draft);
  return absl::OkStatus();
}

}  // namespace skald::core
