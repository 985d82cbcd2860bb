// WorkflowService: what gives a workflow another definition of its name.
#include <utility>

#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/definition_change.h"
#include "engine/grpc/triggers.h"
#include "engine/grpc/unary.h"
#include "engine/grpc/workflow_service.h"

namespace skald::grpc_edge {
namespace {

template <typename Response>
auto Finishing(WorkflowServiceImpl::Reactor* reactor, Response* response) {
  return [reactor, response](absl::StatusOr<core::Answer> answer) {
    if (answer.ok()) response->set_changed(*answer == core::Answer::kRecorded);
    reactor->Finish(ToGrpc(answer.status()));
  };
}

}  // namespace

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::RestartLatest(Context* context,
                                                                 const v1::RestartRequest* request,
                                                                 v1::ActionResponse* response) {
  const auto space = ToNamespace(request->namespace_());
  if (!space.ok()) return FinishNow(context, ToGrpc(space.status()));
  const auto id = ToWorkflowId(request->workflow_id());
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  const auto restart = ToRestart(*request);
  if (!restart.ok()) return FinishNow(context, ToGrpc(restart.status()));
  Reactor* reactor = context->DefaultReactor();
  const absl::Status queued = pool_.Run([=, this, space = *space, id = *id, restart = *restart] {
    auto whole = WithNewest(reader_, space, id, restart);
    if (!whole.ok()) return reactor->Finish(ToGrpc(whole.status()));
    engine_.Send(space, id, *std::move(whole), Finishing(reactor, response));
  });
  if (!queued.ok()) reactor->Finish(ToGrpc(queued));
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Upgrade(Context* context,
                                                           const v1::UpgradeRequest* request,
                                                           v1::UpgradeResponse* response) {
  const auto space = ToNamespace(request->namespace_());
  if (!space.ok()) return FinishNow(context, ToGrpc(space.status()));
  const auto id = ToWorkflowId(request->workflow_id());
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  const auto upgrade = ToUpgrade(*request);
  if (!upgrade.ok()) return FinishNow(context, ToGrpc(upgrade.status()));
  Reactor* reactor = context->DefaultReactor();
  const absl::Status queued = pool_.Run([=, this, space = *space, id = *id, upgrade = *upgrade] {
    auto whole = WithVersion(reader_, space, id, upgrade, *request, *response);
    if (!whole.ok()) return reactor->Finish(ToGrpc(whole.status()));
    if (request->dry_run()) return reactor->Finish(grpc::Status::OK);
    engine_.Send(space, id, *std::move(whole), Finishing(reactor, response));
  });
  if (!queued.ok()) reactor->Finish(ToGrpc(queued));
  return reactor;
}

}  // namespace skald::grpc_edge
