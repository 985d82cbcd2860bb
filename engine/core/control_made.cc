// Steps made at run time, whoever makes them: what a name means is asked of the shell, and the
// answer turns into steps of this workflow (StepsAdded).
//
// A request stays open while the workflow is paused or parked and is asked again when it goes on;
// one that cannot be carried out stays open too, so that the history says which step it was.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/definition_added.h"
#include "engine/core/families.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// Adds what this workflow has found out before, and the undo that those definitions name; returns
// the names that are still to be asked for. What a name means stays the same over a workflow's
// life.
std::vector<std::string> AddKnown(const StepPlan& plan, const Draft& draft,
                                  TaskDefinitions& definitions) {
  while (true) {
    std::vector<std::string> wanted =
        TaskDefinitionsWanted(draft.definition(), plan.tasks, definitions);
    const bool asks = plan.must_exist.empty() || definitions.contains(plan.must_exist) ||
                      std::find(wanted.begin(), wanted.end(), plan.must_exist) != wanted.end();
    if (!asks) wanted.push_back(plan.must_exist);
    const auto known = std::erase_if(wanted, [&](const std::string& name) {
      const Payload* definition = draft.state().added.TaskDefinition(name);
      if (definition != nullptr) definitions[name] = *definition;
      return definition != nullptr;
    });
    if (known == 0) return wanted;
  }
}

absl::StatusOr<StepPlan> PlanOf(const StepsRequest& request, const Draft& draft) {
  const Step& maker = draft.StepAt(request.step);
  if (maker.type == StepType::kDynamic) return PlanDynamic(maker, request.input);
  return PlanDynamicFork(maker, request, draft.definition(), draft.state());
}

void Refuse(const absl::Status& why, Draft& draft) {
  RaiseFault(FaultCause::kTaskFailed, std::string(why.message().substr(0, kReasonBytesMax)), 0, "",
             WorkflowStatus::kFailed, draft);
}

std::string FirstMistake(const Step& maker, const std::vector<Mistake>& mistakes) {
  const Mistake& mistake = mistakes.front();
  return absl::StrCat("schedule step ", maker.reference, ": ", mistake.path,
                      mistake.path.empty() ? "" : ": ", mistake.message);
}

// What saga.md V1 and V2 ask of a definition, at the moment at which the steps are known.
std::string BehindPivot(const StepList& list, const Draft& draft) {
  if (!draft.state().pivot_passed) return "";
  for (const Step& step : list.steps) {
    const bool undeclared_reads = step.saga.kind == StepKind::kUndeclared &&
                                  draft.definition().saga.undeclared != UndeclaredPolicy::kReject &&
                                  !step.saga.undo.has_value();
    if (!MustDeclare(step.type) || undeclared_reads) continue;
    if (step.saga.kind == StepKind::kRetryable || step.saga.kind == StepKind::kReadOnly) continue;
    return absl::StrCat("step '", step.reference,
                        "' follows the PIVOT, so it must be RETRYABLE or READ_ONLY (V1)");
  }
  return "";
}

