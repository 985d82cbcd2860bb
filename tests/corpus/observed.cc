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

// A loop's own record counts its iterations.
std::int64_t IterationOf(const v1::Task& task) {
  if (task.step_type() != "DO_WHILE") return task.iteration();
  const boost::json::value output = Parsed(task.output());
  if (!output.is_object()) return 0;
  const boost::json::value* count = output.get_object().if_contains("iteration");
  return count != nullptr && count->is_int64() ? count->get_int64() : 0;
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
        .reference = ReferenceInLoop(task.reference(), task.iteration()),
        .status = WithoutPrefix(v1::TaskStatus_Name(task.status()), "TASK_STATUS_"),
        .retry_count = task.attempt() > 0 ? task.attempt() - 1 : 0,
        .iteration = IterationOf(task),
        .input = Parsed(task.input()),
    });
  }
  return outcome;
}

std::map<std::string, std::string> SubWorkflowIds(const v1::Workflow& workflow) {
  std::map<std::string, std::string> ids;
  for (const v1::Task& task : workflow.tasks()) {
    if (task.step_type() != "SUB_WORKFLOW") continue;
    const boost::json::value output = Parsed(task.output());
    if (!output.is_object()) continue;
    const boost::json::value* id = output.get_object().if_contains("subWorkflowId");
    if (id == nullptr || !id->is_string()) continue;
    ids[ReferenceInLoop(task.reference(), task.iteration())] = std::string(id->get_string());
  }
  return ids;
}

}  // namespace skald::corpus
