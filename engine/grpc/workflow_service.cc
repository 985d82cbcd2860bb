#include "engine/grpc/workflow_service.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/checker.h"
#include "engine/core/limits.h"
#include "engine/grpc/action_request.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/task_id.h"
#include "engine/grpc/unary.h"

namespace skald::grpc_edge {
namespace {

constexpr int kStartsMax = 1'000;
constexpr std::uint32_t kListPageDefault = 100;
constexpr std::uint32_t kListPageMax = 1'000;
constexpr std::uint32_t kHistoryPageDefault = 1'000;
constexpr std::uint32_t kHistoryPageMax = 10'000;

absl::StatusOr<ports::Page> ToPage(std::uint32_t size, const std::string& token) {
  if (size > kListPageMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", size, ", at most ", kListPageMax, " expected"));
  }
  return ports::Page{size == 0 ? kListPageDefault : size, token};
}

absl::StatusOr<ports::WorkflowFilter> ToFilter(const v1::ListRequest& request) {
  ports::WorkflowFilter filter;
  ASSIGN_OR_RETURN(filter.name_space, ToNamespace(request.namespace_()));
  filter.name = request.name();
  filter.correlation_id = request.correlation_id();
  if (!request.parent_workflow_id().empty()) {
    ASSIGN_OR_RETURN(filter.parent, ToWorkflowId(request.parent_workflow_id()));
  }
  for (const int status : request.statuses()) {
    filter.statuses.push_back(FromProto(static_cast<v1::WorkflowStatus>(status)));
  }
  for (const int status : request.saga_statuses()) {
    filter.saga_statuses.push_back(FromProto(static_cast<v1::SagaStatus>(status)));
  }
  filter.started_from = request.started_from_us();
  filter.started_before = request.started_before_us();
  return filter;
}

absl::StatusOr<core::Trigger> ToTrigger(const v1::UpdateTaskRequest& request) {
  RETURN_IF_ERROR(CheckReason(request.reason()));
  if (request.task_id().empty() == request.reference().empty()) {
    return absl::InvalidArgumentError("task_id or reference: one of them expected");
  }
  core::UpdateTask update;
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
  update.status = static_cast<core::TaskStatus>(static_cast<int>(request.status()) - 1);
  ASSIGN_OR_RETURN(update.output, ToObjectPayload(request.output(), "output"));
  update.reason = request.reason();
  update.effect = FromProto(request.effect());
  update.actor = ActorOr(request.actor());
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
    return FinishNow(
        context,
        ToGrpc(absl::InvalidArgumentError(absl::StrCat(
            "starts: ", request->starts_size(), " entries, 1 to ", kStartsMax, " expected"))));
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
  Reactor* reactor = context->DefaultReactor();
  const ViewOptions options{.without_payloads = request->without_payloads()};
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
    const auto order = request->order() == v1::ListRequest::ORDER_OLDEST_FIRST
                           ? ports::WorkflowOrder::kOldestFirst
                           : ports::WorkflowOrder::kNewestFirst;
    const auto found = catalog_.ListWorkflows(*filter, order, *page);
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
          "page_size: ", request->page_size(), ", at most ", kHistoryPageMax, " expected")));
    }
    const auto view = reader_.ReadStored(*name_space, *id);
    if (!view.ok()) return ToGrpc(view.status());
    const std::uint32_t count =
        request->page_size() == 0 ? kHistoryPageDefault : request->page_size();
    const auto events = reader_.ReadEvents(*id, request->after_seq(), count);
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
              ToTrigger<core::PauseWorkflow>(*request), response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Resume(Context* context,
                                                          const v1::ActionRequest* request,
                                                          v1::ActionResponse* response) {
  return Send(context, request->namespace_(), request->workflow_id(),
              ToTrigger<core::ResumeWorkflow>(*request), response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Terminate(Context* context,
                                                             const v1::TerminateRequest* request,
                                                             v1::ActionResponse* response) {
  auto trigger = ToTrigger<core::TerminateWorkflow>(*request);
  if (trigger.ok()) {
    auto& terminate = std::get<core::TerminateWorkflow>(*trigger);
    terminate.abandon = request->abandon();
    terminate.trigger_failure_workflow = request->trigger_failure_workflow();
  }
  return Send(context, request->namespace_(), request->workflow_id(), std::move(trigger), response);
}

WorkflowServiceImpl::Reactor* WorkflowServiceImpl::Compensate(Context* context,
                                                              const v1::CompensateRequest* request,
                                                              v1::ActionResponse* response) {
  auto trigger = ToTrigger<core::CompensateWorkflow>(*request);
  if (trigger.ok()) std::get<core::CompensateWorkflow>(*trigger).force = request->force();
  return Send(context, request->namespace_(), request->workflow_id(), std::move(trigger), response);
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

}  // namespace skald::grpc_edge
