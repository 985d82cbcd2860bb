#include "engine/core/state_scope.h"

#include <array>

#include "engine/core/json_write.h"
#include "engine/core/loop_output.h"

namespace skald::core {
namespace {

constexpr std::int64_t kSchemaVersion = 2;
constexpr std::string_view kOwnTaskId = "CPEWF_TASK_ID";
constexpr std::array<std::string_view, 11> kWorkflowFields = {"workflowId",
                                                              "workflowType",
                                                              "version",
                                                              "status",
                                                              "correlationId",
                                                              "reasonForIncompletion",
                                                              "schemaVersion",
                                                              "input",
                                                              "variables",
                                                              "parentWorkflowId",
                                                              "parentWorkflowTaskId"};
constexpr std::array<std::string_view, 18> kTaskFields = {"taskId",
                                                          "taskType",
                                                          "taskDefName",
                                                          "referenceTaskName",
                                                          "status",
                                                          "retryCount",
                                                          "pollCount",
                                                          "iteration",
                                                          "workerId",
                                                          "reasonForIncompletion",
                                                          "scheduledTime",
                                                          "startTime",
                                                          "endTime",
                                                          "input",
                                                          "output",
                                                          "correlationId",
                                                          "workflowInstanceId",
                                                          "callbackAfterSeconds"};

std::string_view ObjectOf(const Payload& payload) {
  return payload.empty() ? std::string_view("{}") : payload.text();
}

bool Text(std::string_view text, std::string& scratch) {
  scratch.clear();
  AppendJsonString(scratch, text);
  return true;
}

bool Number(std::int64_t number, std::string& scratch) {
  scratch.clear();
  AppendJsonInteger(scratch, number);
  return true;
}

// Absent rather than "".
bool TextOrAbsent(std::string_view text, std::string& scratch) {
  return !text.empty() && Text(text, scratch);
}

// The time for which the task was to be left alone before it might be taken.
std::int64_t CallbackSeconds(const Task& task) {
  return task.available_at > task.scheduled_at ? (task.available_at - task.scheduled_at) / kSecondUs
                                               : 0;
}

// An object of all fields that `resolve(field, scratch, json)` gives.
template <typename Fields, typename Resolver>
std::string Assemble(const Fields& fields, const Resolver& resolve) {
  std::string object = "{";
  std::string scratch;
  for (const std::string_view field : fields) {
    std::string_view json;
    if (!resolve(field, scratch, json)) continue;
    if (object.size() > 1) object.push_back(',');
    AppendJsonString(object, field);
    object.push_back(':');
    object.append(json);
  }
  object.push_back('}');
  return object;
}

}  // namespace

std::size_t StateScope::Resolve(const std::vector<std::string>& path, std::string& scratch,
                                std::string_view& json) const {
  if (path.empty()) return 0;
  if (path[0] == "workflow") {
    if (path.size() > 2 && path[1] == "env") return ResolveEnvironment(path, scratch, json);
    if (path.size() > 1) return ResolveWorkflow(path[1], scratch, json) ? 2 : 0;
    scratch = Assemble(kWorkflowFields, [this](auto field, auto& space, auto& value) {
      return ResolveWorkflow(field, space, value);
    });
    json = scratch;
    return 1;
  }
  const StepIndex step = FindStep(path[0]);
  if (step == kNoStep) return ResolveEnvironment(path, scratch, json);
  const RunNumber run = state_.LatestRun(step);
  if (run == 0) return 0;
  const Task& task = state_.task(state_.run(run).task);
  if (path.size() > 1) return ResolveTask(task, path[1], scratch, json) ? 2 : 0;
  scratch = Assemble(kTaskFields, [this, &task](auto field, auto& space, auto& value) {
    return ResolveTask(task, field, space, value);
  });
  json = scratch;
  return 1;
}

// `workflow.env.NAME` in three names, or NAME in one.
std::size_t StateScope::ResolveEnvironment(const std::vector<std::string>& path,
                                           std::string& scratch, std::string_view& json) const {
  const bool own_id = path.size() == 1 && path[0] == kOwnTaskId && own_task_ != 0;
  const std::size_t used = path[0] == "workflow" ? 3 : 1;
  const std::string* value =
      definition_.environment == nullptr || own_id || (used == 1 && path.size() > 1)
          ? nullptr
          : definition_.environment->Find(path[used - 1]);
  if (!own_id && value == nullptr) return 0;
  Text(own_id ? TaskIdText(state_, own_task_) : *value, scratch);
  json = scratch;
  return used;
}

StepIndex StateScope::FindStep(std::string_view reference) const {
  if (reads_ == nullptr) return core::FindStep(definition_, state_, reference);
  for (const StepIndex step : *reads_) {
    if (StepOf(definition_, state_, step).reference == reference) return step;
  }
  // A step made at run time, which nobody knew of when the template was compiled.
  return state_.added.Find(reference);
}

bool StateScope::ResolveWorkflow(std::string_view field, std::string& scratch,
                                 std::string_view& json) const {
  if (field == "input") {
    json = ObjectOf(state_.start.input);
    return true;
  }
  if (field == "variables") {
    json = ObjectOf(state_.variables);
    return true;
  }
  if (field == "output") {
    json = ObjectOf(state_.output);
    return true;
  }
  bool found = false;
  if (field == "workflowId") found = Text(state_.id.ToString(), scratch);
  const bool child = !state_.start.parent.is_nil();
  if (field == "parentWorkflowId" && child) found = Text(state_.start.parent.ToString(), scratch);
  if (field == "parentWorkflowTaskId" && child) {
    found = Text(TaskIdText(state_.start.parent, state_.start.parent_task), scratch);
  }
  if (field == "workflowType") found = Text(state_.start.name, scratch);
  if (field == "version") found = Number(state_.start.version, scratch);
  if (field == "schemaVersion") found = Number(kSchemaVersion, scratch);
  if (field == "status") found = Text(Name(state_.status), scratch);
  if (field == "correlationId") found = TextOrAbsent(state_.start.correlation_id, scratch);
  if (field == "reasonForIncompletion") found = TextOrAbsent(state_.reason, scratch);
  json = scratch;
  return found;
}

// Of a loop itself: how many it has begun.
std::int32_t StateScope::IterationOf(const Task& task) const {
  const bool loop = StepOf(definition_, state_, task.step).type == StepType::kDoWhile;
  return loop ? IterationsBegun(state_, state_.run(task.run)) : task.iteration;
}

bool StateScope::ResolveTask(const Task& task, std::string_view field, std::string& scratch,
                             std::string_view& json) const {
  if (field == "output" && state_.loops.contains(task.run)) {
    scratch = LoopOutput(definition_, state_, task.run, false).text();
    json = scratch;
    return true;
  }
  if (field == "output") {
    json = ObjectOf(task.output);
    return true;
  }
  if (field == "input") {
    json = ObjectOf(task.input);
    return true;
  }
  bool found = false;
  if (field == "taskId") found = Text(TaskIdText(state_, task.number), scratch);
  if (field == "taskType") found = Text(task.task_type, scratch);
  if (field == "taskDefName") found = Text(StepOf(definition_, state_, task.step).name, scratch);
  if (field == "referenceTaskName") {
    found = Text(RunReference(state_, state_.run(task.run),
                              StepOf(definition_, state_, task.step).reference),
                 scratch);
  }
  if (field == "callbackAfterSeconds") found = Number(CallbackSeconds(task), scratch);
  if (field == "status") found = Text(Name(task.status), scratch);
  if (field == "retryCount") found = Number(task.attempt - 1, scratch);
  if (field == "pollCount") found = Number(task.start_count, scratch);
  if (field == "iteration") found = Number(IterationOf(task), scratch);
  if (field == "workerId") found = TextOrAbsent(task.worker, scratch);
  if (field == "reasonForIncompletion") found = TextOrAbsent(task.reason, scratch);
  if (field == "scheduledTime") found = Number(task.scheduled_at / kMillisecondUs, scratch);
  if (field == "startTime") found = Number(task.started_at / kMillisecondUs, scratch);
  if (field == "endTime") found = Number(task.ended_at / kMillisecondUs, scratch);
  if (field == "correlationId") found = TextOrAbsent(state_.start.correlation_id, scratch);
  if (field == "workflowInstanceId") found = Text(state_.id.ToString(), scratch);
  json = scratch;
  return found;
}

}  // namespace skald::core
