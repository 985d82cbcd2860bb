#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/schema_rules.h"
#include "engine/core/state_scope.h"
#include "engine/core/task_domains.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

bool IsObjectOrEmpty(const Payload& payload) {
  if (payload.empty()) return true;
  const std::string_view text = TrimJson(payload.text());
  return !text.empty() && text.front() == '{';
}

absl::Status CheckRoomFor(std::string_view what, const State& state) {
  const std::string limit = GrowthLimit(state);
  if (limit.empty()) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(std::string(what), " workflow ", state.id.ToString(), ": ", limit));
}

absl::Status Ended(std::string_view what, const State& state) {
  return absl::FailedPreconditionError(absl::StrCat(std::string(what), " workflow ",
                                                    state.id.ToString(), ": it is ",
                                                    std::string(Name(state.status))));
}

// The newest attempt of a forward step: what Conductor calls the last task.
TaskNumber NewestAction(const State& state) {
  for (auto task = state.tasks.rbegin(); task != state.tasks.rend(); ++task) {
    if (task->operation == Operation::kAction) return task->number;
  }
  return 0;
}

absl::StatusOr<Payload> OutputAtEnd(const Draft& draft) {
  const State& state = draft.state();
  TaskNumber last = draft.last_task();
  if (last == 0) last = state.fault.active ? state.fault.task : NewestAction(state);
  const bool known = state.has_task(last);
  const bool by_terminate =
      known && draft.StepAt(state.task(last).step).type == StepType::kTerminate;
  if (!by_terminate && draft.definition().output.has_value()) {
    const StateScope scope(draft.definition(), state, draft.definition().output_reads);
    ASSIGN_OR_RETURN(std::string output, draft.definition().output->TryEvaluate(scope));
    return Payload(std::move(output));
  }
  if (!known || state.task(last).output.empty()) return Payload("{}");
  return state.task(last).output;
}

// The waiting task of that reference, or the first one that waits for nothing else than a signal or
// a person; 0 when there is none.
TaskNumber WaitingTask(const std::string& reference, const Draft& draft) {
  const State& state = draft.state();
  for (const RunNumber run : state.open) {
    const Task& task = state.task(state.run(run).task);
    if (!AwaitsSignal(draft.definition(), state, task)) continue;
    const bool wanted =
        reference.empty() ? !task.awaits_update : draft.StepAt(task.step).reference == reference;
    if (wanted) return task.number;
  }
  return 0;
}

bool MayAwaitSignal(const Step& step) {
  const bool waits = step.type == StepType::kWait || step.type == StepType::kHuman;
  return waits || step.type == StepType::kEvent || (!step.runner.empty() && !IsChoice(step.type));
}

absl::Status CheckSignal(const SignalWorkflow& trigger, const Draft& draft) {
  if (IsTerminal(draft.state().status)) return Ended("signal", draft.state());
  RETURN_IF_ERROR(CheckTold(trigger.status));
  if (!IsObjectOrEmpty(trigger.payload)) {
    return absl::InvalidArgumentError("payload: a JSON object expected");
  }
  if (trigger.payload.size() > kPayloadBytesCeiling) {
    return absl::InvalidArgumentError(
        absl::StrCat("payload: ", trigger.payload.size(), " bytes, more than ",
                     FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling)));
  }
  if (trigger.reference.empty()) return absl::OkStatus();
  const StepIndex step = FindStep(draft.definition(), draft.state(), trigger.reference);
  if (step == kNoStep) {
    return absl::NotFoundError(absl::StrCat("signal: no step ", trigger.reference));
  }
  if (!MayAwaitSignal(draft.StepAt(step))) {
    return absl::InvalidArgumentError(absl::StrCat("reference: step ", trigger.reference,
                                                   " is no WAIT, and waits for no signal"));
  }
  return absl::OkStatus();
}

SagaStatus SagaStatusAtEnd(WorkflowStatus status, const Draft& draft) {
  if (!IsSaga(draft.definition(), draft.state())) return SagaStatus::kNone;
  return status == WorkflowStatus::kCompleted ? SagaStatus::kCompleted : SagaStatus::kFailedClean;
}

