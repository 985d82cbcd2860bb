// What a person changes of a running workflow: a step is stepped over (conductor.md 3.10),
// variables are set.
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

bool IsObject(const Payload& payload) {
  return !payload.empty() && KindOf(TrimJson(payload.text())) == JsonKind::kObject;
}

absl::Status CheckRoom(std::string_view what, const State& state) {
  const std::string limit = GrowthLimit(state);
  if (limit.empty()) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(std::string(what), ": ", limit));
}

// Others wait for what they lead to.
bool MayBeSkipped(StepType type) {
  return type != StepType::kForkJoin && type != StepType::kForkJoinDynamic && !IsJoin(type);
}

// It has begun, in the iteration that the innermost open loop around it is at.
bool HasBegun(StepIndex step, const Draft& draft) {
  const State& state = draft.state();
  for (const StepsRequest& request : state.requests) {
    if (request.step == step) return true;
  }
  const RunNumber newest = state.LatestRun(step);
  if (newest == 0) return false;
  for (StepIndex at = LoopAround(draft.definition(), state, step); at != kNoStep;
       at = LoopAround(draft.definition(), state, at)) {
    const auto loop = state.loops.find(state.LatestRun(at));
    if (loop != state.loops.end()) return newest >= loop->second.first_run;
  }
  return true;
}

absl::Status CheckSkip(const SkipTask& trigger, StepIndex step, const Draft& draft) {
  const State& state = draft.state();
  const std::string what =
      absl::StrCat("skip step ", trigger.reference, " of workflow ", state.id.ToString());
  if (!GoesForward(state)) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, ": it is not RUNNING: ", std::string(Name(state.status))));
  }
  if (step == kNoStep) return absl::NotFoundError(absl::StrCat(what, ": there is no such step"));
  const StepType type = draft.StepAt(step).type;
  if (!MayBeSkipped(type)) {
    return absl::InvalidArgumentError(absl::StrCat("reference: a ", std::string(Name(type)),
                                                   " cannot be skipped; its branches' steps can"));
  }
  if (HasBegun(step, draft)) {
    return absl::FailedPreconditionError(absl::StrCat(what, ": it has begun"));
  }
  for (const Payload* payload : {&trigger.input, &trigger.output}) {
    if (payload->empty() || IsObject(*payload)) continue;
    return absl::InvalidArgumentError(absl::StrCat(what, ": a JSON object expected"));
  }
  if (trigger.input.size() + trigger.output.size() > kPayloadBytesCeiling) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, ": more than ", FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling), " bytes"));
  }
  return CheckRoom(what, state);
}

}  // namespace

absl::Status OnSkipTask(const SkipTask& trigger, Draft& draft) {
  const StepIndex step = FindStep(draft.definition(), draft.state(), trigger.reference);
  if (absl::Status status = CheckSkip(trigger, step, draft); !status.ok()) return status;
  if (draft.state().FindSkip(step) != nullptr) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  draft.Emit(StepSkipped{.step = step,
                         .reference = trigger.reference,
                         .input = trigger.input,
                         .output = trigger.output,
                         .actor = trigger.actor,
                         .reason = trigger.reason});
  return absl::OkStatus();
}

void StepOver(StepIndex step, TaskScheduled task, Draft& draft) {
  const Skip skip = *draft.state().FindSkip(step);
  if (!skip.input.empty()) task.input = skip.input;
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  draft.Emit(TaskSkipped{number, skip.output.empty() ? Payload("{}") : skip.output});
  AdvanceNow(run, draft);
}

absl::Status OnUpdateVariables(const UpdateVariables& trigger, Draft& draft) {
  const State& state = draft.state();
  const std::string what = absl::StrCat("update the variables of workflow ", state.id.ToString());
  if (IsTerminal(state.status)) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, ": it is ", std::string(Name(state.status))));
  }
  if (!IsObject(trigger.variables)) {
    return absl::InvalidArgumentError("variables: must be a JSON object");
  }
  Payload variables(OverlayMembers(state.variables.text(), trigger.variables.text()));
  if (variables.size() > kVariablesBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("variables: ", variables.size(), " bytes, more than ",
                     FixedBound("kVariablesBytesMax", kVariablesBytesMax)));
  }
  RETURN_IF_ERROR(CheckRoom(what, state));
  if (variables.text() == state.variables.text()) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  draft.Emit(VariablesSet{
      .variables = std::move(variables), .actor = trigger.actor, .reason = trigger.reason});
  return absl::OkStatus();
}

}  // namespace skald::core
