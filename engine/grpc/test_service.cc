#include "engine/grpc/test_service.h"

#include <string>

#include "engine/grpc/convert.h"
#include "engine/grpc/unary.h"

namespace skald::grpc_edge {
namespace {

void EntryToProto(const ports::RehearsalEntry& entry, v1::TestWorkflowResponse::Entry& message) {
  message.set_at_us(entry.at_us);
  message.set_workflow(entry.workflow);
  message.set_workflow_id(entry.workflow_id);
  message.set_seq(entry.seq);
  message.set_event(entry.event);
  message.set_operation(entry.operation);
  message.set_reference(entry.reference);
  message.set_attempt(entry.attempt);
  message.set_result(entry.result);
}

}  // namespace

void ToProto(const ports::RehearsalReport& report, v1::TestWorkflowResponse& message) {
  message.set_passed(report.passed);
  for (const std::string& difference : report.differences) message.add_differences(difference);
  for (const std::string& warning : report.warnings) message.add_warnings(warning);
  message.set_status(ToProto(report.status));
  message.set_saga_status(ToProto(report.saga_status));
  message.set_reason(report.reason);
  message.set_output(report.output);
  for (const std::string& reference : report.executed) message.add_executed(reference);
  for (const std::string& reference : report.undone) message.add_undone(reference);
  message.set_virtual_us(report.virtual_us);
  for (const ports::RehearsalEntry& entry : report.timeline) {
    EntryToProto(entry, *message.add_timeline());
  }
}

grpc::ServerUnaryReactor* TestServiceImpl::TestWorkflow(grpc::CallbackServerContext* context,
                                                        const v1::TestWorkflowRequest* request,
                                                        v1::TestWorkflowResponse* response) {
  return RunOnPool(context, pool_, [this, request, response] {
    const auto name_space = ToNamespace(request->namespace_());
    if (!name_space.ok()) return ToGrpc(name_space.status());
    const absl::StatusOr<ports::RehearsalReport> report = rehearser_.Rehearse(
        {.name_space = *name_space,
         .definition = request->definition(),
         .name = request->name(),
         .version = request->version(),
         .mocks = request->mocks(),
         .definitions = {request->definitions().begin(), request->definitions().end()}});
    if (!report.ok()) return ToGrpc(report.status());
    ToProto(*report, *response);
    return grpc::Status::OK;
  });
}

}  // namespace skald::grpc_edge
