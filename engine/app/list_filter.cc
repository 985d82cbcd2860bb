#include "engine/app/list_filter.h"

namespace skald::app {

bool ListFilter::empty() const {
  return name.empty() && correlation_id.empty() && parent.empty() && statuses.empty() &&
         saga_statuses.empty();
}

absl::StatusOr<v1::ListRequest> ListFilter::ToRequest() const {
  v1::ListRequest request;
  request.set_name(name);
  request.set_correlation_id(correlation_id);
  request.set_parent_workflow_id(parent);
  for (const std::string& wanted : statuses) {
    v1::WorkflowStatus status;
    if (!v1::WorkflowStatus_Parse("WORKFLOW_STATUS_" + wanted, &status)) {
      return absl::InvalidArgumentError("--status " + wanted +
                                        ": RUNNING, PAUSED, COMPLETED, "
                                        "FAILED, TIMED_OUT or TERMINATED expected");
    }
    request.add_statuses(status);
  }
  for (const std::string& wanted : saga_statuses) {
    v1::SagaStatus status;
    if (!v1::SagaStatus_Parse("SAGA_STATUS_" + wanted, &status)) {
      return absl::InvalidArgumentError("--saga-status " + wanted +
                                        ": a saga status such as PARKED expected");
    }
    request.add_saga_statuses(status);
  }
  return request;
}

void AddListFilter(CLI::App& command, ListFilter& filter) {
  command.add_option("--name", filter.name, "Definition");
  command.add_option("--correlation-id", filter.correlation_id, "Correlation id");
  command.add_option("--parent", filter.parent, "Sub-workflows of this workflow");
  command.add_option("--status", filter.statuses, "RUNNING, PAUSED, COMPLETED, …");
  command.add_option("--saga-status", filter.saga_statuses, "PARKED, COMPENSATED, …");
}

}  // namespace skald::app
