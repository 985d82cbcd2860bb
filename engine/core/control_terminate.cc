// TERMINATE (conductor.md 2.20): ends the workflow with the status, reason and output that it
// names.
#include <optional>

#include "absl/strings/str_cat.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

Payload OutputOf(const Payload& input) {
  const std::optional<std::string_view> output = FindMember(input.text(), "workflowOutput");
  if (!output.has_value() || KindOf(*output) == JsonKind::kNull) return Payload("{}");
  if (KindOf(*output) == JsonKind::kObject) return Payload(std::string(*output));
  return Payload(absl::StrCat("{\"output\":", std::string(*output), "}"));
}

std::string ReasonOf(const Step& step, const TaskScheduled& task, const State& state) {
  const auto reason = FindMember(task.input.text(), "terminationReason");
  if (reason.has_value() && KindOf(*reason) == JsonKind::kString) return StringOf(*reason);
  return absl::StrCat("Workflow is ", std::string(Name(step.termination_status)),
                      " by TERMINATE task: ", TaskIdText(state, task.task));
}

}  // namespace

void CarryOutTerminate(const Step& step, TaskScheduled task, Draft& draft) {
  Payload output = OutputOf(task.input);
  std::string reason = ReasonOf(step, task, draft.state());
  const TaskNumber number = task.task;
  draft.Emit(std::move(task));
  CompleteTask(number, std::move(output), draft);
  if (step.termination_status == WorkflowStatus::kCompleted) {
    draft.set_last_task(number);
    EndWorkflow(WorkflowStatus::kCompleted, std::move(reason), draft);
    return;
  }
  RaiseFault(FaultCause::kTerminateStep, std::move(reason), number, "", step.termination_status,
             draft);
}

}  // namespace skald::core
