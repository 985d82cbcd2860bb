// WorkflowService: operations on workflows that have ended, and those that change what a running
// one will do.
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/limits.h"
#include "engine/grpc/action_request.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/task_id.h"
#include "engine/grpc/unary.h"
#include "engine/grpc/workflow_service.h"

namespace skald::grpc_edge {
namespace {

absl::Status CheckCorrelationId(const std::string& correlation_id) {
  if (correlation_id.size() <= core::kCorrelationIdBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("correlation_id: ", correlation_id.size(),
                                                 " bytes, more than kCorrelationIdBytesMax (",
                                                 core::kCorrelationIdBytesMax, ")"));
}

// The task may be one of another workflow: of a sub-workflow, which is the one to be asked.
absl::StatusOr<core::Trigger> ToTrigger(const v1::RerunRequest& request) {
  RETURN_IF_ERROR(CheckReason(request.reason()));
  RETURN_IF_ERROR(CheckCorrelationId(request.correlation_id()));
  if (!request.task_id().empty() && !request.reference().empty()) {
    return absl::InvalidArgumentError("task_id or reference: one of them at most");
  }
  core::RerunWorkflow rerun;
  if (!request.task_id().empty()) {
    ASSIGN_OR_RETURN(const TaskName name, ParseTaskId(request.task_id()));
    rerun.task = name.task;
  }
  rerun.reference = request.reference();
  rerun.actor = ActorOr(request.actor());
  rerun.reason = request.reason();
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
  RETURN_IF_ERROR(CheckReason(request.reason()));
  core::SkipTask skip;
  skip.reference = request.reference();
  skip.actor = ActorOr(request.actor());
  skip.reason = request.reason();
  if (!request.task_input().empty()) {
    ASSIGN_OR_RETURN(skip.input, ToObjectPayload(request.task_input(), "task_input"));
  }
  ASSIGN_OR_RETURN(skip.output, ToObjectPayload(request.task_output(), "task_output"));
  return core::Trigger(std::move(skip));
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::UpdateVariablesRequest& request) {
  RETURN_IF_ERROR(CheckReason(request.reason()));
  core::UpdateVariables update;
  update.actor = ActorOr(request.actor());
  update.reason = request.reason();
  ASSIGN_OR_RETURN(update.variables, ToObjectPayload(request.variables(), "variables"));
  return core::Trigger(std::move(update));
}

}  // namespace

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Restart(Context* context,
                                                           const v1::RestartRequest* request,
                                                           v1::ActionResponse* response) {
  if (request->use_latest_definition()) return RestartLatest(context, request, response);
  auto trigger = ToTrigger<core::RestartWorkflow>(*request);
  if (trigger.ok()) std::get<core::RestartWorkflow>(*trigger).force = request->force();
  return Send(context, request->namespace_(), request->workflow_id(), std::move(trigger), response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Retry(Context* context,
                                                         const v1::RetryRequest* request,
                                                         v1::ActionResponse* response) {
  auto trigger = ToTrigger<core::RetryWorkflow>(*request);
  if (trigger.ok()) {
    std::get<core::RetryWorkflow>(*trigger).resume_sub_workflows = request->resume_sub_workflows();
  }
  return Send(context, request->namespace_(), request->workflow_id(), std::move(trigger), response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Rerun(Context* context,
                                                         const v1::RerunRequest* request,
                                                         v1::ActionResponse* response) {
  const auto of_task = ParseTaskId(request->task_id());
  const std::string workflow_id =
      of_task.ok() ? of_task->workflow.ToString() : request->workflow_id();
  if (workflow_id == request->workflow_id()) {
    return Send(context, request->namespace_(), workflow_id, ToTrigger(*request), response);
  }
  const auto trigger = ToTrigger(*request);
  if (!trigger.ok()) return FinishNow(context, ToGrpc(trigger.status()));
  const auto space = ToNamespace(request->namespace_());
  const auto root = ToWorkflowId(request->workflow_id());
  if (!space.ok() || !root.ok()) {
    return FinishNow(context, ToGrpc(space.ok() ? root.status() : space.status()));
  }
  Reactor* reactor = context->DefaultReactor();
  const core::WorkflowId id = of_task->workflow;
  const absl::Status queued = pool_.Run([=, this, space = *space, root = *root] {
    if (const absl::Status within = StandsWithin(space, id, root); !within.ok()) {
      return reactor->Finish(ToGrpc(within));
    }
    engine_.Send(space, id, *trigger, [reactor, response](absl::StatusOr<core::Answer> answer) {
      if (answer.ok()) response->set_changed(*answer == core::Answer::kRecorded);
      reactor->Finish(ToGrpc(answer.status()));
    });
  });
  if (!queued.ok()) reactor->Finish(ToGrpc(queued));
  return reactor;
}

// A workflow's parents are stored with its start.
absl::Status WorkflowServiceImpl::StandsWithin(const std::string& name_space,
                                               const core::WorkflowId& id,
                                               const core::WorkflowId& root) {
  core::WorkflowId at = id;
  for (std::size_t depth = 0; at != root && depth <= core::kWorkflowNestingMax; ++depth) {
    const auto view = reader_.ReadStored(name_space, at);
    if (!view.ok()) return view.status();
    at = (*view)->state.start.parent;
    if (at.is_nil()) break;
  }
  if (at == root) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("task_id: ", id.ToString(), " is no sub-workflow of ", root.ToString()));
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::SkipTask(Context* context,
                                                            const v1::SkipTaskRequest* request,
                                                            v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(), ToTrigger(*request),
              response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::UpdateVariables(
    Context* context, const v1::UpdateVariablesRequest* request, v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(), ToTrigger(*request),
              response);
}

}  // namespace skald::grpc_edge
