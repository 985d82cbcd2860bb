#include "engine/core/apply.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/core/apply_handlers.h"
#include "engine/core/apply_saga.h"

namespace skald::core {
namespace {

// Names, numbers and times of one event, as stored.
constexpr std::uint64_t kEventBytes = 150;

template <typename Body>
std::uint64_t StoredBytes(const Body& body) {
  std::uint64_t bytes = kEventBytes;
  if constexpr (requires { body.input; }) bytes += body.input.size();
  if constexpr (requires { body.output; }) bytes += body.output.size();
  if constexpr (requires { body.undo_input; }) bytes += body.undo_input.size();
  if constexpr (requires { body.variables; }) bytes += body.variables.size();
  if constexpr (requires { body.payload; }) bytes += body.payload.size();
  if constexpr (requires { body.steps; }) bytes += body.steps.size();
  if constexpr (requires { body.items; }) bytes += body.items.size();
  if constexpr (requires { body.reason; }) bytes += body.reason.size();
  if constexpr (requires { body.task_to_domain; }) bytes += body.task_to_domain.size();
  if constexpr (requires { body.after; }) bytes += body.after.size() * 4;
  if constexpr (requires { body.dropped; }) {
    bytes += (body.dropped.size() + body.retried.size() + body.resumed.size()) * 4;
  }
  return bytes;
}

template <typename Body>
void Fold(const ApplyContext& context, const Body& body, State& state) {
  state.history_bytes += StoredBytes(body);
  if constexpr (requires { ApplyWorkflow(context, body, state); }) {
    ApplyWorkflow(context, body, state);
  } else if constexpr (requires { ApplyTask(context, body, state); }) {
    ApplyTask(context, body, state);
  }
}

// What a workflow that begins anew is of from now on concerns all of the event.
const Definition& DefinitionOf(const Definition& definition, const EventBody& body) {
  const auto* reopened = std::get_if<WorkflowReopened>(&body);
  const bool other = reopened != nullptr && reopened->definition != nullptr;
  return other ? *reopened->definition : definition;
}

bool EndsPause(const EventBody& body) {
  return std::holds_alternative<WorkflowResumed>(body) || std::holds_alternative<SagaResumed>(body);
}

}  // namespace

void Apply(const Definition& before, const Event& event, State& state) {
  CHECK(event.seq == state.seq + 1);
  CHECK(NextDefinitionId(event.body) == 0 || NextDefinition(event.body) != nullptr);
  const Definition& definition = DefinitionOf(before, event.body);
  state.seq = event.seq;
  state.updated_at = std::max(state.updated_at, event.at);
  const ApplyContext context{definition, event.seq, event.at};
  std::visit([&](const auto& body) { Fold(context, body, state); }, event.body);
  ApplySaga(definition, event, state);
  // Whoever emitted the event decides now what was held (ReleaseHeld).
  if (EndsPause(event.body) && state.status == WorkflowStatus::kRunning) state.held.clear();
}

}  // namespace skald::core
