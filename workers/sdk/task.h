// Task: what a handler sees of the attempt it is to run, and what it may say while it runs.
//
//   Result Charge(Task& task, Transaction& db) {
//     const std::int64_t cents = task.Number("cents");
//     task.Progress(50, "asking the bank");
//     if (task.cancelled()) return Result::Cancelled();
//     …
//
// A Task belongs to the thread of its handler and is gone when the handler returns. CancelToken is
// thread-safe. Nothing here fails or throws; what is not there reads as empty or 0.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "boost/json.hpp"
#include "engine/base/mutex.h"
#include "workers/sdk/result.h"

namespace skald::sdk {

// What an undo or a probe is told about the step concerned.
struct UndoData {
  std::string original_input;   // JSON
  std::string original_output;  // JSON; empty when the outcome is unknown
  Effect original_effect = Effect::kUnset;
  std::string reason;
  bool possible_duplicate = false;
};

// One attempt as the engine handed it out; the fields are those of skald.v1.Assignment.
struct TaskData {
  std::string task_id;
  std::uint64_t fence = 0;
  std::string name_space;
  std::string workflow_id;
  std::string workflow_name;
  std::string correlation_id;
  std::string type;
  std::string reference;
  std::uint32_t iteration = 0;
  std::uint32_t attempt = 1;
  std::uint32_t generation = 1;
  Operation operation = Operation::kAction;
  std::string step_key;         // the same for all attempts of a step
  std::string idempotency_key;  // step_key, "/c" added for an undo: to hand to other systems
  std::string input;            // JSON
  std::int64_t not_after_us = 0;
  std::uint32_t response_timeout_ms = 0;
  std::int32_t priority = 0;
  std::string domain;
  std::string traceparent;
  std::string tracestate;
  UndoData undo;
};

class CancelToken {
 public:
  void Cancel();
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

  // Waits until cancelled or until `timeout` has passed; returns cancelled().
  bool WaitFor(std::chrono::milliseconds timeout);

 private:
  std::atomic<bool> cancelled_ = false;
  base::Mutex mutex_;
  base::CondVar changed_;
};

// Where a task's progress and log lines go. Thread-safe.
class TaskReporter {
 public:
  virtual ~TaskReporter() = default;
  virtual void Progress(const TaskData& task, int percent, std::string_view message) = 0;
  virtual void Log(const TaskData& task, std::string_view message) = 0;
};

class Task {
 public:
  // REQUIRES: `data`, `cancel` and `reporter` (which may be null) outlive the task.
  Task(const TaskData& data, CancelToken& cancel, TaskReporter* reporter)
      : data_(data), cancel_(cancel), reporter_(reporter) {}

  const TaskData& data() const { return data_; }

  // The input, parsed at the first call; empty if it is no object.
  const boost::json::object& input();
  // Members of the input at the top level: "" or 0 if not there or of another type.
  std::string Text(std::string_view member);
  std::int64_t Number(std::string_view member);

  // For an undo: what the action returned. Under the barrier the response stored beside the
  // action's own effect, otherwise what the engine knows of it. Empty if nothing is known.
  const boost::json::object& action_output();

  bool cancelled() const { return cancel_.cancelled(); }
  // Waits until cancelled or until `timeout` has passed; returns cancelled().
  bool WaitForCancel(std::chrono::milliseconds timeout) { return cancel_.WaitFor(timeout); }

  // Tells people how far the task is: 1 to 100. Extends the lease as every heartbeat does.
  void Progress(int percent, std::string_view message = {});
  void Log(std::string_view message);

  // For the barrier's runner.
  void set_action_response(std::string_view response) { action_response_ = response; }

 private:
  const TaskData& data_;
  CancelToken& cancel_;
  TaskReporter* const reporter_;
  std::string action_response_;
  std::optional<boost::json::object> input_;
  std::optional<boost::json::object> action_output_;
};

}  // namespace skald::sdk
