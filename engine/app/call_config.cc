#include "engine/app/call_config.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "engine/app/setting.h"

namespace skald::app {
namespace {

std::vector<std::string> RulesOf(const std::string& list) {
  std::vector<std::string> rules;
  for (const absl::string_view part : absl::StrSplit(list, ',')) {
    const absl::string_view rule = absl::StripAsciiWhitespace(part);
    if (!rule.empty()) rules.emplace_back(rule);
  }
  return rules;
}

}  // namespace

absl::StatusOr<base::EgressPolicy> CallConfig::ToEgressPolicy(bool loopback) const {
  return base::EgressPolicy::Parse(
      {.allow = RulesOf(egress_allow), .deny = RulesOf(egress_deny), .loopback = loopback});
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

void AddCallOptions(CLI::App& command, CallConfig& config) {
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

}  // namespace skald::app
