#include "engine/core/decide.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

absl::Status Handle(const StartWorkflow& trigger, Draft& draft) {
  return OnStartWorkflow(trigger, draft);
}
absl::Status Handle(const StartTask& trigger, Draft& draft) { return OnStartTask(trigger, draft); }
absl::Status Handle(const ReportResult& trigger, Draft& draft) {
  return OnReportResult(trigger, draft);
}
absl::Status Handle(const LoseTask& trigger, Draft& draft) { return OnLoseTask(trigger, draft); }
absl::Status Handle(const FireTimers&, Draft& draft) { return OnFireTimers(draft); }
absl::Status Handle(const SignalWorkflow& trigger, Draft& draft) {
  return OnSignal(trigger, draft);
}
absl::Status Handle(const PauseWorkflow& trigger, Draft& draft) { return OnPause(trigger, draft); }
absl::Status Handle(const ResumeWorkflow& trigger, Draft& draft) {
  return OnResume(trigger, draft);
}
absl::Status Handle(const TerminateWorkflow& trigger, Draft& draft) {
  return OnTerminate(trigger, draft);
}
absl::Status Handle(const CompensateWorkflow& trigger, Draft& draft) {
  return OnCompensate(trigger, draft);
}
absl::Status Handle(const OperateSaga& trigger, Draft& draft) { return OnOperate(trigger, draft); }
absl::Status Handle(const UpdateTask& trigger, Draft& draft) {
  return OnUpdateTask(trigger, draft);
}

absl::Status Handle(const ReportChild& trigger, Draft& draft) {
  return OnReportChild(trigger, draft);
}
absl::Status Handle(const UndoForParent& trigger, Draft& draft) {
  return OnUndoForParent(trigger, draft);
}

absl::Status Handle(const RestartWorkflow& trigger, Draft& draft) {
  return OnRestart(trigger, draft);
}
absl::Status Handle(const RetryWorkflow& trigger, Draft& draft) { return OnRetry(trigger, draft); }
absl::Status Handle(const RerunWorkflow& trigger, Draft& draft) { return OnRerun(trigger, draft); }

absl::Status Handle(const SkipTask& trigger, Draft& draft) { return OnSkipTask(trigger, draft); }
absl::Status Handle(const UpdateVariables& trigger, Draft& draft) {
  return OnUpdateVariables(trigger, draft);
}
absl::Status Handle(const AdmitWorkflow&, Draft& draft) { return OnAdmit(draft); }
absl::Status Handle(const SendMessage& trigger, Draft& draft) {
  return OnSendMessage(trigger, draft);
}

absl::Status Handle(const ReuseResult& trigger, Draft& draft) {
  return OnReuseResult(trigger, draft);
}

absl::Status Handle(const UpgradeWorkflow& trigger, Draft& draft) {
  return OnUpgrade(trigger, draft);
}

absl::Status Handle(const StepsResolved& trigger, Draft& draft) {
  return OnStepsResolved(trigger, draft);
}

// What the same decision ended again goes to nobody.
bool IsOfferOfEnded(const Command& command, const State& state) {
  const auto* offer = std::get_if<OfferTask>(&command);
  if (offer == nullptr) return false;
  return !state.has_task(offer->task) || IsTerminal(state.task(offer->task).status);
}

bool IsStart(const Trigger& trigger) { return std::holds_alternative<StartWorkflow>(trigger); }

}  // namespace

absl::StatusOr<Decision> Decide(const Definition& definition, const Trigger& trigger, TimeUs now,
                                State& state) {
  if (!state.started() && !IsStart(trigger)) {
    return absl::NotFoundError("the workflow has not been started");
  }
  const WorkflowId id = state.id;
  if (!state.started() && IsStart(trigger)) state.id = std::get<StartWorkflow>(trigger).id;
  // Times of a history never go back, whatever clocks do.
  Draft draft(definition, state, std::max(now, state.updated_at));
  const absl::Status handled =
      std::visit([&draft](const auto& body) { return Handle(body, draft); }, trigger);
  if (!handled.ok()) {
    state.id = id;
    return handled;
  }
  ReviewPendingFault(draft);
  MaybeComplete(draft);
  TellParentOfChanges(draft);
  AskForFailureWorkflow(draft);
  Decision decision = std::move(draft).Finish();
  std::erase_if(decision.commands,
                [&](const Command& command) { return IsOfferOfEnded(command, state); });
  return decision;
}

std::vector<Command> OpenCommands(const Definition& definition, const State& state) {
  std::vector<Command> commands;
  for (const Task& task : state.tasks) {
    if (!task.child.is_nil()) AppendChildCommands(definition, state, task, commands);
  }
  const bool reopened = state.reopened_seq != 0;
  const bool tells = WaitsForPerson(state) || reopened || IsTerminal(state.status);
  if (!state.start.parent.is_nil() && tells) {
    commands.push_back(TellParent{state.start.parent, state.start.parent_task});
  }
  if (!state.failure_workflow.is_nil() && !state.failure_workflow_refused) {
    StartChild start = StartFailureWorkflowOf(definition, state);
    start.again = true;
    commands.push_back(std::move(start));
  }
  if (IsTerminal(state.status)) return commands;
  for (const Task& task : state.tasks) {
    if (IsTerminal(task.status) || !IsWorkerTask(definition, state, task)) continue;
    if (task.status == TaskStatus::kInProgress && task.cancel_requested) {
      commands.push_back(CancelTask{.task = task.number,
                                    .fence = task.fence,
                                    .incarnation = task.incarnation,
                                    .reason = "asked to stop before the engine restarted"});
    }
    const bool held = IsUndoWork(task.operation) && UndoIsHeld(state);
    if (task.status != TaskStatus::kScheduled || !task.released || held) continue;
    commands.push_back(OfferOf(definition, state, task));
  }
  if (!GoesForward(state)) return commands;
  for (const StepsRequest& request : state.requests) {
    commands.push_back(ResolveSteps{.request = request.seq, .names = request.names});
  }
  return commands;
}

}  // namespace skald::core
