#include "engine/grpc/list_request.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/grpc/convert.h"

namespace skald::grpc_edge {

absl::StatusOr<ports::Page> ToPage(std::uint32_t size, const std::string& token) {
  if (size > kListPageMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", size, ", at most ",
                     core::FixedBound("kListPageMax", kListPageMax, kLimitsHeader), " expected"));
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

ports::WorkflowOrder ToOrder(const v1::ListRequest& request) {
  return request.order() == v1::ListRequest::ORDER_OLDEST_FIRST
             ? ports::WorkflowOrder::kOldestFirst
             : ports::WorkflowOrder::kNewestFirst;
}

}  // namespace skald::grpc_edge