// All has ended, and permissive steps among it had failed (conductor.md 3.3).
void FailPermitted(Draft& draft) {
  const State& state = draft.state();
  const Task& first = state.task(state.run(state.permitted.front()).task);
  std::string reason;
  for (const RunNumber run : state.permitted) {
    absl::StrAppend(&reason, reason.empty() ? "" : "; ",
                    FailedReason(state.task(state.run(run).task), draft));
  }
  // Past its pivot a saga goes forward only.
  if (state.pivot_passed) {
    return EndWorkflow(WorkflowStatus::kCompleted, std::move(reason), draft);
  }
  const bool timed_out = first.status == TaskStatus::kTimedOut;
  RaiseFault(timed_out ? FaultCause::kTaskTimedOut : FaultCause::kTaskFailed, std::move(reason),
             first.number, "", WorkflowStatus::kFailed, draft);
}

// All has ended well. What comes out is checked as long as the workflow can still fail for it.
void Complete(Draft& draft) {
  const Schemas& schemas = draft.definition().schemas;
  std::string mistake;
  if (schemas.output != nullptr) {
    const absl::StatusOr<Payload> output = OutputAtEnd(draft);
    if (output.ok()) mistake = OutputMistake(schemas, *output);
  }
  if (mistake.empty() || draft.state().pivot_passed) {
    return EndWorkflow(WorkflowStatus::kCompleted, std::move(mistake), draft);
  }
  RaiseFault(FaultCause::kTaskFailed, std::move(mistake), 0, "", WorkflowStatus::kFailed, draft);
}

// Not for what somebody ended on purpose, unless asked for (conductor.md 3.9), nor for a
// sub-workflow that its parent undoes.
bool RunsFailureWorkflow(const Draft& draft) {
  const Fault& fault = draft.state().fault;
  const bool on_purpose = fault.active && (fault.cause == FaultCause::kTerminated ||
                                           fault.cause == FaultCause::kParent);
  return !on_purpose && !draft.ends_on_purpose();
}

}  // namespace

absl::Status OnStartWorkflow(const StartWorkflow& trigger, Draft& draft) {
  if (draft.state().started()) {
    return absl::AlreadyExistsError(
        absl::StrCat("start workflow ", draft.state().id.ToString(), ": it has been started"));
  }
  if (!IsObjectOrEmpty(trigger.input)) {
    return absl::InvalidArgumentError("input: a JSON object expected");
  }
  RETURN_IF_ERROR(CheckTaskToDomain(trigger.task_to_domain));
  const Definition& definition = draft.definition();
  if (absl::Status status = CheckStartInput(definition, trigger.input); !status.ok()) return status;
  WorkflowStarted started;
  started.name_space = definition.name_space;
  started.name = definition.name;
  started.version = definition.version;
  started.definition_id = definition.id;
  started.input = InputAtStart(definition, trigger.input);
  started.correlation_id = trigger.correlation_id;
  started.idempotency_key = trigger.idempotency_key;
  started.priority = trigger.priority;
  started.traceparent = trigger.traceparent;
  started.tracestate = trigger.tracestate;
  started.parent = trigger.parent;
  started.parent_task = trigger.parent_task;
  started.depth = trigger.depth;
  started.task_to_domain = trigger.task_to_domain;
  if (definition.timeout_us > 0) started.timeout_at = draft.now() + definition.timeout_us;
  draft.Emit(std::move(started));
  BeginOrQueue(draft);
  return absl::OkStatus();
}

absl::Status OnSignal(const SignalWorkflow& trigger, Draft& draft) {
  if (absl::Status status = CheckSignal(trigger, draft); !status.ok()) return status;
  const TaskNumber task = WaitingTask(trigger.reference, draft);
  if (task == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "Found no blocked task in workflow ", draft.state().id.ToString(), " to signal",
        trigger.reference.empty() ? "" : absl::StrCat(" (", trigger.reference, ")")));
  }
  const bool stays_open = trigger.status == TaskStatus::kInProgress;
  // What does not end may come without end.
  if (stays_open) RETURN_IF_ERROR(CheckRoomFor("signal", draft.state()));
  const Step& step = draft.StepAt(draft.state().task(task).step);
  draft.Emit(SignalReceived{.reference = step.reference,
                            .payload = trigger.payload,
                            .actor = trigger.actor,
                            .reason = trigger.reason});
  if (stays_open) {
    draft.Emit(TaskProgressed{.task = task, .output = trigger.payload});
    return absl::OkStatus();
  }
  // Of a call that was handed over a signal does not say whether it took effect.
  const bool called = draft.state().task(task).awaits_update;
  EndAsTold(task,
            {.status = trigger.status,
             .reason = trigger.reason,
             .effect = called ? Effect::kUnknown : Effect::kUnset},
            trigger.payload, draft);
  return absl::OkStatus();
}

