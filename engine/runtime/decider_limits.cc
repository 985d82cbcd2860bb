// Which limits hold for a task, and what a change of them means.
#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/core/task_limits.h"
#include "engine/runtime/decider.h"

namespace skald::runtime {

GatesOfTask Decider::GatesOf(const Workflow& workflow, const core::Task& task) {
  Gates& gates = state_.matcher.gates();
  const core::Step& step = core::StepOf(*workflow.definition, workflow.state, task.step);
  if (gates.table() == nullptr && !step.task.limits.any()) return {};
  const std::string& name = core::LimitedAs(step, task.operation);
  if (name.empty()) return {};
  static const core::TaskLimits kNone;
  const bool own = step.embedded_task && task.operation == core::Operation::kAction;
  const core::TaskLimits* limits =
      gates.LimitsOf(workflow.state.start.name_space, name, own ? step.task.limits : kNone);
  if (limits == nullptr) return {};
  return gates.Find(workflow.state.start.name_space, name, *limits,
                    core::LimitKey(limits->key, task.input));
}

void Decider::HoldPlace(const Workflow& workflow, const core::Task& task) {
  const GatesOfTask gates = GatesOf(workflow, task);
  state_.matcher.gates().Hold({workflow.state.id, task.number}, gates, task.started_at);
}

void Decider::SetTaskLimits(TaskLimits limits) {
  if (limits != nullptr && limits->empty()) limits = nullptr;
  Gates& gates = state_.matcher.gates();
  const bool same = limits == nullptr || gates.table() == nullptr ? limits == gates.table()
                                                                  : *limits == *gates.table();
  if (same) return;
  std::vector<Matcher::Waiting> waiting = state_.matcher.AllWaiting();
  state_.matcher.DropTasks();
  gates.SetTable(std::move(limits));
  state_.workers.ForEachLease([&](const Lease& lease) {
    const Workflow* workflow = state_.shards.Find(lease.key.workflow);
    if (workflow == nullptr || !workflow->state.has_task(lease.key.task)) return;
    const core::Task& task = workflow->state.task(lease.key.task);
    const bool open = task.status == core::TaskStatus::kInProgress && !task.awaits_update;
    if (open && task.fence == lease.key.fence) HoldPlace(*workflow, task);
  });
  for (const Matcher::Waiting& one : waiting) {
    const Workflow* workflow = state_.shards.Find(one.task.workflow);
    if (workflow == nullptr) continue;
    state_.matcher.PutBack(one, GatesOf(*workflow, workflow->state.task(one.task.task)));
  }
  base::LogInfo("limits.changed", {{"waiting", waiting.size()}});
}

void Decider::CloseGates() {
  state_.matcher.gates().Close();
  state_.turns.Close();
}

void Decider::OpenGates() {
  state_.matcher.gates().Open();
  state_.turns.Open();
}

}  // namespace skald::runtime
