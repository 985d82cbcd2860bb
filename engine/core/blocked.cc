#include "engine/core/blocked.h"

#include "engine/core/construct.h"

namespace skald::core {

TaskNumber BlockedTask(const Definition& definition, const State& state) {
  for (const Task& task : state.tasks) {
    if (task.awaits_update || task.available_at != 0) continue;
    if (AwaitsSignal(definition, state, task)) return task.number;
  }
  return 0;
}

TaskNumber EndedTask(const Definition& definition, const State& state,
                     const std::vector<std::string>& references) {
  for (const std::string& reference : references) {
    const RunNumber run = NewestRun(definition, state, reference);
    if (run == 0) continue;
    const TaskNumber task = state.run(run).task;
    const bool ended = state.run(run).closed || IsTerminal(state.status);
    if (ended && state.has_task(task) && IsTerminal(state.task(task).status)) return task;
  }
  return 0;
}

std::vector<WorkflowId> ActiveChildren(const Definition& definition, const State& state) {
  std::vector<WorkflowId> children;
  for (const TaskNumber number : state.child_tasks) {
    const Task& task = state.task(number);
    const bool detached = task.operation == Operation::kAction &&
                          StepOf(definition, state, task.step).type == StepType::kStartWorkflow;
    if (!task.child.is_nil() && !detached) children.push_back(task.child);
  }
  return children;
}

}  // namespace skald::core
