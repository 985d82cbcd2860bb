#include "engine/grpc/triggers.h"

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/limits.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/task_id.h"

namespace skald::grpc_edge {
namespace {

absl::Status CheckCorrelationId(const std::string& correlation_id) {
  if (correlation_id.size() <= core::kCorrelationIdBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("correlation_id: ", correlation_id.size(), " bytes, more than ",
                   core::FixedBound("kCorrelationIdBytesMax", core::kCorrelationIdBytesMax)));
}

// REQUIRES: not unset.
absl::StatusOr<core::TaskStatus> ToStatus(v1::TaskStatus status) {
  if (!v1::TaskStatus_IsValid(status)) {
    return absl::InvalidArgumentError(
        absl::StrCat("status: a TaskStatus expected, not ", static_cast<int>(status)));
  }
  return static_cast<core::TaskStatus>(static_cast<int>(status) - 1);
}

}  // namespace

std::string ActorOr(const std::string& actor) { return actor.empty() ? "api" : actor; }

absl::Status CheckReason(const std::string& reason) {
  if (reason.size() <= core::kReasonBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("reason: ", reason.size(), " bytes, at most ",
                   core::FixedBound("kReasonBytesMax", core::kReasonBytesMax), " expected"));
}

absl::StatusOr<core::SignalWorkflow> ToSignal(const v1::SignalRequest& request) {
  ASSIGN_OR_RETURN(auto signal, ToAction<core::SignalWorkflow>(request));
  signal.reference = request.reference();
  if (request.status() != v1::TASK_STATUS_UNSPECIFIED) {
    ASSIGN_OR_RETURN(signal.status, ToStatus(request.status()));
  }
  ASSIGN_OR_RETURN(signal.payload, ToObjectPayload(request.payload(), "payload"));
  return signal;
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::TerminateRequest& request) {
  ASSIGN_OR_RETURN(auto terminate, ToAction<core::TerminateWorkflow>(request));
  terminate.abandon = request.abandon();
  terminate.trigger_failure_workflow = request.trigger_failure_workflow();
  return core::Trigger(std::move(terminate));
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::CompensateRequest& request) {
  ASSIGN_OR_RETURN(auto compensate, ToAction<core::CompensateWorkflow>(request));
  compensate.force = request.force();
  return core::Trigger(std::move(compensate));
}

absl::StatusOr<core::RestartWorkflow> ToRestart(const v1::RestartRequest& request) {
  ASSIGN_OR_RETURN(auto restart, ToAction<core::RestartWorkflow>(request));
  restart.force = request.force();
  return restart;
}

absl::StatusOr<core::UpgradeWorkflow> ToUpgrade(const v1::UpgradeRequest& request) {
  if (request.version() < 0) {
    return absl::InvalidArgumentError("version: a definition's version, or 0, expected");
  }
  return ToAction<core::UpgradeWorkflow>(request);
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::RetryRequest& request) {
  ASSIGN_OR_RETURN(auto retry, ToAction<core::RetryWorkflow>(request));
  retry.resume_sub_workflows = request.resume_sub_workflows();
  return core::Trigger(std::move(retry));
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::RerunRequest& request) {
  ASSIGN_OR_RETURN(auto rerun, ToAction<core::RerunWorkflow>(request));
  RETURN_IF_ERROR(CheckCorrelationId(request.correlation_id()));
  if (!request.task_id().empty() && !request.reference().empty()) {
    return absl::InvalidArgumentError("task_id or reference: one of them at most");
  }
  if (!request.task_id().empty()) {
    ASSIGN_OR_RETURN(const TaskName name, ParseTaskId(request.task_id()));
    rerun.task = name.task;
  }
  rerun.reference = request.reference();
  if (!request.task_input().empty()) {
    ASSIGN_OR_RETURN(rerun.task_input, ToObjectPayload(request.task_input(), "task_input"));
  }
  if (!request.input().empty()) {
    ASSIGN_OR_RETURN(rerun.input, ToObjectPayload(request.input(), "input"));
  }
  rerun.correlation_id = request.correlation_id();
  return core::Trigger(std::move(rerun));
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::SkipTaskRequest& request) {
  ASSIGN_OR_RETURN(auto skip, ToAction<core::SkipTask>(request));
  skip.reference = request.reference();
  if (!request.task_input().empty()) {
    ASSIGN_OR_RETURN(skip.input, ToObjectPayload(request.task_input(), "task_input"));
  }
  ASSIGN_OR_RETURN(skip.output, ToObjectPayload(request.task_output(), "task_output"));
  return core::Trigger(std::move(skip));
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::UpdateVariablesRequest& request) {
  ASSIGN_OR_RETURN(auto update, ToAction<core::UpdateVariables>(request));
  ASSIGN_OR_RETURN(update.variables, ToPayload(request.variables(), "variables"));
  return core::Trigger(std::move(update));
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::UpdateTaskRequest& request) {
  ASSIGN_OR_RETURN(auto update, ToAction<core::UpdateTask>(request));
  if (request.task_id().empty() == request.reference().empty()) {
    return absl::InvalidArgumentError("task_id or reference: one of them expected");
  }
  if (!request.task_id().empty()) {
    ASSIGN_OR_RETURN(const TaskName name, ParseTaskId(request.task_id()));
    if (name.workflow.ToString() != request.workflow_id()) {
      return absl::InvalidArgumentError("task_id: a task of another workflow");
    }
    update.task = name.task;
  }
  update.reference = request.reference();
  if (request.status() == v1::TASK_STATUS_UNSPECIFIED) {
    return absl::InvalidArgumentError("status: one expected");
  }
  ASSIGN_OR_RETURN(update.status, ToStatus(request.status()));
  ASSIGN_OR_RETURN(update.output, ToObjectPayload(request.output(), "output"));
  update.effect = FromProto(request.effect());
  update.callback_after_us = request.callback_after_ms() * core::kMillisecondUs;
  return core::Trigger(std::move(update));
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::OperateRequest& request) {
  RETURN_IF_ERROR(CheckReason(request.reason()));
  core::OperateSaga operate;
  switch (request.verb()) {
    case v1::OperateRequest::VERB_RETRY:
      operate.verb = core::Verb::kRetry;
      break;
    case v1::OperateRequest::VERB_RESOLVE:
      operate.verb = core::Verb::kResolve;
      break;
    case v1::OperateRequest::VERB_SETTLE:
      operate.verb = core::Verb::kSettle;
      break;
    case v1::OperateRequest::VERB_SKIP:
      operate.verb = core::Verb::kSkip;
      break;
    case v1::OperateRequest::VERB_ABANDON:
      operate.verb = core::Verb::kAbandon;
      break;
    default:
      return absl::InvalidArgumentError("verb: one of the verbs expected");
  }
  operate.reference = request.reference();
  operate.iteration = request.iteration();
  operate.effect = FromProto(request.effect());
  ASSIGN_OR_RETURN(operate.output, ToObjectPayload(request.output(), "output"));
  operate.actor = request.actor();
  operate.reason = request.reason();
  return core::Trigger(std::move(operate));
}

}  // namespace skald::grpc_edge
