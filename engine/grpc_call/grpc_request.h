// GrpcRequest: what the input and the settings of a GRPC step ask for (docs/grpc-step.md).
//
// Pure; knows no gRPC. The request stands under `grpc_request` or in the input itself:
//
//   target      "host:port", "dns:///host:port", or a list of these: replicas of one service
//   method      "package.Service/Method"
//   request     object, default {}
//   metadata    name -> value or list of values; names ending in -bin have base64 values
//   deadlineMs  default and bound: GrpcOptions
//   tls         absent or false: plain text; true: the system's authorities; "name": a profile of
//               the server's settings
//
// Settings: descriptorSet (base64 of a FileDescriptorSet; absent: server reflection), outcome
// ({"UNAVAILABLE":"NONE"}: effects of codes), asyncComplete.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/grpc_call/grpc_outcome.h"
#include "engine/ports/task_runner.h"

namespace skald::grpc_call {

struct HostPort {
  std::string host;  // lower case, without brackets
  std::uint16_t port = 0;

  std::string ToString() const;  // with brackets where needed
};

struct GrpcRequest {
  std::vector<HostPort> targets;
  bool tls = false;
  std::string tls_profile;  // empty: the system's authorities
  std::string service;
  std::string method;
  std::string json;  // object
  std::vector<std::pair<std::string, std::string>> metadata;
  std::int64_t deadline_ms = 0;
  std::string descriptor_set;  // base64
  OutcomeMap outcome;
  bool async_complete = false;

  // Names the connections that it may share.
  std::string ChannelKey() const;
};

struct DeadlineBounds {
  std::int64_t default_ms = 0;
  std::int64_t max_ms = 0;
};

// INVALID_ARGUMENT: what is wrong, where, what was expected. RESOURCE_EXHAUSTED: a bound.
absl::StatusOr<GrpcRequest> ParseRequest(const ports::RunnerTask& task,
                                         const DeadlineBounds& deadline);

// "api.example.com:443", "dns:///[::1]:50051".
absl::StatusOr<HostPort> ParseTarget(std::string_view text);

}  // namespace skald::grpc_call
