#include "engine/core/execution_json.h"

#include <string_view>
#include <utility>

#include "engine/core/json_write.h"

namespace skald::core {
namespace {

// Appends the members of one object.
class Members {
 public:
  Members(std::string& out, const MaskedFields& masked) : out_(out), masked_(masked) {
    out_.push_back('{');
  }
  void Close() { out_.push_back('}'); }

  void Raw(std::string_view key, std::string_view json) {
    if (out_.back() != '{') out_.push_back(',');
    AppendJsonString(out_, key);
    out_.push_back(':');
    out_.append(json);
  }
  void Text(std::string_view key, std::string_view text) {
    if (text.empty()) return;
    Raw(key, "");
    AppendJsonString(out_, text);
  }
  void Number(std::string_view key, std::int64_t number) {
    Raw(key, "");
    AppendJsonInteger(out_, number);
  }
  void Time(std::string_view key, TimeUs at) {
    if (at != 0) Number(key, at / kMillisecondUs);
  }
  void Object(std::string_view key, const Payload& payload) {
    Raw(key, payload.empty() ? std::string_view("{}") : masked_.Mask(payload).text());
  }

 private:
  std::string& out_;
  const MaskedFields& masked_;
};

std::string ReferenceOf(const State& state, const Task& task, const Step& step) {
  if (!state.has_run(task.run)) return step.reference;
  return RunReference(state, state.run(task.run), step.reference);
}

void AppendTask(const Definition& definition, const State& state, const Task& task,
                const MaskedFields& masked, std::string& out) {
  const Step& step = StepOf(definition, state, task.step);
  Members members(out, masked);
  members.Text("taskId", TaskIdText(state, task.number));
  members.Text("taskType", task.task_type);
  members.Text("taskDefName", step.name);
  members.Text("referenceTaskName", ReferenceOf(state, task, step));
  members.Text("status", Name(task.status));
  if (task.operation != Operation::kAction) members.Text("operation", Name(task.operation));
  members.Number("seq", task.number);
  members.Number("retryCount", task.attempt - 1);
  members.Number("pollCount", task.start_count);
  members.Number("iteration", task.iteration);
  members.Time("scheduledTime", task.scheduled_at);
  members.Time("startTime", task.started_at);
  members.Time("endTime", task.ended_at);
  members.Text("workflowInstanceId", state.id.ToString());
  members.Text("workflowType", state.start.name);
  members.Text("workerId", task.worker);
  members.Text("domain", task.domain);
  members.Text("reasonForIncompletion", task.reason);
  if (!task.child.is_nil()) members.Text("subWorkflowId", task.child.ToString());
  members.Object("inputData", task.input);
  members.Object("outputData", task.output);
  members.Close();
}

// References of the tasks that did not end well, each once.
std::string FailedReferences(const Definition& definition, const State& state) {
  std::string list = "[";
  for (const StepRun& run : state.runs) {
    if (run.task == 0) continue;
    const TaskStatus status = state.task(run.task).status;
    if (!IsTerminal(status) || IsSuccessful(status) || status == TaskStatus::kCanceled) continue;
    if (list.size() > 1) list.push_back(',');
    AppendJsonString(list, RunReference(state, run, StepOf(definition, state, run.step).reference));
  }
  return list + "]";
}

void AppendFacts(const Definition& definition, const State& state, Members& members) {
  members.Text("workflowId", state.id.ToString());
  members.Text("status", Name(state.status));
  members.Text("workflowName", state.start.name);
  members.Number("workflowVersion", state.start.version);
  members.Time("createTime", state.started_at);
  members.Time("startTime", state.started_at);
  members.Time("updateTime", state.updated_at);
  members.Time("endTime", state.ended_at);
  members.Text("correlationId", state.start.correlation_id);
  if (!state.start.parent.is_nil()) {
    members.Text("parentWorkflowId", state.start.parent.ToString());
    members.Text("parentWorkflowTaskId", TaskIdText(state.start.parent, state.start.parent_task));
  }
  members.Number("priority", state.start.priority);
  members.Object("taskToDomain", state.start.task_to_domain);
  members.Text("reasonForIncompletion", state.reason);
  members.Raw("failedReferenceTaskNames", FailedReferences(definition, state));
  members.Object("input", state.start.input);
  members.Object("output", state.output);
  members.Object("variables", state.variables);
}

void AppendTasks(const Definition& definition, const State& state, const MaskedFields& masked,
                 Members& members, std::string& out) {
  members.Raw("tasks", "[");
  bool first = true;
  for (const Task& task : state.tasks) {
    if (!std::exchange(first, false)) out.push_back(',');
    AppendTask(definition, state, task, masked, out);
  }
  out.push_back(']');
}

}  // namespace

std::string ExecutionJson(const Definition& definition, const State& state) {
  std::string out;
  const MaskedFields none;
  Members members(out, none);
  AppendFacts(definition, state, members);
  members.Object("workflowDefinition", definition.source);
  AppendTasks(definition, state, none, members, out);
  members.Close();
  return out;
}

std::string ExecutionSummaryJson(const Definition& definition, const State& state, bool tasks) {
  std::string out;
  Members members(out, definition.masked);
  AppendFacts(definition, state, members);
  if (tasks) AppendTasks(definition, state, definition.masked, members, out);
  members.Close();
  return out;
}

}  // namespace skald::core
