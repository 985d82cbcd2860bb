#include "engine/grpc/bulk_runner.h"

#include <atomic>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/definition_change.h"
#include "engine/grpc/list_request.h"
#include "engine/grpc/signal_call.h"
#include "engine/grpc/triggers.h"

namespace skald::grpc_edge {
namespace {

// The request says whom it is for once, for all verbs.
template <typename Request>
absl::Status CheckUnaddressed(const Request& request) {
  if (request.namespace_().empty() && request.workflow_id().empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "namespace and workflow_id within the verb: nothing expected; the bulk request has them");
}

// A task's id would name one of the workflows.
template <typename Request>
absl::Status CheckNoTask(const Request& request) {
  RETURN_IF_ERROR(CheckUnaddressed(request));
  if (request.task_id().empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("task_id: nothing expected; name the step by its reference");
}

template <typename T>
absl::StatusOr<core::Trigger> Common(const v1::ActionRequest& request) {
  RETURN_IF_ERROR(CheckUnaddressed(request));
  return ToAction<T>(request);
}

template <typename Request>
absl::StatusOr<core::Trigger> Own(const Request& request) {
  RETURN_IF_ERROR(CheckUnaddressed(request));
  return ToTrigger(request);
}

template <typename Request>
absl::StatusOr<core::Trigger> ByReference(const Request& request) {
  RETURN_IF_ERROR(CheckNoTask(request));
  return ToTrigger(request);
}

absl::StatusOr<core::Trigger> TriggerOf(const v1::BulkRequest& request) {
  switch (request.verb_case()) {
    case v1::BulkRequest::kPause:
      return Common<core::PauseWorkflow>(request.pause());
    case v1::BulkRequest::kResume:
      return Common<core::ResumeWorkflow>(request.resume());
    case v1::BulkRequest::kTerminate:
      return Own(request.terminate());
    case v1::BulkRequest::kRetry:
      return Own(request.retry());
    case v1::BulkRequest::kRerun:
      return ByReference(request.rerun());
    case v1::BulkRequest::kSkipTask:
      return Own(request.skip_task());
    case v1::BulkRequest::kUpdateVariables:
      return Own(request.update_variables());
    case v1::BulkRequest::kCompensate:
      return Own(request.compensate());
    case v1::BulkRequest::kUpdateTask:
      return ByReference(request.update_task());
    case v1::BulkRequest::kOperate:
      return Own(request.operate());
    default:
      return absl::InvalidArgumentError("verb: one of the verbs expected");
  }
}

// The definition that each is to have is looked up in the catalog.
bool Blocks(const v1::BulkRequest& request) {
  return request.has_upgrade() || request.restart().use_latest_definition();
}

// What is the same for all that go from one definition to another is not said for each.
void Shorten(v1::UpgradeResponse& upgrade) {
  upgrade.clear_workflow_fields();
  upgrade.clear_steps();
  const int beyond = upgrade.refusals_size() - kBulkRefusalsMax;
  if (beyond > 0) upgrade.mutable_refusals()->DeleteSubrange(kBulkRefusalsMax, beyond);
}

void Record(const absl::StatusOr<core::Answer>& answer, v1::BulkResponse::Outcome& outcome) {
  if (answer.ok()) {
    outcome.set_changed(*answer == core::Answer::kRecorded);
    return;
  }
  const grpc::Status status = ToGrpc(answer.status());
  outcome.set_code(static_cast<int>(status.error_code()));
  outcome.set_error(status.error_message());
  outcome.set_retry_after_ms(RetryAfterMs(answer.status()));
}

}  // namespace

void BulkRunner::Run(const v1::BulkRequest& request, v1::BulkResponse& response, Done done) {
  const absl::StatusOr<Act> act = ActOf(request);
  if (!act.ok()) return done(act.status());
  if (request.has_filter() == (request.workflow_ids_size() > 0)) {
    return done(absl::InvalidArgumentError("workflow_ids or filter: one of them expected"));
  }
  if (request.workflow_ids_size() > kBulkMax) {
    return done(absl::InvalidArgumentError(
        absl::StrCat("workflow_ids: ", request.workflow_ids_size(), " entries, at most ",
                     core::FixedBound("kBulkMax", kBulkMax, kLimitsHeader),
                     " expected (bulk_max); send the others in another call")));
  }
  const auto run_listed = [this, &request, &response, act = *act, done] {
    RunListed({request.workflow_ids().begin(), request.workflow_ids().end()}, act, response, done);
  };
  if (!request.has_filter() && !Blocks(request)) return run_listed();
  const absl::Status queued = request.has_filter()
                                  ? pool_.Run([this, &request, &response, act = *act, done] {
                                      RunFiltered(request, act, response, done);
                                    })
                                  : pool_.Run(run_listed);
  if (!queued.ok()) done(queued);
}

absl::StatusOr<BulkRunner::Act> BulkRunner::ActOf(const v1::BulkRequest& request) {
  ASSIGN_OR_RETURN(const std::string name_space, ToNamespace(request.namespace_()));
  if (request.has_delete_()) {
    RETURN_IF_ERROR(CheckUnaddressed(request.delete_()));
    RETURN_IF_ERROR(CheckReason(request.delete_().reason()));
    return DeleteEach(name_space, request.delete_());
  }
  if (request.has_signal()) {
    RETURN_IF_ERROR(CheckUnaddressed(request.signal()));
    ASSIGN_OR_RETURN(const core::SignalWorkflow signal, ToSignal(request.signal()));
    return SignalEach(name_space, signal);
  }
  if (request.has_restart()) return RestartEach(name_space, request.restart());
  if (request.has_upgrade()) return UpgradeEach(name_space, request.upgrade());
  ASSIGN_OR_RETURN(const core::Trigger trigger, TriggerOf(request));
  return SendEach(name_space, trigger);
}

BulkRunner::Act BulkRunner::SendEach(const std::string& name_space, const core::Trigger& trigger) {
  return [this, name_space, trigger](const core::WorkflowId& id, v1::BulkResponse::Outcome&,
                                     runtime::Callback<core::Answer> done) {
    engine_.Send(name_space, id, trigger, std::move(done));
  };
}

absl::StatusOr<BulkRunner::Act> BulkRunner::RestartEach(const std::string& name_space,
                                                        const v1::RestartRequest& request) {
  RETURN_IF_ERROR(CheckUnaddressed(request));
  ASSIGN_OR_RETURN(const core::RestartWorkflow restart, ToRestart(request));
  if (!request.use_latest_definition()) return SendEach(name_space, restart);
  return Act([this, name_space, restart](const core::WorkflowId& id, v1::BulkResponse::Outcome&,
                                         runtime::Callback<core::Answer> done) {
    auto whole = WithNewest(reader_, name_space, id, restart);
    if (!whole.ok()) return done(whole.status());
    engine_.Send(name_space, id, *std::move(whole), std::move(done));
  });
}

absl::StatusOr<BulkRunner::Act> BulkRunner::UpgradeEach(const std::string& name_space,
                                                        const v1::UpgradeRequest& request) {
  RETURN_IF_ERROR(CheckUnaddressed(request));
  ASSIGN_OR_RETURN(const core::UpgradeWorkflow upgrade, ToUpgrade(request));
  return Act([this, name_space, request, upgrade](const core::WorkflowId& id,
                                                  v1::BulkResponse::Outcome& outcome,
                                                  const runtime::Callback<core::Answer>& done) {
    v1::UpgradeResponse said;
    auto whole = WithVersion(reader_, name_space, id, upgrade, request, said);
    if (!whole.ok()) return done(whole.status());
    Shorten(said);
    if (request.dry_run()) {
      *outcome.mutable_upgrade() = std::move(said);
      return done(core::Answer::kUnchanged);
    }
    engine_.Send(name_space, id, *std::move(whole),
                 [&outcome, said, done](const absl::StatusOr<core::Answer>& answer) {
                   if (answer.ok()) {
                     *outcome.mutable_upgrade() = said;
                     outcome.mutable_upgrade()->set_changed(*answer == core::Answer::kRecorded);
                   }
                   done(answer);
                 });
  });
}

BulkRunner::Act BulkRunner::DeleteEach(const std::string& name_space,
                                       const v1::ActionRequest& request) {
  return [this, name_space, actor = ActorOr(request.actor()), reason = request.reason()](
             const core::WorkflowId& id, v1::BulkResponse::Outcome&,
             runtime::Callback<core::Answer> done) {
    engine_.Delete({.name_space = name_space, .id = id, .actor = actor, .reason = reason},
                   std::move(done));
  };
}

BulkRunner::Act BulkRunner::SignalEach(const std::string& name_space,
                                       const core::SignalWorkflow& signal) {
  return [this, name_space, signal](const core::WorkflowId& id, v1::BulkResponse::Outcome&,
                                    const runtime::Callback<core::Answer>& done) {
    std::make_shared<SignalCall>(engine_, reader_, name_space, signal,
                                 [done](const absl::StatusOr<core::WorkflowId>& taken) {
                                   if (!taken.ok()) return done(taken.status());
                                   done(core::Answer::kRecorded);
                                 })
        ->Send(id);
  };
}

// The page is read to its end before anything is done, so that what is done does not move it.
void BulkRunner::RunFiltered(const v1::BulkRequest& request, const Act& act,
                             v1::BulkResponse& response, const Done& done) {
  if (!request.filter().namespace_().empty()) {
    return done(
        absl::InvalidArgumentError("filter.namespace: nothing expected; the bulk request has it"));
  }
  absl::StatusOr<ports::WorkflowFilter> filter = ToFilter(request.filter());
  if (!filter.ok()) return done(filter.status());
  const absl::StatusOr<std::string> name_space = ToNamespace(request.namespace_());
  if (!name_space.ok()) return done(name_space.status());
  filter->name_space = *name_space;
  const auto page = ToPage(request.filter().page_size(), request.filter().page_token());
  if (!page.ok()) return done(page.status());
  const auto found = catalog_.ListWorkflows(*filter, ToOrder(request.filter()), *page);
  if (!found.ok()) return done(found.status());
  response.set_next_page_token(found->next_token);
  std::vector<std::string> ids;
  for (const ports::WorkflowSummary& summary : found->items) ids.push_back(summary.id.ToString());
  RunListed(ids, act, response, done);
}

void BulkRunner::RunListed(const std::vector<std::string>& ids, const Act& act,
                           v1::BulkResponse& response, Done done) {
  // All places are made before the first answer, which may come on another thread.
  for (const std::string& id : ids) response.add_outcomes()->set_workflow_id(id);
  // Shared: by the callbacks. One more than there are, so that the last of them is known to be it.
  auto left = std::make_shared<std::atomic<std::size_t>>(ids.size() + 1);
  const auto finish = [left, done = std::move(done)] {
    if (left->fetch_sub(1) == 1) done(absl::OkStatus());
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    v1::BulkResponse::Outcome& outcome = *response.mutable_outcomes(static_cast<int>(i));
    const absl::StatusOr<core::WorkflowId> id = ToWorkflowId(ids[i]);
    if (!id.ok()) {
      Record(id.status(), outcome);
      finish();
      continue;
    }
    act(*id, outcome, [&outcome, finish](const absl::StatusOr<core::Answer>& answer) {
      Record(answer, outcome);
      finish();
    });
  }
  finish();
}

}  // namespace skald::grpc_edge
