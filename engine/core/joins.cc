#include "engine/core/joins.h"

#include "engine/core/construct.h"
#include "engine/core/control.h"

namespace skald::core {
namespace {

// The case that the run chose; null when it is no choice, or chose nothing, or has not chosen yet.
const Branch* ChosenBy(const Definition& definition, const State& state, const StepRun& run) {
  const Step& step = StepOf(definition, state, run.step);
  if (!IsChoice(step.type) || !run.closed) return nullptr;
  const Task& task = state.task(run.task);
  return task.status == TaskStatus::kSkipped ? nullptr : ChosenBranch(step, task.output);
}

// The step with which a branch ends, as far as its cases have been chosen.
StepIndex TailOf(const Definition& definition, const State& state, StepIndex step) {
  while (const RunNumber run = state.LatestRun(step)) {
    const Branch* chosen = ChosenBy(definition, state, state.run(run));
    if (chosen == nullptr) return step;
    step = chosen->steps.back();
  }
  return step;
}

// The first of the steps that was scheduled and not skipped; 0 when there is
// none.
TaskNumber FirstThere(const Definition& definition, const State& state, const StepRun& join,
                      const std::vector<StepIndex>& steps) {
  for (const StepIndex step : steps) {
    const RunNumber run = JoinedRun(definition, state, join, step);
    if (run == 0) continue;
    const TaskNumber task = state.run(run).task;
    if (state.task(task).status != TaskStatus::kSkipped) return task;
  }
  return 0;
}

}  // namespace

RunNumber JoinedRun(const Definition& definition, const State& state, const StepRun& join,
                    StepIndex step) {
  const RunNumber newest = state.LatestRun(step);
  const auto loop = state.loops.find(join.loop);
  if (newest == 0 || loop == state.loops.end() || newest >= loop->second.first_run) return newest;
  // Of an earlier iteration, unless the step stands outside the loop.
  const StepIndex around = state.run(join.loop).step;
  for (StepIndex at = step; at != kNoStep; at = StepOf(definition, state, at).parent) {
    if (at == around) return 0;
  }
  return newest;
}

std::vector<StepIndex> JoinedSteps(const Definition& definition, const State& state,
                                   const Step& join) {
  if (join.joins_fork == kNoStep) return join.join_on;
  std::vector<StepIndex> steps;
  const StepList* made = state.added.NewestOf(join.joins_fork);
  if (made == nullptr) return steps;
  steps.reserve(made->heads.size());
  for (const StepIndex head : made->heads) steps.push_back(TailOf(definition, state, head));
  return steps;
}

StepIndex ForkEndedBy(const Definition& definition, const State& state, const StepRun& run) {
  const Step* at = &StepOf(definition, state, run.step);
  // Steps of a case follow it, so that it does not end what it stands in.
  if (ChosenBy(definition, state, run) != nullptr) return kNoStep;
  while (at->next == kNoStep && at->parent != kNoStep) {
    at = &StepOf(definition, state, at->parent);
    if (at->type == StepType::kForkJoinDynamic) return at->index;
    if (!IsChoice(at->type)) return kNoStep;
  }
  return kNoStep;
}

std::vector<StepIndex> JoinsOf(const Definition& definition, const State& state,
                               const StepRun& run) {
  std::vector<StepIndex> joins = StepOf(definition, state, run.step).joined_by;
  const StepIndex fork = ForkEndedBy(definition, state, run);
  if (fork != kNoStep) joins.push_back(StepOf(definition, state, fork).next);
  return joins;
}

TaskNumber ExclusiveChoice(const Definition& definition, const State& state, const StepRun& join) {
  const Step& step = StepOf(definition, state, join.step);
  for (const std::vector<StepIndex>* steps : {&step.join_on, &step.join_default}) {
    const TaskNumber task = FirstThere(definition, state, join, *steps);
    if (task != 0 && IsTerminal(state.task(task).status)) return task;
  }
  return 0;
}

}  // namespace skald::core
