// FORK_JOIN (conductor.md 2.4): completes at once; the first step of every branch and the JOIN
// behind it are scheduled. An empty branch is one that has ended.
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/task_steps.h"

namespace skald::core {

void CarryOutFork(const Step& step, TaskScheduled task, Draft& draft) {
  std::vector<StepIndex> heads;
  for (const Branch& branch : step.branches) {
    if (!branch.steps.empty()) heads.push_back(branch.steps.front());
  }
  BeginBranches(step, std::move(task), heads, draft);
}

void BeginBranches(const Step& fork, TaskScheduled task, const std::vector<StepIndex>& heads,
                   Draft& draft) {
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  CompleteTask(number, Payload("{}"), draft);
  AdvanceJoins(run, draft);
  for (const StepIndex head : heads) ScheduleInPlace(head, {run}, draft);
  if (fork.next != kNoStep) ScheduleInPlace(fork.next, {run}, draft);
}

}  // namespace skald::core
