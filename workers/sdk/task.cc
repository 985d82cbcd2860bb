#include "workers/sdk/task.h"

#include <utility>

namespace skald::sdk {
namespace {

using Clock = std::chrono::steady_clock;

boost::json::object ParseObject(std::string_view text) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return {};
  return std::move(value.get_object());
}

}  // namespace

void CancelToken::Cancel() {
  base::MutexLock lock(mutex_);
  cancelled_.store(true, std::memory_order_release);
  changed_.SignalAll();
}

bool CancelToken::WaitFor(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  base::MutexLock lock(mutex_);
  while (!cancelled()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

const boost::json::object& Task::input() {
  if (!input_.has_value()) input_ = ParseObject(data_.input);
  return *input_;
}

std::string Task::Text(std::string_view member) {
  const boost::json::value* value = input().if_contains({member.data(), member.size()});
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::int64_t Task::Number(std::string_view member) {
  const boost::json::value* value = input().if_contains({member.data(), member.size()});
  if (value == nullptr || !value->is_number()) return 0;
  boost::json::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

const boost::json::object& Task::action_output() {
  if (!action_output_.has_value()) {
    action_output_ =
        ParseObject(action_response_.empty() ? data_.undo.original_output : action_response_);
  }
  return *action_output_;
}

void Task::Progress(int percent, std::string_view message) {
  if (reporter_ != nullptr) reporter_->Progress(data_, percent, message);
}

void Task::Log(std::string_view message) {
  if (reporter_ != nullptr) reporter_->Log(data_, message);
}

}  // namespace skald::sdk
