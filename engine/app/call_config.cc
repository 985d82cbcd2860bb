#include "engine/app/call_config.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "engine/app/setting.h"
#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::app {
namespace {

// The parts between commas, trimmed, without empty ones.
std::vector<std::string> PartsOf(const std::string& list) {
  std::vector<std::string> parts;
  for (const absl::string_view each : absl::StrSplit(list, ',')) {
    const absl::string_view part = absl::StripAsciiWhitespace(each);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

absl::StatusOr<grpc_call::TlsProfile> ProfileOf(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::vector<std::string> files =
      absl::StrSplit(equals == std::string::npos ? "" : text.substr(equals + 1), ';');
  const bool whole =
      equals != std::string::npos && equals > 0 && (files.size() == 1 || files.size() == 3);
  if (!whole) {
    return absl::InvalidArgumentError(fmt::format(
        "grpc-tls-profiles: \"{}\": expected name=CA_FILE or name=CA_FILE;CERT_FILE;KEY_FILE",
        text));
  }
  grpc_call::TlsProfile profile{.name = text.substr(0, equals), .ca_file = files[0]};
  if (files.size() == 3) {
    profile.cert_file = files[1];
    profile.key_file = files[2];
  }
  return profile;
}

void AddEgressAndHttp(CLI::App& command, CallConfig& config) {
  AddSetting(command, "egress-allow", config.egress_allow,
             "Where HTTP and GRPC steps may connect: addresses, networks, names, *.name, each "
             "with :PORT if wanted; commas between. Empty: anywhere but the built-in list");
  AddSetting(command, "egress-deny", config.egress_deny,
             "Where they may not, whatever is allowed; in the same form");
  AddSetting(command, "http-calls-max", config.http_calls_max, "HTTP steps under way at once")
      ->check(CLI::Range(1, 100'000));
  AddSetting(command, "http-calls-per-host-max", config.http_calls_per_host_max,
             "Requests to one scheme, host and port at once; more wait")
      ->check(CLI::Range(1, 100'000));
  AddSetting(command, "http-request-bytes-max", config.http_request_bytes_max,
             "Bytes of a request's body")
      ->check(CLI::Range(1, 16 << 20));
  AddSetting(command, "http-response-bytes-max", config.http_response_bytes_max,
             "Bytes of a reply's body, unpacked")
      ->check(CLI::Range(1, 16 << 20));
  AddSetting(command, "http-redirects-max", config.http_redirects_max, "Redirects of one attempt")
      ->check(CLI::Range(0, 100));
  AddSetting(command, "http-attempt-ms-default", config.http_attempt_ms_default,
             "How long an HTTP attempt may take that names no time-out of its own")
      ->check(CLI::Range(1, 86'400'000));
  AddSetting(command, "http-ca-file", config.http_ca_file,
             "PEM file of the authorities that HTTP steps trust; empty: the system's");
}

void AddGrpc(CLI::App& command, CallConfig& config) {
  AddSetting(command, "grpc-calls-max", config.grpc_calls_max, "GRPC steps under way at once")
      ->check(CLI::Range(1, 100'000));
  AddSetting(command, "grpc-channels-max", config.grpc_channels_max,
             "Different targets of GRPC steps whose channels are kept")
      ->check(CLI::Range(1, 100'000));
  AddSetting(command, "grpc-channel-idle-ms", config.grpc_channel_idle_ms,
             "When the connections of an unused channel are closed")
      ->check(CLI::Range(1'000, 86'400'000));
  AddSetting(command, "grpc-deadline-ms-default", config.grpc_deadline_ms_default,
             "How long a GRPC attempt may take that names no deadline")
      ->check(CLI::Range(1, 86'400'000));
  AddSetting(command, "grpc-deadline-ms-max", config.grpc_deadline_ms_max,
             "The longest deadline that a GRPC step may name")
      ->check(CLI::Range(1, 86'400'000));
  AddSetting(command, "grpc-request-bytes-max", config.grpc_request_bytes_max,
             "Bytes of a GRPC step's request, as protobuf")
      ->check(CLI::Range(1, 16 << 20));
  AddSetting(command, "grpc-response-bytes-max", config.grpc_response_bytes_max,
             "Bytes of its reply, as protobuf and as JSON")
      ->check(CLI::Range(1, 16 << 20));
  AddSetting(command, "grpc-tls-profiles", config.grpc_tls_profiles,
             "What tls of a GRPC step may name: name=CA_FILE;CERT_FILE;KEY_FILE, commas between");
}

}  // namespace

absl::StatusOr<base::EgressPolicy> CallConfig::ToEgressPolicy(bool loopback) const {
  return base::EgressPolicy::Parse(
      {.allow = PartsOf(egress_allow), .deny = PartsOf(egress_deny), .loopback = loopback});
}

http_call::HttpOptions CallConfig::ToHttpOptions(base::EgressPolicy egress) const {
  http_call::HttpOptions options;
  options.egress = std::move(egress);
  options.calls_max = http_calls_max;
  options.calls_per_host_max = http_calls_per_host_max;
  options.request_bytes_max = http_request_bytes_max;
  options.response_bytes_max = http_response_bytes_max;
  options.redirects_max = http_redirects_max;
  options.attempt_ms_default = static_cast<std::int64_t>(http_attempt_ms_default);
  options.ca_file = http_ca_file;
  return options;
}

absl::StatusOr<grpc_call::GrpcOptions> CallConfig::ToGrpcOptions(base::EgressPolicy egress) const {
  grpc_call::GrpcOptions options;
  options.egress = std::move(egress);
  options.calls_max = grpc_calls_max;
  options.channels_max = grpc_channels_max;
  options.channel_idle_ms = static_cast<std::int64_t>(grpc_channel_idle_ms);
  options.deadline_ms_default = static_cast<std::int64_t>(grpc_deadline_ms_default);
  options.deadline_ms_max = static_cast<std::int64_t>(grpc_deadline_ms_max);
  options.request_bytes_max = grpc_request_bytes_max;
  options.response_bytes_max = grpc_response_bytes_max;
  for (const std::string& text : PartsOf(grpc_tls_profiles)) {
    ASSIGN_OR_RETURN(grpc_call::TlsProfile profile, ProfileOf(text));
    options.tls_profiles.push_back(std::move(profile));
  }
  return options;
}

void AddCallOptions(CLI::App& command, CallConfig& config) {
  AddEgressAndHttp(command, config);
  AddGrpc(command, config);
}

}  // namespace skald::app
