#include "tests/bench/engine_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "skald/v1/definition.grpc.pb.h"

namespace skald::bench {
namespace {

constexpr std::chrono::seconds kStartDeadline(60);

void WaitForEngine(grpc::ClientContext& context) {
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + kStartDeadline);
}

}  // namespace

std::shared_ptr<grpc::Channel> ConnectEngine(const std::string& address) {
  constexpr int kReconnectMs = 20;  // a restarted engine should be seen at once
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

bool IsTransient(int code) {
  return code == grpc::StatusCode::RESOURCE_EXHAUSTED || code == grpc::StatusCode::UNAVAILABLE;
}

absl::Status FromGrpc(const grpc::Status& status, const std::string& what) {
  return {static_cast<absl::StatusCode>(status.error_code()),
          absl::StrCat(what, ": ", status.error_message())};
}

absl::Status RegisterDefinitions(const std::shared_ptr<grpc::Channel>& channel,
                                 const std::vector<std::string>& tasks,
                                 const std::vector<std::string>& workflows) {
  const auto stub = v1::DefinitionService::NewStub(channel);
  for (const std::string& task : tasks) {
    grpc::ClientContext context;
    WaitForEngine(context);
    v1::RegisterTaskRequest request;
    request.set_definition(task);
    v1::RegisterTaskResponse response;
    RETURN_IF_ERROR(FromGrpc(stub->RegisterTask(&context, request, &response), "register " + task));
  }
  for (const std::string& workflow : workflows) {
    grpc::ClientContext context;
    WaitForEngine(context);
    v1::RegisterWorkflowRequest request;
    request.set_definition(workflow);
    request.set_overwrite(true);
    v1::RegisterWorkflowResponse response;
    RETURN_IF_ERROR(
        FromGrpc(stub->RegisterWorkflow(&context, request, &response), "register " + workflow));
  }
  return absl::OkStatus();
}

}  // namespace skald::bench
