// WorkflowService: operations on workflows that have ended, and those that change what a running
// one will do.
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/limits.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/task_id.h"
#include "engine/grpc/triggers.h"
#include "engine/grpc/unary.h"
#include "engine/grpc/workflow_service.h"

namespace skald::grpc_edge {

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Restart(Context* context,
                                                           const v1::RestartRequest* request,
                                                           v1::ActionResponse* response) {
  if (request->use_latest_definition()) return RestartLatest(context, request, response);
  return Send(context, request->namespace_(), request->workflow_id(), ToRestart(*request),
              response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Retry(Context* context,
                                                         const v1::RetryRequest* request,
                                                         v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(), ToTrigger(*request),
              response);
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
