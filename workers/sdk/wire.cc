#include "workers/sdk/wire.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "workers/sdk/limits.h"

namespace skald::sdk {
namespace {

Operation FromProto(v1::Operation operation) {
  switch (operation) {
    case v1::OPERATION_COMPENSATE:
      return Operation::kUndo;
    case v1::OPERATION_PROBE:
      return Operation::kProbe;
    default:
      return Operation::kAction;
  }
}

Effect FromProto(v1::Effect effect) {
  switch (effect) {
    case v1::EFFECT_NONE:
      return Effect::kNone;
    case v1::EFFECT_APPLIED:
      return Effect::kApplied;
    case v1::EFFECT_UNKNOWN:
      return Effect::kUnknown;
    default:
      return Effect::kUnset;
  }
}

v1::TaskResult::Status ToProto(Result::Status status) {
  switch (status) {
    case Result::Status::kCompleted:
      return v1::TaskResult::STATUS_COMPLETED;
    case Result::Status::kFailed:
      return v1::TaskResult::STATUS_FAILED;
    case Result::Status::kTerminal:
      return v1::TaskResult::STATUS_FAILED_TERMINAL;
    case Result::Status::kCancelled:
      return v1::TaskResult::STATUS_CANCELED;
    case Result::Status::kLater:
      return v1::TaskResult::STATUS_IN_PROGRESS;
  }
  return v1::TaskResult::STATUS_UNSPECIFIED;
}

v1::TaskResult::Verdict ToProto(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnset:
      return v1::TaskResult::VERDICT_UNSPECIFIED;
    case Verdict::kDone:
      return v1::TaskResult::VERDICT_DONE;
    case Verdict::kReplayed:
      return v1::TaskResult::VERDICT_REPLAYED;
    case Verdict::kNulled:
      return v1::TaskResult::VERDICT_NULLED;
    case Verdict::kRejected:
      return v1::TaskResult::VERDICT_REJECTED;
  }
  return v1::TaskResult::VERDICT_UNSPECIFIED;
}

UndoData FromProto(v1::UndoDetails& details) {
  return {.original_input = std::move(*details.mutable_original_input()),
          .original_output = std::move(*details.mutable_original_output()),
          .original_effect = FromProto(details.original_effect()),
          .reason = std::move(*details.mutable_reason()),
          .possible_duplicate = details.possible_duplicate()};
}

}  // namespace

v1::Effect ToProto(Effect effect) {
  switch (effect) {
    case Effect::kUnset:
      return v1::EFFECT_UNSPECIFIED;
    case Effect::kNone:
      return v1::EFFECT_NONE;
    case Effect::kApplied:
      return v1::EFFECT_APPLIED;
    case Effect::kUnknown:
      return v1::EFFECT_UNKNOWN;
  }
  return v1::EFFECT_UNSPECIFIED;
}

TaskData FromProto(v1::Assignment& assignment) {
  TaskData task;
  task.task_id = std::move(*assignment.mutable_task_id());
  task.fence = assignment.fence();
  task.name_space = std::move(*assignment.mutable_namespace_());
  task.workflow_id = std::move(*assignment.mutable_workflow_id());
  task.workflow_name = std::move(*assignment.mutable_workflow_name());
  task.correlation_id = std::move(*assignment.mutable_correlation_id());
  task.type = std::move(*assignment.mutable_task_type());
  task.reference = std::move(*assignment.mutable_reference());
  task.iteration = assignment.iteration();
  task.attempt = assignment.attempt();
  task.generation = assignment.generation();
  task.operation = FromProto(assignment.operation());
  task.step_key = std::move(*assignment.mutable_step_key());
  task.idempotency_key = std::move(*assignment.mutable_idempotency_key());
  task.input = std::move(*assignment.mutable_input());
  task.not_after_us = assignment.not_after_us();
  task.response_timeout_ms = assignment.response_timeout_ms();
  task.priority = assignment.priority();
  task.domain = std::move(*assignment.mutable_domain());
  task.traceparent = assignment.trace().traceparent();
  task.tracestate = assignment.trace().tracestate();
  if (assignment.has_undo()) task.undo = FromProto(*assignment.mutable_undo());
  return task;
}

v1::TaskResult ToProto(const TaskData& task, Result result) {
  v1::TaskResult message;
  message.set_task_id(task.task_id);
  message.set_fence(task.fence);
  message.set_status(ToProto(result.status()));
  message.set_output(result.output());
  message.set_reason(result.reason().substr(0, kReasonBytesMax));
  message.set_effect(ToProto(result.effect()));
  message.set_verdict(ToProto(result.verdict()));
  const std::int64_t delay_ms = result.delay().count();
  constexpr std::int64_t kDelayMsMax = std::numeric_limits<std::int32_t>::max();
  message.set_callback_after_ms(
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(delay_ms, 0, kDelayMsMax)));
  if (!result.traceparent().empty()) {
    message.mutable_trace()->set_traceparent(result.traceparent());
    message.mutable_trace()->set_tracestate(result.tracestate());
  } else if (!task.traceparent.empty()) {
    message.mutable_trace()->set_traceparent(task.traceparent);
    message.mutable_trace()->set_tracestate(task.tracestate);
  }
  return message;
}

}  // namespace skald::sdk
