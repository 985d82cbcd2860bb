// The failure workflow (conductor.md 3.9, saga.md 2.14): which one, when it is begun, and what it
// is given. The decision to begin it is an event of the failed workflow's own end, so it is begun
// exactly once; the start itself is a message that is repeated until it is answered.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/execution_json.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

constexpr std::string_view kKey = "conductor.failure_workflow";

// `$workflow.input.x` and `${workflow.input.x}` name it by the input's x; anything else is its
// name.
std::string NameOf(const Definition& definition, const State& state) {
  std::string_view text = definition.failure_workflow;
  if (text.empty() || text.front() != '$') return std::string(text);
  text.remove_prefix(1);
  if (text.size() > 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  constexpr std::string_view kInput = "workflow.input.";
  if (text.substr(0, kInput.size()) != kInput || state.start.input.empty()) return "";
  const auto value = FindMember(state.start.input.text(), text.substr(kInput.size()));
  return value.has_value() && KindOf(*value) == JsonKind::kString ? StringOf(*value) : "";
}

// The list of saga.md 2.14: what was undone, how, and when.
std::string CompensationsJson(const Definition& definition, const State& state) {
  std::string list = "[";
  for (const StepRun& run : state.runs) {
    if (run.operation_task == 0) continue;
    const Task& undo = state.task(run.operation_task);
    if (undo.operation != Operation::kCompensate) continue;
    if (list.size() > 1) list.push_back(',');
    list.append("{\"step\":");
    AppendJsonString(list, StepOf(definition, state, run.step).reference);
    list.append(",\"status\":");
    AppendJsonString(list, Name(undo.status));
    list.append(",\"verdict\":");
    AppendJsonString(list, Name(undo.verdict));
    list.append(",\"startTime\":");
    AppendJsonInteger(list, undo.scheduled_at / kMillisecondUs);
    list.append(",\"endTime\":");
    AppendJsonInteger(list, undo.ended_at / kMillisecondUs);
    list.push_back('}');
  }
  return list + "]";
}

Payload InputOf(const Definition& definition, const State& state) {
  std::string over = "{\"workflowId\":";
  AppendJsonString(over, state.id.ToString());
  over.append(",\"reason\":");
  AppendJsonString(over, state.reason);
  over.append(",\"failureStatus\":");
  AppendJsonString(over, Name(state.failure_status));
  if (state.has_task(state.failure_task)) {
    over.append(",\"failureTaskId\":");
    AppendJsonString(over, TaskIdText(state, state.failure_task));
  }
  if (IsSaga(definition, state)) {
    over.append(",\"sagaStatus\":");
    AppendJsonString(over, Name(state.saga_status));
    over.append(",\"compensations\":").append(CompensationsJson(definition, state));
  }
  std::string failed = ExecutionJson(definition, state);
  // Beyond the bound it is told less, rather than not begun.
  if (failed.size() > kPayloadBytesCeiling / 2) failed = "null";
  over.append(",\"failedWorkflow\":").append(failed).append("}");
  return Payload(OverlayMembers(state.start.input.text(), over));
}

}  // namespace

void MaybeStartFailureWorkflow(WorkflowStatus status, TaskNumber task, Draft& draft) {
  const State& state = draft.state();
  if (!state.failure_workflow.is_nil()) return;
  std::string name = NameOf(draft.definition(), state);
  if (name.empty() || state.start.depth >= kWorkflowNestingMax) return;
  FailureWorkflowStarted started;
  started.child = ChildId(state.id, 0, draft.now(), true);
  started.name = std::move(name);
  started.version = draft.definition().failure_workflow_version;
  started.status = status;
  started.task = task;
  draft.Emit(std::move(started));
}

void AskForFailureWorkflow(Draft& draft) {
  const std::vector<Event>& events = draft.events();
  const bool decided = std::any_of(events.begin(), events.end(), [](const Event& event) {
    return std::holds_alternative<FailureWorkflowStarted>(event.body);
  });
  if (decided) draft.Ask(StartFailureWorkflowOf(draft.definition(), draft.state()));
}

StartChild StartFailureWorkflowOf(const Definition& definition, const State& state) {
  StartChild start;
  start.child = state.failure_workflow;
  start.detached = true;
  start.name = state.failure_workflow_name;
  start.version = definition.failure_workflow_version;
  start.input = InputOf(definition, state);
  start.correlation_id = state.start.correlation_id;
  start.task_to_domain = state.start.task_to_domain;
  return start;
}

Payload WithFailureWorkflow(const Payload& output, const std::string& id_or_error) {
  std::string over = "{";
  AppendJsonString(over, kKey);
  over.push_back(':');
  AppendJsonString(over, id_or_error);
  over.push_back('}');
  const bool object = output.empty() || KindOf(TrimJson(output.text())) == JsonKind::kObject;
  return object ? Payload(OverlayMembers(output.text(), over)) : output;
}

absl::Status OnReportFailureWorkflow(const ReportChild& report, Draft& draft) {
  const State& state = draft.state();
  const bool refused = report.condition == ChildCondition::kRefused;
  if (!refused || state.failure_workflow != report.child || state.failure_workflow_refused) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  draft.Emit(FailureWorkflowRefused{report.reason.substr(0, kReasonBytesMax)});
  return absl::OkStatus();
}

}  // namespace skald::core
