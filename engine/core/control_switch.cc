// SWITCH with a `value-param` (conductor.md 2.8): completes at once; the first step of the chosen
// case follows it, or what follows the SWITCH when there is none.
#include <optional>

#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// As Java's `"" + value`: strings as they are, everything else as its JSON.
std::string CaseOf(const Step& step, const Payload& input) {
  const std::optional<std::string_view> value = FindMember(input.text(), step.switch_parameter);
  if (!value.has_value()) return "null";
  const std::string_view text = TrimJson(*value);
  return KindOf(text) == JsonKind::kString ? StringOf(text) : std::string(text);
}

// The default case only when the value has no case: an empty case runs nothing.
const Branch* ChosenBranch(const Step& step, const std::string& value) {
  for (const Branch& branch : step.branches) {
    if (branch.key == value) return &branch;
  }
  return step.otherwise.has_value() ? &*step.otherwise : nullptr;
}

}  // namespace

void CarryOutSwitch(const Step& step, TaskScheduled task, Draft& draft) {
  const std::string value = CaseOf(step, task.input);
  const Branch* branch = ChosenBranch(step, value);
  const bool has_children = branch != nullptr && !branch->steps.empty();
  std::string quoted;
  AppendJsonString(quoted, value);
  task.input = Payload(
      OverlayMembers(task.input.text(),
                     "{\"case\":" + quoted + (has_children ? ",\"hasChildren\":\"true\"}" : "}")));
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  CompleteTask(number,
               Payload("{\"evaluationResult\":[" + quoted + "],\"selectedCase\":" + quoted + "}"),
               draft);
  // A JOIN may name the SWITCH: it waits for the choice, not for the case.
  if (has_children) {
    AdvanceJoins(run, draft);
    ScheduleInPlace(branch->steps.front(), {run}, draft);
  } else {
    AdvanceNow(run, draft);
  }
}

}  // namespace skald::core
