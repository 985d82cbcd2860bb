#include "engine/app/client_json.h"

#include <cstdint>
#include <map>
#include <utility>

#include "engine/core/json_check.h"
#include <boost/json.hpp>

namespace skald::app {
namespace {

namespace json = boost::json;

std::string WithoutPrefix(const std::string& name, std::size_t prefix_bytes) {
  return name.size() > prefix_bytes ? name.substr(prefix_bytes) : name;
}

// A payload as a JSON value, its bytes as they came: numbers keep their digits. Payloads come from
// the server, which has checked them; one that is no JSON is shown as text.
std::string PayloadText(const std::string& payload) {
  if (payload.empty()) return "null";
  return core::CheckJson(payload).ok() ? OneLine(payload) : Quoted(payload);
}

// Writes an object, member after member.
class ObjectText {
 public:
  void AddJson(std::string_view key, std::string_view value) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    text_.append(key).append("\":").append(value);
  }
  void Add(std::string_view key, std::string_view text) { AddJson(key, Quoted(text)); }
  void Add(std::string_view key, std::int64_t number) { AddJson(key, std::to_string(number)); }
  void AddPayload(std::string_view key, const std::string& payload) {
    AddJson(key, PayloadText(payload));
  }
  void AddUnlessEmpty(std::string_view key, const std::string& text) {
    if (!text.empty()) Add(key, text);
  }
  void AddUnlessZero(std::string_view key, std::int64_t number) {
    if (number != 0) Add(key, number);
  }
  std::string Take() && { return std::move(text_) + "}"; }

 private:
  std::string text_ = "{";
};

void AddUnlessEmpty(json::object& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}
void AddUnlessZero(json::object& object, const char* key, std::int64_t number) {
  if (number != 0) object[key] = number;
}

void AddTrace(ObjectText& object, const v1::TraceContext& trace) {
  object.AddUnlessEmpty("traceparent", trace.traceparent());
  object.AddUnlessEmpty("tracestate", trace.tracestate());
}

std::string TaskText(const v1::Task& task) {
  ObjectText object;
  object.Add("task_id", task.task_id());
  object.Add("reference", task.reference());
  object.Add("task_type", task.task_type());
  object.Add("step_type", task.step_type());
  object.Add("operation", ShortName(task.operation()));
  object.Add("status", ShortName(task.status()));
  object.Add("attempt", task.attempt());
  object.AddUnlessZero("iteration", task.iteration());
  object.AddUnlessZero("generation", task.generation());
  object.AddUnlessEmpty("worker_id", task.worker_id());
  object.AddUnlessZero("scheduled_at_us", task.scheduled_at_us());
  object.AddUnlessZero("available_at_us", task.available_at_us());
  object.AddUnlessZero("started_at_us", task.started_at_us());
  object.AddUnlessZero("ended_at_us", task.ended_at_us());
  object.AddPayload("input", task.input());
  object.AddPayload("output", task.output());
  object.AddUnlessEmpty("reason", task.reason());
  if (task.effect() != v1::EFFECT_UNSPECIFIED) object.Add("effect", ShortName(task.effect()));
  object.AddUnlessEmpty("step_key", task.step_key());
  object.AddUnlessEmpty("undo", task.undo());
  object.AddUnlessZero("progress_percent", task.progress_percent());
  object.AddUnlessEmpty("progress_message", task.progress_message());
  object.Add("step_run", task.step_run());
  object.AddUnlessEmpty("parent_reference", task.parent_reference());
  object.AddUnlessEmpty("child_workflow_id", task.child_workflow_id());
  if (task.child_parked()) object.AddJson("child_parked", "true");
  AddTrace(object, task.trace());
  return std::move(object).Take();
}

}  // namespace

std::string ShortName(v1::WorkflowStatus status) {
  return WithoutPrefix(v1::WorkflowStatus_Name(status), sizeof("WORKFLOW_STATUS_") - 1);
}
std::string ShortName(v1::SagaStatus status) {
  return WithoutPrefix(v1::SagaStatus_Name(status), sizeof("SAGA_STATUS_") - 1);
}
std::string ShortName(v1::TaskStatus status) {
  return WithoutPrefix(v1::TaskStatus_Name(status), sizeof("TASK_STATUS_") - 1);
}
std::string ShortName(v1::Effect effect) {
  return WithoutPrefix(v1::Effect_Name(effect), sizeof("EFFECT_") - 1);
}
std::string ShortName(v1::Operation operation) {
  return WithoutPrefix(v1::Operation_Name(operation), sizeof("OPERATION_") - 1);
}

std::string Quoted(std::string_view text) {
  return json::serialize(json::string(text.data(), text.size()));
}

std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!in_string && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    line.push_back(c);
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\' && i + 1 < text.size()) line.push_back(text[++i]);
  }
  return line;
}

