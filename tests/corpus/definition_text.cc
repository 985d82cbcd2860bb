#include "tests/corpus/definition_text.h"

#include <algorithm>
#include <functional>
#include <regex>

#include "fmt/format.h"
#include "tests/corpus/json_text.h"

namespace skald::corpus {
namespace {

// The types that the reference serves itself (conductor.md 2.1), and those that Skald adds.
bool IsBuiltIn(const std::string& type) {
  static const std::set<std::string> types = {"DYNAMIC",
                                              "FORK_JOIN",
                                              "FORK_JOIN_DYNAMIC",
                                              "JOIN",
                                              "EXCLUSIVE_JOIN",
                                              "DECISION",
                                              "SWITCH",
                                              "DO_WHILE",
                                              "SUB_WORKFLOW",
                                              "EVENT",
                                              "START_WORKFLOW",
                                              "WAIT",
                                              "HUMAN",
                                              "HTTP",
                                              "KAFKA_PUBLISH",
                                              "INLINE",
                                              "LAMBDA",
                                              "NOOP",
                                              "JSON_JQ_TRANSFORM",
                                              "SET_VARIABLE",
                                              "TERMINATE",
                                              "SIMPLE",
                                              "GRPC",
                                              "PULL_WORKFLOW_MESSAGES",
                                              "UPDATE_TASK",
                                              "GET_WORKFLOW"};
  return types.contains(type);
}

// Calls `visit` with every object in the value that looks like a step, wherever it stands: also
// steps that a dynamic fork is handed as data are found.
void VisitSteps(const boost::json::value& value,
                const std::function<void(const boost::json::object&)>& visit) {
  if (value.is_array()) {
    for (const boost::json::value& element : value.get_array()) VisitSteps(element, visit);
  }
  if (!value.is_object()) return;
  const boost::json::object& object = value.get_object();
  if (object.contains("taskReferenceName")) visit(object);
  for (const auto& member : object) VisitSteps(member.value(), visit);
}

std::string TypeOf(const boost::json::object& step) {
  const std::string type = TextOf(step, "type");
  return type.empty() ? "SIMPLE" : type;
}

boost::json::value Rewritten(const boost::json::value& value, const std::string& address) {
  static const std::regex pattern(R"(https?://[^/\s"'?\\$]+)");
  if (value.is_string()) {
    const boost::json::string& text = value.get_string();
    if (text.find("://") == boost::json::string::npos) return value;
    return boost::json::string(std::regex_replace(std::string(text), pattern, address));
  }
  if (value.is_array()) {
    boost::json::array result;
    for (const auto& element : value.get_array()) result.push_back(Rewritten(element, address));
    return result;
  }
  if (value.is_object()) {
    boost::json::object result;
    for (const auto& member : value.get_object()) {
      result[member.key()] = Rewritten(member.value(), address);
    }
    return result;
  }
  return value;
}

}  // namespace

boost::json::object WithAddresses(const boost::json::object& definition,
                                  std::string_view host_port) {
  return Rewritten(definition, "http://" + std::string(host_port)).get_object();
}

std::set<std::string> StepTypes(const boost::json::object& definition) {
  std::set<std::string> types;
  VisitSteps(definition, [&](const boost::json::object& step) { types.insert(TypeOf(step)); });
  return types;
}

std::set<std::string> WorkerTypes(const boost::json::object& definition) {
  std::set<std::string> names;
  VisitSteps(definition, [&](const boost::json::object& step) {
    const std::string type = TypeOf(step);
    if (!IsBuiltIn(type)) names.insert(type);
    if (type == "SIMPLE" || !IsBuiltIn(type)) names.insert(TextOf(step, "name"));
    const boost::json::value* input = step.if_contains("inputParameters");
    if (type != "FORK_JOIN_DYNAMIC" || input == nullptr || !input->is_object()) return;
    const std::string forked_type = TextOf(input->get_object(), "forkTaskType");
    if (forked_type.empty() || forked_type == "SIMPLE") {
      names.insert(TextOf(input->get_object(), "forkTaskName"));
    }
  });
  names.erase("");
  return names;
}

std::set<std::string> WaitingReferences(const boost::json::object& definition) {
  std::set<std::string> references;
  VisitSteps(definition, [&](const boost::json::object& step) {
    const std::string type = TypeOf(step);
    if (type == "WAIT" || type == "HUMAN") references.insert(TextOf(step, "taskReferenceName"));
  });
  return references;
}

std::string StartInput(const boost::json::object& definition) {
  boost::json::object input;
  const boost::json::value* names = definition.if_contains("inputParameters");
  if (names != nullptr && names->is_array()) {
    for (const boost::json::value& name : names->get_array()) {
      if (name.is_string()) input[name.get_string()] = "v_" + std::string(name.get_string());
    }
  }
  return boost::json::serialize(input);
}

bool HasDeterminedOrder(const boost::json::object& definition) {
  const std::set<std::string> types = StepTypes(definition);
  return !types.contains("FORK_JOIN") && !types.contains("FORK_JOIN_DYNAMIC");
}

std::string ReferenceInLoop(const std::string& reference, std::int64_t iteration) {
  if (iteration == 0) return reference;
  const std::string suffix = fmt::format("__{}", iteration);
  return reference.ends_with(suffix) ? reference : reference + suffix;
}

std::string PlainReference(std::string_view reference) {
  const std::size_t mark = reference.rfind("__");
  if (mark == std::string_view::npos || mark + 2 == reference.size()) return std::string(reference);
  const bool is_number =
      std::ranges::all_of(reference.substr(mark + 2), [](char c) { return c >= '0' && c <= '9'; });
  return std::string(is_number ? reference.substr(0, mark) : reference);
}

}  // namespace skald::corpus
