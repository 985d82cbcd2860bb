#include "engine/core/replay.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "engine/core/apply.h"
#include "engine/core/definition_added.h"
#include "engine/core/upgrade_map.h"

namespace skald::core {
namespace {

std::string_view CheckTask(const TaskScheduled& body, const Definition& definition,
                           const State& state) {
  if (!HasStep(definition, state, body.step)) return "no such step in the definition";
  if (body.task != state.tasks.size() + 1) return "not the next task";
  const bool first = body.run == state.runs.size() + 1;
  if (!first && !state.has_run(body.run)) return "no such run";
  if (first && body.operation != Operation::kAction) return "an undo of no run";
  if (!first && state.run(body.run).step != body.step) return "a run of another step";
  const bool known = std::all_of(body.after.begin(), body.after.end(),
                                 [&](RunNumber run) { return state.has_run(run); });
  return known ? "" : "follows a run that is not there";
}

bool IsForOpenTasks(const EventBody& body) {
  return std::holds_alternative<TaskReleased>(body) || std::holds_alternative<TaskStarted>(body) ||
         std::holds_alternative<TaskRequeued>(body) ||
         std::holds_alternative<TaskCompleted>(body) || std::holds_alternative<TaskFailed>(body) ||
         std::holds_alternative<TaskTimedOut>(body) ||
         std::holds_alternative<TaskCancelRequested>(body) ||
         std::holds_alternative<TaskCanceled>(body) || std::holds_alternative<ChildParked>(body) ||
         std::holds_alternative<ChildResumed>(body) || std::holds_alternative<TaskSkipped>(body) ||
         std::holds_alternative<TaskHandedOver>(body) ||
         std::holds_alternative<TaskUpdated>(body) || std::holds_alternative<TaskProgressed>(body);
}

// 0 stands for "none" where an event may do without a task.
template <typename Body>
std::string_view CheckNumbers(const Body& body, bool open, const State& state) {
  if constexpr (requires { body.task; }) {
    constexpr bool optional =
        std::is_same_v<Body, SagaFaulted> || std::is_same_v<Body, FaultPended> ||
        std::is_same_v<Body, FailureWorkflowStarted> || std::is_same_v<Body, OrphanEffect> ||
        std::is_same_v<Body, WorkflowReopened>;
    if (!(optional && body.task == 0) && !state.has_task(body.task)) return "no such task";
    if (open && IsTerminal(state.task(body.task).status)) return "the task has ended";
  }
  if constexpr (requires { body.run; }) {
    if (!state.has_run(body.run)) return "no such run";
  }
  if constexpr (requires { body.keep_last; }) {
    if (!state.loops.contains(body.run)) return "the run is no open loop";
  }
  if constexpr (std::is_same_v<Body, MessagesTaken>) {
    if (body.count > state.messages.size()) return "there are fewer messages";
  }
  if constexpr (requires { body.unresolved; }) {
    const auto& runs = body.unresolved;
    if (!std::all_of(runs.begin(), runs.end(), [&](RunNumber run) { return state.has_run(run); })) {
      return "no such run";
    }
  }
  return "";
}

std::string_view CheckReopened(const WorkflowReopened& body, const Definition& definition,
                               const State& state) {
  if (!IsTerminal(state.status)) return "the workflow has not ended";
  for (const auto* runs : {&body.dropped, &body.retried, &body.resumed}) {
    if (!std::all_of(runs->begin(), runs->end(), [&](RunNumber run) { return state.has_run(run); }))
      return "no such run";
  }
  for (const ReopenedLoop& loop : body.loops) {
    const bool resumed =
        std::find(body.resumed.begin(), body.resumed.end(), loop.run) != body.resumed.end();
    if (!resumed ||
        StepOf(definition, state, state.run(loop.run).step).type != StepType::kDoWhile) {
      return "the run is no loop that goes on";
    }
  }
  return "";
}

// Another definition has to be at hand, and everything there is has to have its place in it.
std::string_view CheckDefinition(const EventBody& body, const Definition& definition,
                                 const State& state) {
  const std::int64_t id = NextDefinitionId(body);
  const auto* upgraded = std::get_if<WorkflowUpgraded>(&body);
  if (id == 0) return upgraded == nullptr ? "" : "it names no definition";
  const std::shared_ptr<const Definition> next = NextDefinition(body);
  if (next == nullptr) return "the definition that it names is not at hand";
  if (upgraded == nullptr) return "";
  if (IsTerminal(state.status)) return "the workflow has ended";
  State trial = state;
  return MapState(definition, *next, trial).ok() ? "" : "what was done has no place there";
}

std::string_view CheckFits(const Event& event, const Definition& definition, const State& state) {
  if (event.seq != state.seq + 1) return "out of sequence";
  const bool starts = std::holds_alternative<WorkflowStarted>(event.body);
  if (starts != (state.seq == 0)) return starts ? "a second start" : "no start before it";
  if (const auto* scheduled = std::get_if<TaskScheduled>(&event.body)) {
    return CheckTask(*scheduled, definition, state);
  }
  if (const auto* reopened = std::get_if<WorkflowReopened>(&event.body)) {
    const std::string_view mistake = CheckReopened(*reopened, definition, state);
    if (!mistake.empty()) return mistake;
  }
  const std::string_view mistake = CheckDefinition(event.body, definition, state);
  if (!mistake.empty()) return mistake;
  if (const auto* skipped = std::get_if<StepSkipped>(&event.body);
      skipped != nullptr && !HasStep(definition, state, skipped->step)) {
    return "no such step in the definition";
  }
  const bool open = IsForOpenTasks(event.body);
  return std::visit([&](const auto& body) { return CheckNumbers(body, open, state); }, event.body);
}

}  // namespace

absl::Status Replay(const Definition& definition, std::span<const Event> events, State& state) {
  const Definition* current = &definition;
  for (const Event& event : events) {
    const std::string_view mistake = CheckFits(event, *current, state);
    if (!mistake.empty()) {
      return absl::DataLossError(absl::StrCat("replay workflow ", state.id.ToString(), ": event ",
                                              event.seq, " (", std::string(Name(event.body)),
                                              ") after ", state.seq, ": ", std::string(mistake)));
    }
    if (std::holds_alternative<StepsAdded>(event.body)) {
      Event compiled = event;
      absl::Status status =
          CompileSteps(*current, state.added, std::get<StepsAdded>(compiled.body));
      if (!status.ok()) return status;
      Apply(*current, compiled, state);
      continue;
    }
    Apply(*current, event, state);
    if (const auto next = NextDefinition(event.body); next != nullptr) current = next.get();
  }
  return absl::OkStatus();
}

absl::StatusOr<State> Replay(const Definition& definition, const WorkflowId& id,
                             std::span<const Event> events) {
  State state;
  state.id = id;
  if (absl::Status status = Replay(definition, events, state); !status.ok()) return status;
  return state;
}

}  // namespace skald::core
