// The workflow goes on with another definition: its state names the steps of that one.
#include "engine/base/check.h"
#include "engine/core/apply_handlers.h"
#include "engine/core/construct.h"
#include "engine/core/upgrade_map.h"

namespace skald::core {
namespace {

// What an open JOIN waits for may be other steps now. EXCLUSIVE_JOINs name the same ones, and a
// dynamic fork has the branches that it has.
void CountUpgradedJoins(const ApplyContext& context, State& state) {
  for (auto& [number, remaining] : state.join_remaining) {
    const StepRun& run = state.run(number);
    const Step& step = StepOf(context.definition, state, run.step);
    if (step.type != StepType::kJoin || step.joins_fork != kNoStep) continue;
    remaining = CountOpenJoined(context, step, run, state);
  }
}

void SetTimeout(TimeUs at, State& state) {
  if (at == state.timeout_at) return;  // also one that has passed, of which there is no timer
  state.timers.erase({.due_at = state.timeout_at, .kind = TimerKind::kWorkflowTimeout, .task = 0});
  state.timeout_at = at;
  if (at != 0) state.timers.insert({.due_at = at, .kind = TimerKind::kWorkflowTimeout, .task = 0});
}

}  // namespace

void ApplyWorkflow(const ApplyContext& context, const WorkflowUpgraded& body, State& state) {
  CHECK(MapState(context.definition, *body.definition, state).ok());
  CountUpgradedJoins({*body.definition, context.seq, context.at}, state);
  state.start.definition_id = body.definition_id;
  state.start.version = body.version;
  SetTimeout(body.timeout_at, state);
}

}  // namespace skald::core
