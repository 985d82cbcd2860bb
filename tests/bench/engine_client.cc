#include "tests/bench/engine_client.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "skald/v1/definition.grpc.pb.h"
#include "skald/v1/workflow.grpc.pb.h"

namespace skald::bench {
namespace {

void WaitForEngine(grpc::ClientContext& context) {
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + kEngineStartMax);
}

grpc::ChannelArguments Arguments() {
  constexpr int kReconnectMs = 20;  // a restarted engine should be seen at once
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  return arguments;
}

}  // namespace

absl::Status AwaitServing(const std::string& address, std::chrono::milliseconds patience) {
  grpc::ChannelArguments arguments = Arguments();
  // Such a channel is connected when the health service says so. It is asked for a service by its
  // name: of the server as a whole it says something before the engine does.
  arguments.SetServiceConfigJSON(
      absl::StrCat(R"({"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":)",
                   R"({"serviceName":")", v1::WorkflowService::service_full_name(), R"("}})"));
  const auto channel =
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  if (channel->WaitForConnected(std::chrono::system_clock::now() + patience)) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrCat(
      "the engine at ", address, " does not say that it serves, after ", patience.count(), " ms"));
}

std::shared_ptr<grpc::Channel> ConnectEngine(const std::string& address) {
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), Arguments());
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
