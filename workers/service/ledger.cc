#include "workers/service/ledger.h"

#include <algorithm>
#include <chrono>

#include "boost/json.hpp"
#include "fmt/format.h"

namespace skald::service {
namespace {

constexpr std::int64_t kProcessingMsMax = 600'000;

boost::json::object ParseObject(const std::string& text) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  return error || !value.is_object() ? boost::json::object() : value.get_object();
}

// The input of the action: an undo finds it beside its own.
boost::json::object ActionInput(sdk::Task& task) {
  if (task.data().operation == sdk::Operation::kAction) return task.input();
  return ParseObject(task.data().undo.original_input);
}

const boost::json::value* FindIn(const boost::json::object& object, std::string_view member) {
  return object.if_contains({member.data(), member.size()});
}

}  // namespace

std::string TextOf(sdk::Task& task, std::string_view member) {
  const boost::json::object input = ActionInput(task);
  const boost::json::value* value = FindIn(input, member);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::int64_t NumberOf(sdk::Task& task, std::string_view member) {
  const boost::json::object input = ActionInput(task);
  const boost::json::value* value = FindIn(input, member);
  if (value == nullptr || !value->is_number()) return 0;
  boost::json::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

std::string OrderOf(sdk::Task& task) {
  std::string order = TextOf(task, "orderId");
  return order.empty() ? task.data().workflow_id : order;
}

void Record(sdk::Task& task, sdk::Transaction& work, const std::string& order_id) {
  const sdk::TaskData& data = task.data();
  const int delta = data.operation == sdk::Operation::kUndo ? -1 : 1;
  work.exec_params0(
      "insert into ledger (order_id, workflow_id, step_key, operation, delta) "
      "values ($1, $2, $3, $4, $5)",
      order_id, data.workflow_id, data.step_key, data.type, delta);
}

std::optional<sdk::Result> ObeySwitches(sdk::Task& task) {
  const std::int64_t wait_ms = std::min(NumberOf(task, "processingMs"), kProcessingMsMax);
  if (wait_ms > 0 && task.WaitForCancel(std::chrono::milliseconds(wait_ms))) {
    return sdk::Result::Cancelled();
  }
  const bool undo = task.data().operation == sdk::Operation::kUndo;
  const std::int64_t fail = NumberOf(task, undo ? "undoFailAttempts" : "failAttempts");
  if (task.data().attempt > fail) return std::nullopt;
  return sdk::Result::Failed(
      fmt::format("attempt {} of {} that fail as ordered", task.data().attempt, fail));
}

}  // namespace skald::service
