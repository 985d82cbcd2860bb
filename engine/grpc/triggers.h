// What requests ask of a workflow, as triggers of the core.
//
// Pure functions, thread-safe. INVALID_ARGUMENT: malformed, naming the field. Namespace and
// workflow id of a request are not looked at.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/status.h"
#include "engine/core/trigger.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

// Who asks, for the history.
std::string ActorOr(const std::string& actor);
// INVALID_ARGUMENT: longer than kReasonBytesMax.
absl::Status CheckReason(const std::string& reason);

// A trigger of the common form {actor, reason}.
template <typename T, typename Request>
absl::StatusOr<T> ToAction(const Request& request) {
  RETURN_IF_ERROR(CheckReason(request.reason()));
  T trigger;
  trigger.actor = ActorOr(request.actor());
  trigger.reason = request.reason();
  return trigger;
}

absl::StatusOr<core::SignalWorkflow> ToSignal(const v1::SignalRequest& request);
// Without another definition, which is to be looked up (definition_change.h).
absl::StatusOr<core::RestartWorkflow> ToRestart(const v1::RestartRequest& request);
absl::StatusOr<core::UpgradeWorkflow> ToUpgrade(const v1::UpgradeRequest& request);
absl::StatusOr<core::Trigger> ToTrigger(const v1::TerminateRequest& request);
absl::StatusOr<core::Trigger> ToTrigger(const v1::CompensateRequest& request);
absl::StatusOr<core::Trigger> ToTrigger(const v1::RetryRequest& request);
// The task may be one of another workflow: of a sub-workflow, which is the one to be asked.
absl::StatusOr<core::Trigger> ToTrigger(const v1::RerunRequest& request);
absl::StatusOr<core::Trigger> ToTrigger(const v1::SkipTaskRequest& request);
absl::StatusOr<core::Trigger> ToTrigger(const v1::UpdateVariablesRequest& request);
// The task is one of request.workflow_id().
absl::StatusOr<core::Trigger> ToTrigger(const v1::UpdateTaskRequest& request);
absl::StatusOr<core::Trigger> ToTrigger(const v1::OperateRequest& request);

}  // namespace skald::grpc_edge
