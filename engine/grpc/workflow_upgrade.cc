// WorkflowService: what gives a workflow another definition of its name.
#include <utility>

#include "engine/base/status.h"
#include "engine/core/upgrade_diff.h"
#include "engine/core/upgrade_rules.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/triggers.h"
#include "engine/grpc/unary.h"
#include "engine/grpc/workflow_service.h"

namespace skald::grpc_edge {
namespace {

v1::UpgradeResponse::Difference::Change ToProto(core::StepChange change) {
  switch (change) {
    case core::StepChange::kAdded:
      return v1::UpgradeResponse::Difference::CHANGE_ADDED;
    case core::StepChange::kRemoved:
      return v1::UpgradeResponse::Difference::CHANGE_REMOVED;
    case core::StepChange::kChanged:
      return v1::UpgradeResponse::Difference::CHANGE_CHANGED;
  }
  return v1::UpgradeResponse::Difference::CHANGE_UNSPECIFIED;
}

void FillDifferences(const core::Definition& from, const core::Definition& to,
                     v1::UpgradeResponse& response) {
  response.set_from_version(from.version);
  response.set_to_version(to.version);
  core::DefinitionDifferences differences = core::DifferencesOf(from, to);
  for (std::string& field : differences.fields) response.add_workflow_fields(std::move(field));
  for (core::StepDifference& step : differences.steps) {
    auto& message = *response.add_steps();
    message.set_change(ToProto(step.change));
    message.set_reference(std::move(step.reference));
    message.set_type(std::string(core::Name(step.type)));
    for (std::string& field : step.fields) message.add_fields(std::move(field));
  }
}

void FillRefusals(const core::Definition& from, const core::Definition& to,
                  const core::State& state, v1::UpgradeResponse& response) {
  if (from.id == to.id) return;
  for (core::UpgradeRefusal& refusal : core::UpgradeRefusals(from, to, state)) {
    auto& message = *response.add_refusals();
    message.set_reference(std::move(refusal.reference));
    message.set_what(std::move(refusal.what));
    message.set_why(std::move(refusal.why));
  }
}

// Which workflow, and the trigger that is still without its definition.
template <typename T>
struct Wish {
  std::string name_space;
  core::WorkflowId id;
  T trigger;
};

template <typename T, typename Request>
absl::StatusOr<Wish<T>> ToWish(const Request& request) {
  Wish<T> wish;
  ASSIGN_OR_RETURN(wish.name_space, ToNamespace(request.namespace_()));
  ASSIGN_OR_RETURN(wish.id, ToWorkflowId(request.workflow_id()));
  ASSIGN_OR_RETURN(wish.trigger, ToAction<T>(request));
  return wish;
}

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
  auto wish = ToWish<core::RestartWorkflow>(*request);
  if (!wish.ok()) return FinishNow(context, ToGrpc(wish.status()));
  wish->trigger.force = request->force();
  Reactor* reactor = context->DefaultReactor();
  const absl::Status queued = pool_.Run([=, this, wish = *std::move(wish)]() mutable {
    const auto view = reader_.ReadStored(wish.name_space, wish.id);
    if (!view.ok()) return reactor->Finish(ToGrpc(view.status()));
    auto newest = reader_.FindDefinition(wish.name_space, (*view)->state.start.name, 0);
    if (!newest.ok()) return reactor->Finish(ToGrpc(newest.status()));
    wish.trigger.definition = *std::move(newest);
    engine_.Send(wish.name_space, wish.id, std::move(wish.trigger), Finishing(reactor, response));
  });
  if (!queued.ok()) reactor->Finish(ToGrpc(queued));
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Upgrade(Context* context,
                                                           const v1::UpgradeRequest* request,
                                                           v1::UpgradeResponse* response) {
  auto wish = ToWish<core::UpgradeWorkflow>(*request);
  if (wish.ok() && request->version() < 0) {
    wish = absl::InvalidArgumentError("version: a definition's version, or 0, expected");
  }
  if (!wish.ok()) return FinishNow(context, ToGrpc(wish.status()));
  Reactor* reactor = context->DefaultReactor();
  const absl::Status queued = pool_.Run([=, this, wish = *std::move(wish)]() mutable {
    const auto view = reader_.ReadStored(wish.name_space, wish.id);
    if (!view.ok()) return reactor->Finish(ToGrpc(view.status()));
    const core::Definition& from = *(*view)->definition;
    auto to = reader_.FindDefinition(wish.name_space, from.name, request->version());
    if (!to.ok()) return reactor->Finish(ToGrpc(to.status()));
    FillDifferences(from, **to, *response);
    if (request->dry_run()) {
      FillRefusals(from, **to, (*view)->state, *response);
      return reactor->Finish(grpc::Status::OK);
    }
    wish.trigger.definition = *std::move(to);
    engine_.Send(wish.name_space, wish.id, std::move(wish.trigger), Finishing(reactor, response));
  });
  if (!queued.ok()) reactor->Finish(ToGrpc(queued));
  return reactor;
}

}  // namespace skald::grpc_edge
