// FORK_JOIN (conductor.md 2.4): completes at once; the first step of every branch and the JOIN
// behind it are scheduled. An empty branch is one that has ended.
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/task_steps.h"

namespace skald::core {

void CarryOutFork(const Step& step, TaskScheduled task, Draft& draft) {
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  CompleteTask(number, Payload("{}"), draft);
  AdvanceJoins(run, draft);
  for (const Branch& branch : step.branches) {
    if (!branch.steps.empty()) ScheduleStep(branch.steps.front(), {run}, draft);
  }
  ScheduleFollowing(run, draft);
}

}  // namespace skald::core
