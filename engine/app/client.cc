#include "engine/app/client.h"

#include <chrono>
#include <cstdio>

#include "engine/app/client_json.h"
#include "engine/app/exit_codes.h"
#include "google/rpc/error_model.pb.h"

namespace skald::app {
namespace {

constexpr int kMessageBytesMax = 256 << 20;  // a workflow with many large payloads

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

google::rpc::BadRequest Violations(const grpc::Status& status) {
  google::rpc::Status model;
  google::rpc::BadRequest request;
  if (!model.ParseFromString(status.error_details())) return request;
  for (const auto& detail : model.details()) {
    if (detail.UnpackTo(&request)) break;
  }
  return request;
}

bool IsWhole(const google::rpc::BadRequest& request, const std::string& message) {
  if (request.field_violations_size() != 1) return false;
  const auto& only = request.field_violations(0);
  return message == (only.field().empty() ? "" : only.field() + ": ") + only.description();
}

}  // namespace

Client::Client(const ClientOptions& options) : options_(options) {
  const auto channel = Connect(options.address);
  definitions_ = v1::DefinitionService::NewStub(channel);
  workflows_ = v1::WorkflowService::NewStub(channel);
  admin_ = v1::AdminService::NewStub(channel);
  tests_ = v1::TestService::NewStub(channel);
}

void Client::Prepare(grpc::ClientContext& context) const {
  // gRPC takes deadlines as points of the system clock.
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_seconds(options_.timeout_seconds, GPR_TIMESPAN)));
}

int Client::Fail(const grpc::Status& status) const {
  const google::rpc::BadRequest request = Violations(status);
  if (json()) {
    std::fprintf(stderr, "%s\n", ErrorJson(status, request).c_str());
    return ToExitCode(status.error_code());
  }
  std::string message = status.error_message();
  // One mistake that is the message itself is told once.
  const bool listed = !request.field_violations().empty() && !IsWhole(request, message);
  if (listed) message = message.substr(0, message.find(": "));
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    message += " (server " + options_.address + ")";
  }
  std::fprintf(stderr, "skald: %s\n", message.c_str());
  for (const auto& violation : request.field_violations()) {
    if (!listed) break;
    // What concerns the whole document has no path.
    const std::string where = violation.field().empty() ? "" : violation.field() + ": ";
    std::fprintf(stderr, "  %s%s\n", where.c_str(), violation.description().c_str());
  }
  return ToExitCode(status.error_code());
}

}  // namespace skald::app
