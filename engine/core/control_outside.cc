// Steps that meet what is outside the workflow: NOOP (not at all), HUMAN (waits for a person) and
// EVENT (publishes). Sources: conductor.md 2.12, 2.14, 2.21.
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/state_scope.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

constexpr std::string_view kConductor = "conductor";

std::string SinkOf(const Step& step, const Draft& draft) {
  const StateScope scope(draft.definition(), draft.state());
  const std::string value = step.sink.Evaluate(scope);
  return KindOf(value) == JsonKind::kString ? StringOf(value) : value;
}

// Where the message goes: "conductor:<workflow>:<reference>", "conductor:<workflow>:<name>".
std::string QueueOf(const std::string& sink, const Step& step, const State& state) {
  if (sink == kConductor) {
    return absl::StrCat(sink, ":", state.start.name, ":", step.reference);
  }
  if (!absl::StartsWith(sink, "conductor:")) return sink;
  return absl::StrCat("conductor:", state.start.name, sink.substr(kConductor.size()));
}

void AddText(std::string_view key, std::string_view text, std::string& object) {
  object.append(object.size() > 1 ? "," : "");
  AppendJsonString(object, key);
  object.push_back(':');
  AppendJsonString(object, text);
}

// What is published, and the output: the input and where it comes from.
Payload MessageOf(const Payload& input, const std::string& queue, const State& state) {
  std::string facts = "{";
  AddText("workflowInstanceId", state.id.ToString(), facts);
  AddText("workflowType", state.start.name, facts);
  facts.append(",\"workflowVersion\":");
  AppendJsonInteger(facts, state.start.version);
  if (state.start.correlation_id.empty()) {
    facts.append(",\"correlationId\":null");
  } else {
    AddText("correlationId", state.start.correlation_id, facts);
  }
  const Payload& domains = state.start.task_to_domain;
  facts.append(",\"taskToDomain\":").append(domains.empty() ? "{}" : domains.text());
  AddText("event_produced", queue, facts);
  facts.push_back('}');
  return Payload(OverlayMembers(input.text(), facts));
}

// "" when the engine can publish there.
std::string SinkProblem(const std::string& sink, const std::string& queue,
                        const std::string& task) {
  if (sink == kConductor || absl::StartsWith(sink, "conductor:")) return "";
  const std::size_t colon = sink.find(':');
  if (colon == std::string::npos || colon == 0) {
    return absl::StrCat("Invalid / Unsupported sink specified: ", sink);
  }
  return absl::StrCat("Error loading queue:", queue, ", for task:", task,
                      ", error: Unknown queue type ", sink.substr(0, colon));
}

}  // namespace

void CarryOutNoop(TaskScheduled task, Draft& draft) {
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  CompleteTask(number, Payload("{}"), draft);
  AdvanceNow(run, draft);
}

void CarryOutHuman(TaskScheduled task, Draft& draft) { draft.Emit(std::move(task)); }

void CarryOutEvent(const Step& step, TaskScheduled task, Draft& draft) {
  const std::string sink = SinkOf(step, draft);
  const std::string queue = QueueOf(sink, step, draft.state());
  const bool outside = CompletesOutside(step, task.input);
  std::string given = "{";
  AddText("sink", sink, given);
  given.append(outside ? ",\"asyncComplete\":true}" : ",\"asyncComplete\":false}");
  task.input = Payload(OverlayMembers(task.input.text(), given));
  Payload output = MessageOf(task.input, queue, draft.state());
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  std::string problem = SinkProblem(sink, queue, TaskIdText(draft.state(), number));
  if (!problem.empty()) {
    draft.Emit(
        TaskFailed{.task = number, .reason = std::move(problem), .output = std::move(output)});
    return OnTaskEnded(number, draft);
  }
  if (outside) {
    draft.Emit(TaskHandedOver{.task = number, .output = std::move(output)});
    return;
  }
  CompleteTask(number, std::move(output), draft);
  AdvanceNow(run, draft);
}

}  // namespace skald::core