absl::Status OnPause(const PauseWorkflow& trigger, Draft& draft) {
  const State& state = draft.state();
  if (IsTerminal(state.status)) return Ended("pause", state);
  if (state.paused_by_person) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (absl::Status status = CheckRoomFor("pause", state); !status.ok()) return status;
  draft.Emit(WorkflowPaused{.actor = trigger.actor, .reason = trigger.reason});
  if (state.fault.active || state.fault.pending) OnUndoPaused(draft);
  return absl::OkStatus();
}

absl::Status OnResume(const ResumeWorkflow& trigger, Draft& draft) {
  const State& state = draft.state();
  if (!state.paused_by_person) {
    return absl::FailedPreconditionError(absl::StrCat(
        "resume workflow ", state.id.ToString(), ": it is ",
        state.status == WorkflowStatus::kPaused ? "parked and waits for an operator, not paused"
                                                : std::string(Name(state.status))));
  }
  const std::vector<RunNumber> held = state.held;
  draft.Emit(WorkflowResumed{.actor = trigger.actor, .reason = trigger.reason});
  if (state.fault.active || state.fault.pending) OnUndoResumed(draft);
  if (!state.fault.active && state.status == WorkflowStatus::kRunning) {
    ReleaseHeld(held, draft);
  }
  return absl::OkStatus();
}

absl::Status OnTerminate(const TerminateWorkflow& trigger, Draft& draft) {
  const State& state = draft.state();
  if (IsSaga(draft.definition(), draft.state())) return TerminateSaga(trigger, draft);
  if (state.status == WorkflowStatus::kTerminated) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (state.status == WorkflowStatus::kCompleted) {
    return absl::FailedPreconditionError("Cannot terminate a COMPLETED workflow.");
  }
  if (IsTerminal(state.status)) return Ended("terminate", state);
  draft.set_ends_on_purpose(!trigger.trigger_failure_workflow);
  draft.set_ended_by(trigger.actor);
  EndWorkflow(WorkflowStatus::kTerminated, trigger.reason, draft);
  return absl::OkStatus();
}

void EndWorkflow(WorkflowStatus status, std::string reason, Draft& draft) {
  EndWorkflow(status, SagaStatusAtEnd(status, draft), std::move(reason), {}, draft);
}

void EndWorkflow(WorkflowStatus status, SagaStatus saga_status, std::string reason,
                 std::vector<RunNumber> unresolved, Draft& draft) {
  absl::StatusOr<Payload> output = OutputAtEnd(draft);
  if (!output.ok() || output->size() > kPayloadBytesCeiling) {
    const std::string why =
        output.ok() ? absl::StrCat(output->size(), " bytes, more than ",
                                   FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling))
                    : std::string(output.status().message());
    absl::StrAppend(&reason, reason.empty() ? "" : "; ", "the output was left out: ", why);
    output = Payload("{}");
  }
  if (status != WorkflowStatus::kCompleted && RunsFailureWorkflow(draft)) {
    const Fault& fault = draft.state().fault;
    MaybeStartFailureWorkflow(status, fault.active ? fault.task : draft.last_task(), draft);
  }
  if (const WorkflowId& failure = draft.state().failure_workflow; !failure.is_nil()) {
    output = WithFailureWorkflow(*output, failure.ToString());
  }
  CancelEverything(absl::StrCat("the workflow ended ", std::string(Name(status))),
                   ParentEndedReason(reason, status), draft);
  draft.Emit(WorkflowEnded{.status = status,
                           .saga_status = saga_status,
                           .reason = reason.substr(0, kReasonBytesMax),
                           .output = *std::move(output),
                           .unresolved = std::move(unresolved),
                           .actor = draft.ended_by()});
}

void MaybeComplete(Draft& draft) {
  const State& state = draft.state();
  const auto decidable = [&state] {
    return GoesForward(state) && !state.fault.pending && state.held.empty() &&
           state.requests.empty() && !state.awaits_turn;
  };
  // Only JOINs are left, and the loops around them: nothing can end what they wait for, a case not
  // chosen perhaps. Each pass closes a JOIN or ends the workflow.
  const auto only_joins = [&state] {
    return !state.join_remaining.empty() && state.live_tasks == 0 && state.loops_due.empty() &&
           state.open.size() == state.join_remaining.size() + state.loops.size();
  };
  while (decidable() && only_joins()) FailStuckJoin(state.join_remaining.begin()->first, draft);
  if (!decidable() || !state.open.empty()) return;
  if (state.permitted.empty()) return Complete(draft);
  FailPermitted(draft);
}

}  // namespace skald::core
