#include "engine/grpc/workflow_service.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/checker.h"
#include "engine/core/limits.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/list_request.h"
#include "engine/grpc/task_id.h"
#include "engine/grpc/triggers.h"
#include "engine/grpc/unary.h"

namespace skald::grpc_edge {
namespace {

constexpr std::uint32_t kHistoryPageDefault = 1'000;
constexpr std::size_t kHistoryPageBytes = 64 << 20;  // and the row of events that passes it

}  // namespace

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Start(Context* context,
                                                         const v1::StartRequest* request,
                                                         v1::StartResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  starter_.Start({*request}, [reactor, response](std::vector<Starter::Outcome> outcomes) {
    const Starter::Outcome& outcome = outcomes.front();
    if (outcome.ok()) {
      response->set_workflow_id(outcome->id.ToString());
      response->set_existed(outcome->existed);
    }
    reactor->Finish(ToGrpc(outcome.status()));
  });
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::StartMany(Context* context,
                                                             const v1::StartManyRequest* request,
                                                             v1::StartManyResponse* response) {
  if (request->starts_size() < 1 || request->starts_size() > kStartsMax) {
    return FinishNow(context,
                     ToGrpc(absl::InvalidArgumentError(absl::StrCat(
                         "starts: ", request->starts_size(), " entries, 1 to ",
                         core::FixedBound("kStartsMax", kStartsMax, kLimitsHeader), " expected"))));
  }
  Reactor* reactor = context->DefaultReactor();
  starter_.Start({request->starts().begin(), request->starts().end()},
                 [reactor, response](std::vector<Starter::Outcome> outcomes) {
                   for (const Starter::Outcome& outcome : outcomes) {
                     auto& message = *response->add_outcomes();
                     if (outcome.ok()) {
                       message.set_workflow_id(outcome->id.ToString());
                       message.set_existed(outcome->existed);
                       continue;
                     }
                     message.set_code(static_cast<int>(outcome.status().code()));
                     message.set_error(std::string(outcome.status().message()));
                     message.set_retry_after_ms(RetryAfterMs(outcome.status()));
                   }
                   reactor->Finish(grpc::Status::OK);
                 });
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Get(Context* context,
                                                       const v1::GetRequest* request,
                                                       v1::Workflow* response) {
  const auto name_space = ToNamespace(request->namespace_());
  if (!name_space.ok()) return FinishNow(context, ToGrpc(name_space.status()));
  const auto id = ToWorkflowId(request->workflow_id());
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  if (request->task_page_size() > kTaskPageMax || request->tasks_after() < 0) {
    return FinishNow(context, ToGrpc(absl::InvalidArgumentError(absl::StrCat(
                                  "task_page_size: ", request->task_page_size(), ", at most ",
                                  core::FixedBound("kTaskPageMax", kTaskPageMax, kLimitsHeader),
                                  " expected; tasks_after: 0 or more"))));
  }
  Reactor* reactor = context->DefaultReactor();
  const ViewOptions options{
      .without_payloads = request->without_payloads(),
      .tasks_after = static_cast<core::TaskNumber>(request->tasks_after()),
      .task_page_size = request->task_page_size() == 0 ? kTaskPageMax : request->task_page_size()};
  reader_.Read(*name_space, *id,
               [reactor, response, options](absl::StatusOr<WorkflowReader::View> view) {
                 if (view.ok()) ToProto(**view, options, *response);
                 reactor->Finish(ToGrpc(view.status()));
               });
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::List(Context* context,
                                                        const v1::ListRequest* request,
                                                        v1::ListResponse* response) {
  return RunOnPool(context, pool_, [this, request, response] {
    const auto filter = ToFilter(*request);
    if (!filter.ok()) return ToGrpc(filter.status());
    const auto page = ToPage(request->page_size(), request->page_token());
    if (!page.ok()) return ToGrpc(page.status());
    const auto found = catalog_.ListWorkflows(*filter, ToOrder(*request), *page);
    if (!found.ok()) return ToGrpc(found.status());
    for (const ports::WorkflowSummary& summary : found->items) {
      ToProto(summary, *response->add_workflows());
    }
    response->set_next_page_token(found->next_token);
    return grpc::Status::OK;
  });
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::History(Context* context,
                                                           const v1::HistoryRequest* request,
                                                           v1::HistoryResponse* response) {
  return RunOnPool(context, pool_, [this, request, response] {
    const auto name_space = ToNamespace(request->namespace_());
    if (!name_space.ok()) return ToGrpc(name_space.status());
    const auto id = ToWorkflowId(request->workflow_id());
    if (!id.ok()) return ToGrpc(id.status());
    if (request->page_size() > kHistoryPageMax) {
      return ToGrpc(absl::InvalidArgumentError(absl::StrCat(
          "page_size: ", request->page_size(), ", at most ",
          core::FixedBound("kHistoryPageMax", kHistoryPageMax, kLimitsHeader), " expected")));
    }
    const auto view = reader_.ReadStored(*name_space, *id);
    if (!view.ok()) return ToGrpc(view.status());
    const std::uint32_t count =
        request->page_size() == 0 ? kHistoryPageDefault : request->page_size();
    const auto events = reader_.ReadEvents(*id, request->after_seq(), count, kHistoryPageBytes);
    if (!events.ok()) return ToGrpc(events.status());
    for (const core::Event& event : *events) {
      ToProto(event, (*view)->definition->masked, *response->add_events());
    }
    const core::EventSeq last = events->empty() ? request->after_seq() : events->back().seq;
    response->set_more(last < (*view)->state.seq);
    return grpc::Status::OK;
  });
}

grpc::ServerWriteReactor<v1::WatchResponse>* WorkflowServiceImpl::Watch(
    Context*, const v1::WatchRequest* request) {
  return new WatchStream(*request, engine_, reader_, pool_);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Send(Context* context,
                                                        const std::string& name_space,
                                                        const std::string& workflow_id,
                                                        absl::StatusOr<core::Trigger> trigger,
                                                        v1::ActionResponse* response) {
  const auto space = ToNamespace(name_space);
  if (!space.ok()) return FinishNow(context, ToGrpc(space.status()));
  const auto id = ToWorkflowId(workflow_id);
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  if (!trigger.ok()) return FinishNow(context, ToGrpc(trigger.status()));
  Reactor* reactor = context->DefaultReactor();
  engine_.Send(*space, *id, *std::move(trigger),
               [reactor, response](absl::StatusOr<core::Answer> answer) {
                 if (answer.ok()) response->set_changed(*answer == core::Answer::kRecorded);
                 reactor->Finish(ToGrpc(answer.status()));
               });
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::UpdateTask(Context* context,
                                                              const v1::UpdateTaskRequest* request,
                                                              v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(), ToTrigger(*request),
              response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Pause(Context* context,
                                                         const v1::ActionRequest* request,
                                                         v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(),
              ToAction<core::PauseWorkflow>(*request), response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Resume(Context* context,
                                                          const v1::ActionRequest* request,
                                                          v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(),
              ToAction<core::ResumeWorkflow>(*request), response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Terminate(Context* context,
                                                             const v1::TerminateRequest* request,
                                                             v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(), ToTrigger(*request),
              response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Compensate(Context* context,
                                                              const v1::CompensateRequest* request,
                                                              v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(), ToTrigger(*request),
              response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Operate(Context* context,
                                                           const v1::OperateRequest* request,
                                                           v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(), ToTrigger(*request),
              response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::TaskLogs(Context* context,
                                                            const v1::TaskLogsRequest* request,
                                                            v1::TaskLogsResponse* response) {
  return RunOnPool(context, pool_, [this, request, response] {
    const auto name_space = ToNamespace(request->namespace_());
    if (!name_space.ok()) return ToGrpc(name_space.status());
    const auto name = ParseTaskId(request->task_id());
    if (!name.ok()) return ToGrpc(name.status());
    const auto view = reader_.ReadStored(*name_space, name->workflow);
    if (!view.ok()) return ToGrpc(view.status());
    const auto lines = log_.Read(name->workflow, name->task);
    if (!lines.ok()) return ToGrpc(lines.status());
    for (const ports::TaskLogLine& line : *lines) {
      auto& message = *response->add_lines();
      message.set_at_us(line.at);
      message.set_message(line.message);
    }
    return grpc::Status::OK;
  });
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Verify(Context* context,
                                                          const v1::VerifyRequest* request,
                                                          v1::VerifyResponse* response) {
  return RunOnPool(context, pool_, [this, request, response] {
    const auto name_space = ToNamespace(request->namespace_());
    if (!name_space.ok()) return ToGrpc(name_space.status());
    const auto id = ToWorkflowId(request->workflow_id());
    if (!id.ok()) return ToGrpc(id.status());
    const auto view = reader_.ReadStored(*name_space, *id);
    if (!view.ok()) return ToGrpc(view.status());
    auto events = reader_.ReadEvents(*id, 0, std::numeric_limits<std::size_t>::max());
    if (!events.ok()) return ToGrpc(events.status());
    const auto definition = reader_.AttachDefinitions(*events);
    if (!definition.ok()) return ToGrpc(definition.status());
    for (const core::Violation& violation : core::CheckHistory(**definition, *events)) {
      auto& message = *response->add_violations();
      message.set_invariant(violation.invariant);
      message.set_seq(violation.seq);
      message.set_message(violation.message);
    }
    response->set_events_checked(events->size());
    return grpc::Status::OK;
  });
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Delete(Context* context,
                                                          const v1::ActionRequest* request,
                                                          v1::ActionResponse* response) {
  const auto space = ToNamespace(request->namespace_());
  if (!space.ok()) return FinishNow(context, ToGrpc(space.status()));
  const auto id = ToWorkflowId(request->workflow_id());
  if (!id.ok()) return FinishNow(context, ToGrpc(id.status()));
  const absl::Status reason = CheckReason(request->reason());
  if (!reason.ok()) return FinishNow(context, ToGrpc(reason));
  Reactor* reactor = context->DefaultReactor();
  engine_.Delete({.name_space = *space,
                  .id = *id,
                  .actor = ActorOr(request->actor()),
                  .reason = request->reason()},
                 [reactor, response](const absl::StatusOr<core::Answer>& answer) {
                   response->set_changed(answer.ok());
                   reactor->Finish(ToGrpc(answer.status()));
                 });
  return reactor;
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Bulk(Context* context,
                                                        const v1::BulkRequest* request,
                                                        v1::BulkResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  bulk_.Run(*request, *response,
            [reactor](const absl::Status& status) { reactor->Finish(ToGrpc(status)); });
  return reactor;
}

}  // namespace skald::grpc_edge
