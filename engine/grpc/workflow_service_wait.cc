// The calls of WorkflowService that wait for a workflow, and those that look for what waits.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/execution.h"
#include "engine/grpc/signal_call.h"
#include "engine/grpc/triggers.h"
#include "engine/grpc/unary.h"
#include "engine/grpc/workflow_service.h"

namespace skald::grpc_edge {
namespace {

// One call that an Execution answers. Deletes itself when gRPC is done with it.
class WaitReactor final : public grpc::ServerUnaryReactor {
 public:
  // Engine, reader and `open_calls` outlive it.
  WaitReactor(runtime::Engine& engine, WorkflowReader& reader, const std::string& name_space,
              const v1::WaitFor& wait_for, std::atomic<std::int64_t>& open_calls,
              v1::ExecuteResponse* response)
      : open_calls_(open_calls),
        execution_(std::make_shared<Execution>(engine, reader, name_space, wait_for,
                                               [this, response](Execution::Answer answer) {
                                                 if (answer.ok()) *response = *std::move(answer);
                                                 Finish(ToGrpc(answer.status()));
                                               })) {}

  const std::shared_ptr<Execution>& execution() const { return execution_; }

  void OnCancel() override {
    execution_->GiveUp(absl::CancelledError("the call was cancelled; the workflow goes on"));
  }
  void OnDone() override {
    --open_calls_;
    delete this;
  }

 private:
  std::atomic<std::int64_t>& open_calls_;
  const std::shared_ptr<Execution> execution_;  // shared with its own callbacks
};

}  // namespace

absl::Status WorkflowServiceImpl::CheckWait(const v1::WaitFor& wait_for) const {
  if (waiting_calls_ >= kExecutionsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat(core::FixedBound("kExecutionsMax", kExecutionsMax, kLimitsHeader),
                     ": so many calls wait already"));
  }
  return CheckWaitFor(wait_for);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Execute(Context* context,
                                                           const v1::ExecuteRequest* request,
                                                           v1::ExecuteResponse* response) {
  const auto name_space = ToNamespace(request->start().namespace_());
  if (!name_space.ok()) return FinishNow(context, ToGrpc(name_space.status()));
  if (const absl::Status status = CheckWait(request->wait_for()); !status.ok()) {
    return FinishNow(context, ToGrpc(status));
  }
  ++waiting_calls_;
  auto* reactor =
      new WaitReactor(engine_, reader_, *name_space, request->wait_for(), waiting_calls_, response);
  starter_.Start({request->start()},
                 [execution = reactor->execution()](std::vector<Starter::Outcome> outcomes) {
                   const Starter::Outcome& outcome = outcomes.front();
                   if (!outcome.ok()) return execution->GiveUp(outcome.status());
                   execution->Wait(outcome->id, outcome->existed);
                 });
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Await(Context* context,
                                                         const v1::AwaitRequest* request,
                                                         v1::ExecuteResponse* response) {
  const auto name_space = ToNamespace(request->namespace_());
  if (!name_space.ok()) return FinishNow(context, ToGrpc(name_space.status()));
  const auto id = ToWorkflowId(request->workflow_id());
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  if (const absl::Status status = CheckWait(request->wait_for()); !status.ok()) {
    return FinishNow(context, ToGrpc(status));
  }
  ++waiting_calls_;
  auto* reactor =
      new WaitReactor(engine_, reader_, *name_space, request->wait_for(), waiting_calls_, response);
  // Held here: the reactor may be gone when the wait is over.
  const std::shared_ptr<Execution> execution = reactor->execution();
  execution->Wait(*id, true);
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Signal(Context* context,
                                                          const v1::SignalRequest* request,
                                                          v1::ActionResponse* response) {
  const auto name_space = ToNamespace(request->namespace_());
  if (!name_space.ok()) return FinishNow(context, ToGrpc(name_space.status()));
  const auto id = ToWorkflowId(request->workflow_id());
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  auto signal = ToSignal(*request);
  if (!signal.ok()) return FinishNow(context, ToGrpc(signal.status()));
  Reactor* reactor = context->DefaultReactor();
  std::make_shared<SignalCall>(engine_, reader_, *name_space, *std::move(signal),
                               [reactor, response](const absl::StatusOr<core::WorkflowId>& taken) {
                                 if (taken.ok()) {
                                   response->set_changed(true);
                                   response->set_workflow_id(taken->ToString());
                                 }
                                 reactor->Finish(ToGrpc(taken.status()));
                               })
      ->Send(*id);
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::SendMessage(
    Context* context, const v1::SendMessageRequest* request, v1::SendMessageResponse* response) {
  const auto name_space = ToNamespace(request->namespace_());
  if (!name_space.ok()) return FinishNow(context, ToGrpc(name_space.status()));
  const auto id = ToWorkflowId(request->workflow_id());
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  auto payload = ToObjectPayload(request->payload(), "payload");
  if (!payload.ok()) return FinishNow(context, ToGrpc(payload.status()));
  auto message = ToAction<core::SendMessage>(*request);
  if (!message.ok()) return FinishNow(context, ToGrpc(message.status()));
  message->named = !request->message_id().empty();
  message->id = message->named ? request->message_id() : starter_.FreshId().ToString();
  message->payload = *std::move(payload);
  response->set_message_id(message->id);
  Reactor* reactor = context->DefaultReactor();
  engine_.Send(*name_space, *id, *std::move(message),
               [reactor, response](const absl::StatusOr<core::Answer>& answer) {
                 if (answer.ok()) response->set_existed(*answer == core::Answer::kUnchanged);
                 reactor->Finish(ToGrpc(answer.status()));
               });
  return reactor;
}

}  // namespace skald::grpc_edge
