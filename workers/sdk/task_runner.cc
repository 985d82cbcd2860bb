#include "workers/sdk/task_runner.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "workers/sdk/digest.h"

namespace skald::sdk {
namespace {

Result RunPlain(const Handler& handler, Task& task) {
  try {
    return handler(task);
  } catch (const std::exception& error) {
    return Result::Failed(fmt::format("handler threw: {}", error.what()), Effect::kUnknown);
  } catch (...) {
    return Result::Failed("handler threw", Effect::kUnknown);
  }
}

bool HasTransactionHandler(const Handlers& handlers, Operation operation) {
  switch (operation) {
    case Operation::kAction:
      return static_cast<bool>(handlers.action);
    case Operation::kUndo:
      return static_cast<bool>(handlers.undo);
    case Operation::kProbe:
      return handlers.probe;
  }
  return false;
}

std::string_view OperationName(Operation operation) {
  switch (operation) {
    case Operation::kAction:
      return "action";
    case Operation::kUndo:
      return "undo";
    case Operation::kProbe:
      return "probe";
  }
  return "";
}

bool WorthAnotherDelivery(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnknown ||
         status.code() == absl::StatusCode::kUnavailable;
}

Result FromError(const absl::Status& status) {
  std::string reason(status.message());
  switch (status.code()) {
    case absl::StatusCode::kUnknown:
      return Result::Failed(std::move(reason), Effect::kUnknown);
    case absl::StatusCode::kFailedPrecondition:
      return Result::Terminal(std::move(reason));
    default:
      return Result::Failed(std::move(reason));
  }
}

}  // namespace

TaskRunner::TaskRunner(const HandlerSet& handlers, TaskRunnerOptions options)
    : handlers_(handlers),
      local_deliveries_(options.local_deliveries),
      session_(std::move(options.database)),
      barrier_(session_) {}

Result TaskRunner::Run(Task& task) {
  const TaskData& data = task.data();
  const Handlers* handlers = handlers_.Find(data.type);
  if (handlers == nullptr) {
    return Result::Terminal(fmt::format("this worker has no handler for {}", data.type));
  }
  if (HasTransactionHandler(*handlers, data.operation)) return RunUnderBarrier(task, *handlers);
  if (handlers->plain) return RunPlain(handlers->plain, task);
  return Result::Terminal(
      fmt::format("{} is not registered for {} tasks", data.type, OperationName(data.operation)));
}

Result TaskRunner::RunUnderBarrier(Task& task, const Handlers& handlers) {
  absl::StatusOr<Result> result = Deliver(task, handlers);
  // Once a commit was in doubt, only an answer of the barrier itself says what became of it.
  bool in_doubt = result.status().code() == absl::StatusCode::kUnknown;
  for (int delivery = 1; delivery < local_deliveries_; ++delivery) {
    if (!WorthAnotherDelivery(result.status())) break;
    if (task.WaitForCancel(std::chrono::milliseconds(kRedeliveryPauseMs << delivery))) break;
    result = Deliver(task, handlers);
    in_doubt = in_doubt || result.status().code() == absl::StatusCode::kUnknown;
  }
  if (result.ok()) return *std::move(result);
  if (in_doubt && result.status().code() == absl::StatusCode::kUnavailable) {
    return Result::Failed(std::string(result.status().message()), Effect::kUnknown);
  }
  return FromError(result.status());
}

absl::StatusOr<Result> TaskRunner::Deliver(Task& task, const Handlers& handlers) {
  switch (task.data().operation) {
    case Operation::kAction:
      return DeliverAction(task, handlers.action);
    case Operation::kUndo:
      return DeliverUndo(task, handlers.undo);
    case Operation::kProbe:
      break;
  }
  absl::StatusOr<Effect> effect = barrier_.Probe({.step_key = task.data().step_key});
  if (!effect.ok()) return effect.status();
  return Result::Probed(*effect);
}

absl::StatusOr<Result> TaskRunner::DeliverAction(Task& task, const TransactionHandler& handler) {
  const TaskData& data = task.data();
  const std::string digest = PayloadDigest(data.type, data.input);
  return barrier_.Action({.step_key = data.step_key,
                          .payload_digest = digest,
                          .fence = data.fence,
                          .not_after_us = data.not_after_us},
                         [&](Transaction& work) { return handler(task, work); });
}

absl::StatusOr<Result> TaskRunner::DeliverUndo(Task& task, const TransactionHandler& handler) {
  const TaskData& data = task.data();
  return barrier_.Undo(
      {.step_key = data.step_key, .fence = data.fence, .not_after_us = data.not_after_us},
      [&](Transaction& work, std::string_view response) {
        task.set_action_response(response);
        return handler(task, work);
      });
}

}  // namespace skald::sdk
