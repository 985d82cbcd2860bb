// CallConfig: the settings of the steps that call out of the server, HTTP and GRPC.
//
// Part of ServerConfig: read from the same file, environment and flags.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/egress_policy.h"
#include "engine/grpc_call/grpc_runner.h"
#include "engine/http_call/http_runner.h"
#include <CLI/CLI.hpp>

namespace skald::app {

struct CallConfig {
  std::string egress_allow;  // rules of engine/base/egress_policy.h, with commas between them
  std::string egress_deny;
  std::uint64_t http_calls_max = 1'000;
  std::uint64_t http_calls_per_host_max = 100;
  std::uint64_t http_request_bytes_max = 10 << 20;
  std::uint64_t http_response_bytes_max = 1 << 20;
  std::uint64_t http_redirects_max = 10;
  std::uint64_t http_attempt_ms_default = 600'000;
  std::string http_ca_file;
  std::uint64_t grpc_calls_max = 1'000;
  std::uint64_t grpc_channels_max = 256;
  std::uint64_t grpc_channel_idle_ms = 300'000;
  std::uint64_t grpc_deadline_ms_default = 30'000;
  std::uint64_t grpc_deadline_ms_max = 600'000;
  std::uint64_t grpc_request_bytes_max = 4 << 20;
  std::uint64_t grpc_response_bytes_max = 1 << 20;
  std::string grpc_tls_profiles;  // name=CA;CERT;KEY, with commas between them

  // `loopback`: steps may call this machine; `skald dev` only.
  // INVALID_ARGUMENT: a rule that is none.
  absl::StatusOr<base::EgressPolicy> ToEgressPolicy(bool loopback) const;
  http_call::HttpOptions ToHttpOptions(base::EgressPolicy egress) const;
  // INVALID_ARGUMENT: a profile of the wrong form.
  absl::StatusOr<grpc_call::GrpcOptions> ToGrpcOptions(base::EgressPolicy egress) const;
};

// Adds the options to a subcommand. `config` outlives it.
void AddCallOptions(CLI::App& command, CallConfig& config);

}  // namespace skald::app