// The steps are known: they become part of the workflow.
absl::Status Make(const StepsRequest& request, const StepPlan& plan,
                  const TaskDefinitions& definitions, Draft& draft) {
  const Step& maker = draft.StepAt(request.step);
  if (!plan.must_exist.empty()) {
    const auto found = definitions.find(plan.must_exist);
    if (found == definitions.end() || found->second.empty()) {
      return absl::NotFoundError(absl::StrCat("Invalid task specified.  Cannot find task by name ",
                                              plan.must_exist, " in the task definitions"));
    }
  }
  const Payload source = ComposeStepList(plan.tasks, plan.inputs, definitions);
  if (source.size() + request.input.size() > kPayloadBytesCeiling) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "schedule step ", maker.reference, ": ", source.size(), " bytes of steps with an input of ",
        request.input.size(), " bytes, more than ",
        FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling)));
  }
  auto parsed = CompileStepList(draft.definition(), draft.state().added, maker.index, source,
                                /*accepted_before=*/false);
  if (!parsed.ok()) return absl::InvalidArgumentError(FirstMistake(maker, parsed.mistakes));
  const StepList& list = **parsed.value;
  if (draft.state().added.count() + list.steps.size() > kAddedStepsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("schedule step ", maker.reference, ": ", list.steps.size(), " more steps, ",
                     FixedBound("kAddedStepsMax", kAddedStepsMax), " would be passed", kBoundHint));
  }
  if (std::string mistake = BehindPivot(list, draft); !mistake.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("schedule step ", maker.reference, ": ", mistake));
  }
  draft.Emit(StepsAdded{.step = maker.index,
                        .request = request.seq,
                        .steps = source,
                        .compiled = std::move(*parsed.value)});
  if (maker.type == StepType::kDynamic) {
    ScheduleInPlace(draft.state().added.NewestOf(maker.index)->heads.front(), request.after, draft);
  } else {
    CarryOutDynamicFork(request, plan, draft);
  }
  return absl::OkStatus();
}

// All names are known, `answer` holds those that were asked for: makes the steps.
void Proceed(const StepsRequest& request, const TaskDefinitions& answer, Draft& draft) {
  const absl::StatusOr<StepPlan> plan = PlanOf(request, draft);
  if (!plan.ok()) return Refuse(plan.status(), draft);
  TaskDefinitions definitions = answer;
  AddKnown(*plan, draft, definitions);
  if (absl::Status made = Make(request, *plan, definitions, draft); !made.ok()) {
    Refuse(made, draft);
  }
}

// A DYNAMIC step that turns out to be what it was the last time (in a loop) needs no other step.
StepIndex MadeBefore(const Step& maker, const StepPlan& plan, const TaskDefinitions& known,
                     const Draft& draft) {
  const StepList* newest = draft.state().added.NewestOf(maker.index);
  if (maker.type != StepType::kDynamic || newest == nullptr) return kNoStep;
  const bool same = newest->source == ComposeStepList(plan.tasks, plan.inputs, known);
  return same ? newest->heads.front() : kNoStep;
}

void Continue(const StepsRequest& request, Draft& draft) {
  if (request.names.empty()) return Proceed(request, {}, draft);
  draft.Ask(ResolveSteps{.request = request.seq, .names = request.names});
}

}  // namespace

void RequestSteps(const Step& maker, TaskScheduled task, Draft& draft) {
  const StepsRequest request{.seq = 0,
                             .step = maker.index,
                             .iteration = task.iteration,
                             .input = std::move(task.input),
                             .names = {},
                             .after = std::move(task.after)};
  const absl::StatusOr<StepPlan> plan = PlanOf(request, draft);
  TaskDefinitions known;
  std::vector<std::string> names;
  if (plan.ok()) names = AddKnown(*plan, draft, known);
  if (plan.ok() && names.empty()) {
    const StepIndex same = MadeBefore(maker, *plan, known, draft);
    if (same != kNoStep) return ScheduleInPlace(same, request.after, draft);
  }
  const EventSeq seq = draft.Emit(StepsRequested{.step = maker.index,
                                                 .reference = maker.reference,
                                                 .iteration = request.iteration,
                                                 .input = request.input,
                                                 .names = std::move(names),
                                                 .after = request.after});
  Continue(StepsRequest(*draft.state().FindRequest(seq)), draft);
}

absl::Status OnStepsResolved(const StepsResolved& trigger, Draft& draft) {
  const StepsRequest* request = draft.state().FindRequest(trigger.request);
  // Answered before, or no longer wanted; while paused it stays open and is asked again.
  if (request == nullptr || !GoesForward(draft.state())) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  const PlanScope plan(draft);
  Proceed(StepsRequest(*request), trigger.definitions, draft);
  return absl::OkStatus();
}

void ResumeRequests(Draft& draft) {
  const PlanScope plan(draft);
  const std::set<StepsRequest> open = draft.state().requests;
  for (const StepsRequest& request : open) Continue(request, draft);
}

}  // namespace skald::core
