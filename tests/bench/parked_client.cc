#include "tests/bench/parked_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "skald/v1/admin.grpc.pb.h"
#include "skald/v1/workflow.grpc.pb.h"
#include "tests/bench/engine_client.h"
#include "tests/bench/scenario.h"

namespace skald::bench {
namespace {

using Clock = std::chrono::system_clock;

constexpr std::chrono::seconds kParkedPatience(120);
constexpr std::chrono::milliseconds kParkedPoll(5);
constexpr uint32_t kParkedStartsPerCall = 500;
constexpr char kUntilSignal[] = "parked_signal";
constexpr char kUntilTime[] = "parked_timer";

absl::StatusOr<v1::Node> GetNode(const std::shared_ptr<grpc::Channel>& channel,
                                 Clock::time_point deadline) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(deadline);
  v1::Node node;
  RETURN_IF_ERROR(
      FromGrpc(v1::AdminService::NewStub(channel)->GetNode(&context, v1::GetNodeRequest(), &node),
               "get node"));
  return node;
}

v1::StartManyRequest Starts(uint32_t count) {
  v1::StartManyRequest request;
  for (uint32_t i = 0; i < count; ++i) {
    v1::StartRequest& start = *request.add_starts();
    start.set_name(i % 2 == 0 ? kUntilSignal : kUntilTime);
    start.set_input(WorkflowInput(i));
  }
  return request;
}

// Starts up to `count` workflows; returns how many were accepted.
absl::StatusOr<uint32_t> StartSome(v1::WorkflowService::Stub& stub, uint32_t count) {
  grpc::ClientContext context;
  v1::StartManyResponse response;
  const grpc::Status status = stub.StartMany(&context, Starts(count), &response);
  if (!IsTransient(status.error_code())) {
    RETURN_IF_ERROR(FromGrpc(status, "start workflows"));
  }
  uint32_t accepted = 0;
  for (const v1::StartManyResponse::Outcome& outcome : response.outcomes()) {
    if (outcome.code() == grpc::StatusCode::OK) {
      ++accepted;
    } else if (!IsTransient(outcome.code())) {
      return absl::InternalError(absl::StrCat("start a workflow: ", outcome.error()));
    }
  }
  return accepted;
}

}  // namespace

ParkedClient::ParkedClient(const std::string& address) : channel_(ConnectEngine(address)) {}

absl::Status ParkedClient::AwaitReady() {
  const Clock::time_point deadline = Clock::now() + kParkedPatience;
  while (Clock::now() < deadline) {
    const absl::StatusOr<v1::Node> node = GetNode(channel_, deadline);
    if (node.ok() && node->ready()) {
      return absl::OkStatus();
    }
    std::this_thread::sleep_for(kParkedPoll);
  }
  return absl::DeadlineExceededError("the engine did not become ready");
}

absl::Status ParkedClient::Start(uint32_t workflows) {
  RETURN_IF_ERROR(RegisterDefinitions(
      channel_, {}, {ParkedDefinition(kUntilSignal, true), ParkedDefinition(kUntilTime, false)}));
  const auto stub = v1::WorkflowService::NewStub(channel_);
  const Clock::time_point deadline = Clock::now() + kParkedPatience;
  while (workflows > 0) {
    ASSIGN_OR_RETURN(const uint32_t accepted,
                     StartSome(*stub, std::min(workflows, kParkedStartsPerCall)));
    workflows -= accepted;
    if (accepted == 0) {
      std::this_thread::sleep_for(kParkedPoll);
    }
    if (Clock::now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(workflows, " workflows not yet accepted"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ParkedClient::AwaitParked(uint64_t active_max) {
  const Clock::time_point deadline = Clock::now() + kParkedPatience;
  uint64_t active = 0;
  do {
    ASSIGN_OR_RETURN(const v1::Node node, GetNode(channel_, deadline));
    active = node.active_workflows();
    if (active <= active_max) {
      return active;
    }
    std::this_thread::sleep_for(kParkedPoll);
  } while (Clock::now() < deadline);
  return absl::DeadlineExceededError(absl::StrCat(active, " workflows are still in memory"));
}

}  // namespace skald::bench
