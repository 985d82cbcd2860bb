// Workflows that wait for their turn (turns.h).
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/runtime/decider.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

TurnName NameOf(const core::State& state) {
  return {state.start.name_space, state.start.name, state.turn_key};
}

}  // namespace

void Decider::ObserveTurn(const Workflow& workflow, const core::EventBody& body) {
  const core::State& state = workflow.state;
  if (state.turn_running_max == 0) return;
  const bool ended = std::holds_alternative<core::WorkflowEnded>(body);
  // While it is paused others go before it.
  if (ended || (state.awaits_turn && std::holds_alternative<core::WorkflowPaused>(body))) {
    return state_.turns.Leave(state.id);
  }
  const bool queued = std::holds_alternative<core::WorkflowQueued>(body) ||
                      std::holds_alternative<core::WorkflowResumed>(body) ||
                      std::holds_alternative<core::WorkflowReopened>(body);
  if (queued) AdoptTurn(workflow);
}

void Decider::AdoptTurn(const Workflow& workflow) {
  const core::State& state = workflow.state;
  if (state.turn_running_max == 0 || workflow.ended()) return;
  if (!state.awaits_turn) {
    state_.turns.Hold(state.id, NameOf(state), state.turn_running_max);
  } else if (state.status == core::WorkflowStatus::kRunning) {
    state_.turns.Wait(state.id, NameOf(state), state.turn_running_max, state.started_at);
  }
}

bool Decider::AdmitWorkflows() {
  for (std::size_t left = kAdmissionsPerTickMax; left > 0; --left) {
    const core::WorkflowId id = state_.turns.Next();
    if (id.is_nil()) return true;
    Workflow* workflow = state_.shards.Find(id);
    const absl::Status admitted = workflow == nullptr
                                      ? absl::NotFoundError("it is not in memory")
                                      : Decide(*workflow, core::AdmitWorkflow{}).status();
    if (admitted.ok()) continue;
    base::LogError("workflow.not_admitted",
                   {{"workflow", id.ToString()}, {"status", admitted.ToString()}});
    state_.turns.Leave(id);
  }
  return !state_.turns.has_next();
}

absl::Status Decider::CheckTurn(const core::Definition& definition,
                                const core::StartWorkflow& start) const {
  const core::TurnRule& rule = definition.turns;
  if (rule.running_max == 0 || !rule.rejects) return absl::OkStatus();
  // The key follows from what the workflow would begin with.
  core::State trial;
  const absl::StatusOr<core::Decision> decision =
      core::Decide(definition, start, state_.now, trial);
  if (!decision.ok()) return decision.status();
  if (state_.turns.HasRoom(NameOf(trial), rule.running_max)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("rateLimitConfig: ", rule.running_max, " workflows of ", definition.name,
                   trial.turn_key.empty() ? "" : absl::StrCat(" with key ", trial.turn_key),
                   " are running, and its policy is REJECT"));
}

}  // namespace skald::runtime
