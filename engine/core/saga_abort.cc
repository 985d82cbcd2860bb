// What people ask of a saga as a whole: undo it (compensate), or end it (terminate). Both may be
// asked twice and then change nothing. Source: saga.md 2.4, 2.12.
#include <string>

#include "absl/status/status.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/saga_steps.h"

namespace skald::core {
namespace {

constexpr char kPersonNeeded[] = "actor and reason are required for this";

bool SignedBy(const std::string& actor, const std::string& reason) {
  return !actor.empty() && !reason.empty();
}

}  // namespace

absl::Status OnCompensate(const CompensateWorkflow& trigger, Draft& draft) {
  const State& state = draft.state();
  if (!IsSaga(draft.definition(), draft.state())) {
    return absl::FailedPreconditionError(
        "the definition says nothing about undoing; terminate the workflow instead");
  }
  if (state.fault.active || state.fault.pending) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (IsTerminal(state.status)) {
    return absl::FailedPreconditionError("the workflow has ended and cannot be undone any more");
  }
  const std::string reason = trigger.reason.empty() ? "undo was requested" : trigger.reason;
  if (!state.pivot_passed) {
    RaiseFault(FaultCause::kUser, reason, 0, trigger.actor, WorkflowStatus::kTerminated, draft);
    return absl::OkStatus();
  }
  if (!trigger.force) {
    return absl::FailedPreconditionError(
        "the pivot has passed: the saga goes forward only; force undoes what can be undone");
  }
  if (!SignedBy(trigger.actor, trigger.reason)) return absl::InvalidArgumentError(kPersonNeeded);
  draft.Emit(PolicyOverridden{trigger.actor, trigger.reason});
  DecideFault(
      SagaFaulted{FaultCause::kUser, reason, 0, trigger.actor, WorkflowStatus::kTerminated, 0, 0},
      draft);
  return absl::OkStatus();
}

absl::Status OnUndoForParent(const UndoForParent& trigger, Draft& draft) {
  const State& state = draft.state();
  if (!IsSaga(draft.definition(), draft.state())) {
    return absl::FailedPreconditionError("its definition says nothing about undoing");
  }
  const bool ended_otherwise =
      IsTerminal(state.status) && state.status != WorkflowStatus::kCompleted;
  if (state.fault.active || state.fault.pending || ended_otherwise) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (state.pivot_passed) return absl::FailedPreconditionError("its pivot has passed");
  const SagaFaulted fault{
      FaultCause::kParent, trigger.reason, 0, "parent", WorkflowStatus::kTerminated, 0, 0};
  if (IsTerminal(state.status)) {
    DecideFault(fault, draft);
  } else {
    RaiseFault(fault.cause, fault.reason, 0, fault.actor, fault.end_status, draft);
  }
  return absl::OkStatus();
}

absl::Status TerminateSaga(const TerminateWorkflow& trigger, Draft& draft) {
  const State& state = draft.state();
  if (IsTerminal(state.status)) {
    if (state.status == WorkflowStatus::kCompleted) {
      return absl::FailedPreconditionError("the workflow has completed");
    }
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (trigger.abandon) {
    if (!SignedBy(trigger.actor, trigger.reason)) return absl::InvalidArgumentError(kPersonNeeded);
    Abandon(trigger.actor, trigger.reason, draft);
    return absl::OkStatus();
  }
  if (state.fault.active || state.fault.pending) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (state.pivot_passed) {
    return absl::FailedPreconditionError(
        "the pivot has passed: the saga goes forward only; abandon leaves it as it stands");
  }
  const std::string reason = trigger.reason.empty() ? "terminated" : trigger.reason;
  draft.set_ends_on_purpose(!trigger.trigger_failure_workflow);
  if (draft.definition().saga.on_terminate == OnAbort::kIgnore) {
    draft.set_ended_by(trigger.actor);
    EndUnundone(WorkflowStatus::kTerminated, SagaStatus::kPartiallyCompensated, reason, draft);
    return absl::OkStatus();
  }
  // Who wants the failure workflow too aborts the saga; it ends in the same way.
  const FaultCause cause =
      trigger.trigger_failure_workflow ? FaultCause::kUser : FaultCause::kTerminated;
  RaiseFault(cause, reason, 0, trigger.actor, WorkflowStatus::kTerminated, draft);
  return absl::OkStatus();
}

}  // namespace skald::core
