#include "tests/corpus/observed.h"

#include <string_view>

#include "tests/corpus/definition_text.h"

namespace skald::corpus {
namespace {

// "TASK_STATUS_COMPLETED" without its prefix.
std::string WithoutPrefix(const std::string& name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

boost::json::value Parsed(const std::string& text) {
  if (text.empty()) return nullptr;
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) return boost::json::string("no JSON: " + text);
  return value;
}

std::string TypeOf(const v1::Task& task) {
  const std::string& type = task.step_type();
  if (type == "FORK_JOIN" || type == "FORK_JOIN_DYNAMIC") return "FORK";
  if (type.empty() || type == "SIMPLE" || type == "DYNAMIC") return task.task_type();
  return type;
}

// A loop's own record counts its iterations, and bears the plain reference.
std::string ReferenceOf(const v1::Task& task) {
  if (task.step_type() == "DO_WHILE") return task.reference();
  return ReferenceInLoop(task.reference(), task.iteration());
}

}  // namespace

Outcome ToOutcome(const v1::Workflow& workflow) {
  Outcome outcome;
  outcome.registered = true;
  outcome.status =
      workflow.ended_at_us() == 0
          ? "OPEN"
          : WithoutPrefix(v1::WorkflowStatus_Name(workflow.status()), "WORKFLOW_STATUS_");
  outcome.output = Parsed(workflow.output());
  outcome.reason = workflow.reason();
  for (const v1::Task& task : workflow.tasks()) {
    if (task.operation() != v1::OPERATION_ACTION) continue;
    outcome.tasks.push_back({
        .type = TypeOf(task),
        .reference = ReferenceOf(task),
        .status = WithoutPrefix(v1::TaskStatus_Name(task.status()), "TASK_STATUS_"),
        .retry_count = task.attempt() > 0 ? task.attempt() - 1 : 0,
        .iteration = task.iteration(),
        .input = Parsed(task.input()),
    });
  }
  return outcome;
}

std::map<std::string, std::string> SubWorkflowIds(const v1::Workflow& workflow) {
  std::map<std::string, std::string> ids;
  for (const v1::Task& task : workflow.tasks()) {
    if (task.step_type() != "SUB_WORKFLOW" || task.child_workflow_id().empty()) continue;
    ids[ReferenceInLoop(task.reference(), task.iteration())] = task.child_workflow_id();
  }
  return ids;
}

}  // namespace skald::corpus