std::string WorkflowJson(const v1::Workflow& workflow) {
  ObjectText object;
  object.Add("workflow_id", workflow.workflow_id());
  object.Add("namespace", workflow.namespace_());
  object.Add("name", workflow.name());
  object.Add("version", workflow.version());
  object.Add("status", ShortName(workflow.status()));
  object.Add("saga_status", ShortName(workflow.saga_status()));
  object.AddUnlessEmpty("correlation_id", workflow.correlation_id());
  object.AddUnlessEmpty("idempotency_key", workflow.idempotency_key());
  object.AddUnlessZero("priority", workflow.priority());
  if (!workflow.task_to_domain().empty()) {
    json::object domains;
    for (const auto& [type, domain] : std::map<std::string, std::string>(
             workflow.task_to_domain().begin(), workflow.task_to_domain().end())) {
      domains[type] = domain;
    }
    object.AddJson("task_to_domain", json::serialize(domains));
  }
  object.AddUnlessZero("started_at_us", workflow.started_at_us());
  object.AddUnlessZero("updated_at_us", workflow.updated_at_us());
  object.AddUnlessZero("ended_at_us", workflow.ended_at_us());
  object.AddPayload("input", workflow.input());
  object.AddPayload("output", workflow.output());
  object.AddPayload("variables", workflow.variables());
  object.AddUnlessEmpty("reason", workflow.reason());
  object.AddUnlessEmpty("parent_workflow_id", workflow.parent_workflow_id());
  object.AddUnlessEmpty("parent_task_id", workflow.parent_task_id());
  object.AddUnlessZero("depth", workflow.depth());
  object.AddUnlessEmpty("failure_workflow_id", workflow.failure_workflow_id());
  AddTrace(object, workflow.trace());
  json::array unresolved;
  for (const std::string& reference : workflow.unresolved()) {
    unresolved.emplace_back(json::string(reference));
  }
  if (!unresolved.empty()) object.AddJson("unresolved", json::serialize(unresolved));
  std::string tasks;
  for (const v1::Task& task : workflow.tasks()) {
    tasks.append(tasks.empty() ? "" : ",").append(TaskText(task));
  }
  object.AddJson("tasks", "[" + tasks + "]");
  object.Add("last_seq", static_cast<std::int64_t>(workflow.last_seq()));
  return std::move(object).Take();
}

std::string SummaryJson(const v1::WorkflowSummary& summary) {
  json::object object;
  object["workflow_id"] = summary.workflow_id();
  object["namespace"] = summary.namespace_();
  object["name"] = summary.name();
  object["version"] = summary.version();
  object["status"] = ShortName(summary.status());
  object["saga_status"] = ShortName(summary.saga_status());
  AddUnlessEmpty(object, "correlation_id", summary.correlation_id());
  AddUnlessZero(object, "priority", summary.priority());
  AddUnlessZero(object, "started_at_us", summary.started_at_us());
  AddUnlessZero(object, "updated_at_us", summary.updated_at_us());
  AddUnlessZero(object, "ended_at_us", summary.ended_at_us());
  AddUnlessEmpty(object, "reason", summary.reason());
  AddUnlessEmpty(object, "parent_workflow_id", summary.parent_workflow_id());
  return json::serialize(object);
}

std::string EventJson(const v1::HistoryEvent& event) { return PayloadText(event.body()); }

std::string DefinitionJson(const v1::DefinitionRecord& record) {
  return PayloadText(record.definition());
}

std::string VerifyJson(const std::string& workflow_id, const v1::VerifyResponse& response) {
  json::object object;
  object["workflow_id"] = workflow_id;
  object["events_checked"] = response.events_checked();
  json::array violations;
  for (const auto& violation : response.violations()) {
    violations.emplace_back(json::object{{"invariant", violation.invariant()},
                                         {"seq", violation.seq()},
                                         {"message", violation.message()}});
  }
  object["violations"] = std::move(violations);
  return json::serialize(object);
}

std::string ShortName(v1::UpgradeResponse::Difference::Change change) {
  return WithoutPrefix(v1::UpgradeResponse::Difference::Change_Name(change), sizeof("CHANGE_") - 1);
}

std::string UpgradeJson(const v1::UpgradeResponse& response) {
  json::object object{{"changed", response.changed()},
                      {"from_version", response.from_version()},
                      {"to_version", response.to_version()},
                      {"same", response.same()}};
  const auto texts = [](const auto& list) { return json::array(list.begin(), list.end()); };
  object["workflow_fields"] = texts(response.workflow_fields());
  json::array steps;
  for (const auto& step : response.steps()) {
    steps.emplace_back(json::object{{"change", ShortName(step.change())},
                                    {"reference", step.reference()},
                                    {"type", step.type()},
                                    {"fields", texts(step.fields())}});
  }
  object["steps"] = std::move(steps);
  json::array refusals;
  for (const auto& refusal : response.refusals()) {
    refusals.emplace_back(json::object{
        {"reference", refusal.reference()}, {"what", refusal.what()}, {"why", refusal.why()}});
  }
  object["refusals"] = std::move(refusals);
  return json::serialize(object);
}

std::string ErrorJson(const grpc::Status& status, const google::rpc::BadRequest& request) {
  json::array violations;
  for (const auto& violation : request.field_violations()) {
    violations.emplace_back(
        json::object{{"field", violation.field()}, {"description", violation.description()}});
  }
  json::object error{{"code", static_cast<int>(status.error_code())},
                     {"message", status.error_message()}};
  if (!violations.empty()) error["violations"] = std::move(violations);
  return json::serialize(json::object{{"error", std::move(error)}});
}

std::string StartedJson(const v1::StartResponse& response) {
  return json::serialize(
      json::object{{"workflow_id", response.workflow_id()}, {"existed", response.existed()}});
}

}  // namespace skald::app
