// SET_VARIABLE (conductor.md 2.19): every entry of the input becomes a workflow variable.
#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {

void CarryOutSetVariable(const Step&, TaskScheduled task, Draft& draft) {
  Payload variables(OverlayMembers(draft.state().variables.text(), task.input.text()));
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  if (variables.size() > kVariablesBytesMax) {
    FailTask(number,
             absl::StrCat("The variables payload size: ", variables.size(),
                          " of workflow: ", draft.state().id.ToString(),
                          " is greater than the permissible limit: ", kVariablesBytesMax / 1024,
                          " kilobytes: ", FixedBound("kVariablesBytesMax", kVariablesBytesMax)),
             draft);
    return;
  }
  draft.Emit(VariablesSet{std::move(variables)});
  CompleteTask(number, Payload("{}"), draft);
  AdvanceNow(run, draft);
}

}  // namespace skald::core
