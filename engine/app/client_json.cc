#include "engine/app/client_json.h"

#include <utility>

#include <boost/json.hpp>

namespace skald::app {
namespace {

namespace json = boost::json;

// Payloads come from the server, which has checked them; one that does not parse is shown as text.
json::value Parsed(const std::string& payload) {
  if (payload.empty()) return nullptr;
  boost::system::error_code error;
  json::value value = json::parse(payload, error);
  if (error) return json::value(payload);
  return value;
}

std::string WithoutPrefix(const std::string& name, std::size_t prefix_bytes) {
  return name.size() > prefix_bytes ? name.substr(prefix_bytes) : name;
}

void AddUnlessEmpty(json::object& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}
void AddUnlessZero(json::object& object, const char* key, std::int64_t number) {
  if (number != 0) object[key] = number;
}

json::object TaskObject(const v1::Task& task) {
  json::object object;
  object["task_id"] = task.task_id();
  object["reference"] = task.reference();
  object["task_type"] = task.task_type();
  object["step_type"] = task.step_type();
  object["operation"] = ShortName(task.operation());
  object["status"] = ShortName(task.status());
  object["attempt"] = task.attempt();
  AddUnlessZero(object, "iteration", task.iteration());
  AddUnlessZero(object, "generation", task.generation());
  AddUnlessEmpty(object, "worker_id", task.worker_id());
  AddUnlessZero(object, "scheduled_at_us", task.scheduled_at_us());
  AddUnlessZero(object, "available_at_us", task.available_at_us());
  AddUnlessZero(object, "started_at_us", task.started_at_us());
  AddUnlessZero(object, "ended_at_us", task.ended_at_us());
  object["input"] = Parsed(task.input());
  object["output"] = Parsed(task.output());
  AddUnlessEmpty(object, "reason", task.reason());
  if (task.effect() != v1::EFFECT_UNSPECIFIED) object["effect"] = ShortName(task.effect());
  AddUnlessEmpty(object, "step_key", task.step_key());
  AddUnlessEmpty(object, "undo", task.undo());
  AddUnlessZero(object, "progress_percent", task.progress_percent());
  AddUnlessEmpty(object, "progress_message", task.progress_message());
  object["step_run"] = task.step_run();
  AddUnlessEmpty(object, "parent_reference", task.parent_reference());
  AddUnlessEmpty(object, "child_workflow_id", task.child_workflow_id());
  if (task.child_parked()) object["child_parked"] = true;
  AddUnlessEmpty(object, "traceparent", task.trace().traceparent());
  AddUnlessEmpty(object, "tracestate", task.trace().tracestate());
  return object;
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

std::string WorkflowJson(const v1::Workflow& workflow) {
  json::object object;
  object["workflow_id"] = workflow.workflow_id();
  object["namespace"] = workflow.namespace_();
  object["name"] = workflow.name();
  object["version"] = workflow.version();
  object["status"] = ShortName(workflow.status());
  object["saga_status"] = ShortName(workflow.saga_status());
  AddUnlessEmpty(object, "correlation_id", workflow.correlation_id());
  AddUnlessEmpty(object, "idempotency_key", workflow.idempotency_key());
  AddUnlessZero(object, "priority", workflow.priority());
  if (!workflow.task_to_domain().empty()) {
    json::object domains;
    for (const auto& [type, domain] : std::map<std::string, std::string>(
             workflow.task_to_domain().begin(), workflow.task_to_domain().end())) {
      domains[type] = domain;
    }
    object["task_to_domain"] = std::move(domains);
  }
  AddUnlessZero(object, "started_at_us", workflow.started_at_us());
  AddUnlessZero(object, "updated_at_us", workflow.updated_at_us());
  AddUnlessZero(object, "ended_at_us", workflow.ended_at_us());
  object["input"] = Parsed(workflow.input());
  object["output"] = Parsed(workflow.output());
  object["variables"] = Parsed(workflow.variables());
  AddUnlessEmpty(object, "reason", workflow.reason());
  AddUnlessEmpty(object, "parent_workflow_id", workflow.parent_workflow_id());
  AddUnlessEmpty(object, "parent_task_id", workflow.parent_task_id());
  AddUnlessZero(object, "depth", workflow.depth());
  AddUnlessEmpty(object, "failure_workflow_id", workflow.failure_workflow_id());
  json::array unresolved;
  for (const std::string& reference : workflow.unresolved()) {
    unresolved.emplace_back(json::string(reference));
  }
  if (!unresolved.empty()) object["unresolved"] = std::move(unresolved);
  json::array tasks;
  for (const v1::Task& task : workflow.tasks()) tasks.emplace_back(TaskObject(task));
  object["tasks"] = std::move(tasks);
  object["last_seq"] = workflow.last_seq();
  return json::serialize(object);
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

// Payloads keep the white space they came with; one event is one line here.
std::string EventJson(const v1::HistoryEvent& event) {
  return json::serialize(Parsed(event.body()));
}

std::string DefinitionJson(const v1::DefinitionRecord& record) {
  return json::serialize(Parsed(record.definition()));
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
