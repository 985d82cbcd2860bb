#include "engine/grpc_call/grpc_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_scan.h"
#include "engine/grpc_call/limits.h"
#include "fmt/format.h"

namespace skald::grpc_call {
namespace {

using core::JsonKind;

absl::Status Wrong(std::string_view where, std::string_view expected, std::string_view found) {
  return absl::InvalidArgumentError(
      fmt::format("{}: expected {}, found {}", where, expected, found));
}

// A member that is there and not null.
std::optional<std::string_view> Find(std::string_view object, std::string_view key) {
  const auto found = core::FindMember(object, key);
  if (!found.has_value() || core::KindOf(*found) == JsonKind::kNull) return std::nullopt;
  return found;
}

absl::StatusOr<std::string> FindString(std::string_view object, std::string_view key) {
  const auto found = Find(object, key);
  if (!found.has_value()) return std::string();
  if (core::KindOf(*found) != JsonKind::kString) {
    return Wrong(key, "a string", core::Describe(core::KindOf(*found)));
  }
  return core::StringOf(*found);
}

absl::StatusOr<std::string_view> FindObject(std::string_view object, std::string_view key) {
  const auto found = Find(object, key);
  if (!found.has_value()) return std::string_view("{}");
  if (core::KindOf(*found) != JsonKind::kObject) {
    return Wrong(key, "an object", core::Describe(core::KindOf(*found)));
  }
  return *found;
}

bool IsTrue(std::string_view object, std::string_view key) {
  const auto found = Find(object, key);
  return found.has_value() && (core::KindOf(*found) == JsonKind::kTrue || *found == "\"true\"");
}

bool IsHost(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ||
                  c == '_' || c == ':';
         });
}

absl::Status SetTargets(std::string_view object, GrpcRequest& request) {
  const auto target = Find(object, "target");
  if (!target.has_value()) return Wrong("target", "host:port or a list of these", "nothing");
  std::vector<std::string_view> values;
  if (core::KindOf(*target) == JsonKind::kArray) {
    for (core::JsonWalk walk(*target); walk.Next();) values.push_back(walk.value());
  } else {
    values.push_back(*target);
  }
  if (values.empty() || values.size() > kTargetsMax) {
    return Wrong(
        "target",
        fmt::format("1 to {} targets", core::FixedBound("kTargetsMax", kTargetsMax, kLimitsHeader)),
        std::to_string(values.size()));
  }
  for (const std::string_view value : values) {
    if (core::KindOf(value) != JsonKind::kString) {
      return Wrong("target", "a string", core::Describe(core::KindOf(value)));
    }
    ASSIGN_OR_RETURN(HostPort parsed, ParseTarget(core::StringOf(value)));
    request.targets.push_back(std::move(parsed));
  }
  return absl::OkStatus();
}

bool IsNameOfProto(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.back() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_';
         });
}

absl::Status SetMethod(std::string_view object, GrpcRequest& request) {
  ASSIGN_OR_RETURN(std::string text, FindString(object, "method"));
  std::string_view name = text;
  if (name.starts_with('/')) name.remove_prefix(1);
  const std::size_t slash = name.find('/');
  const bool whole = slash != std::string_view::npos && text.size() <= kMethodBytesMax &&
                     IsNameOfProto(name.substr(0, slash)) && IsNameOfProto(name.substr(slash + 1));
  if (!whole)
    return Wrong("method",
                 fmt::format("package.Service/Method of at most {} bytes",
                             core::FixedBound("kMethodBytesMax", kMethodBytesMax, kLimitsHeader)),
                 fmt::format("\"{}\"", text));
  request.service = name.substr(0, slash);
  request.method = name.substr(slash + 1);
  return absl::OkStatus();
}

absl::Status SetTls(std::string_view object, GrpcRequest& request) {
  const auto tls = Find(object, "tls");
  if (!tls.has_value() || core::KindOf(*tls) == JsonKind::kFalse) return absl::OkStatus();
  request.tls = true;
  if (core::KindOf(*tls) == JsonKind::kTrue) return absl::OkStatus();
  if (core::KindOf(*tls) != JsonKind::kString || core::StringOf(*tls).empty()) {
    return Wrong("tls", "true, false or the name of a profile of the server's settings",
                 core::Describe(core::KindOf(*tls)));
  }
  request.tls_profile = core::StringOf(*tls);
  return absl::OkStatus();
}

absl::Status SetDeadline(std::string_view object, const DeadlineBounds& bounds,
                         std::int64_t timeout_us, GrpcRequest& request) {
  request.deadline_ms = bounds.default_ms;
  const auto found = Find(object, "deadlineMs");
  if (found.has_value()) {
    const std::string text =
        core::KindOf(*found) == JsonKind::kString ? core::StringOf(*found) : std::string(*found);
    if (!absl::SimpleAtoi(text, &request.deadline_ms) || request.deadline_ms <= 0 ||
        request.deadline_ms > bounds.max_ms) {
      return Wrong("deadlineMs",
                   "1 to " + core::SettingBound("grpc_deadline_ms_max",
                                                static_cast<std::uint64_t>(bounds.max_ms)),
                   text);
    }
  }
  if (timeout_us > 0) {
    request.deadline_ms =
        std::min(request.deadline_ms, std::max<std::int64_t>(1, timeout_us / core::kMillisecondUs));
  }
  return absl::OkStatus();
}

bool IsMetadataName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

bool IsReserved(std::string_view name) {
  constexpr std::array<std::string_view, 7> kReserved = {
      "host", "te", "content-type", "user-agent", "connection", "content-length", "upgrade"};
  return name.starts_with("grpc-") ||
         std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

class Metadata {
 public:
  explicit Metadata(GrpcRequest& request) : request_(request) {}

  absl::Status Add(const std::string& written, std::string_view value) {
    const std::string name = absl::AsciiStrToLower(written);
    if (!IsMetadataName(name) || IsReserved(name)) {
      return Wrong("metadata", "a name that a step may set", fmt::format("\"{}\"", written));
    }
    std::string text =
        core::KindOf(value) == JsonKind::kString ? core::StringOf(value) : std::string(value);
    if (name.ends_with("-bin")) {
      std::string bytes;
      if (!absl::Base64Unescape(text, &bytes)) return Wrong(name, "base64", "something else");
      text = std::move(bytes);
    } else if (!std::all_of(text.begin(), text.end(),
                            [](char c) { return c >= 0x20 && c < 0x7f; })) {
      return Wrong(name, "printable ASCII", "other bytes");
    }
    return Push(name, std::move(text));
  }

  absl::Status AddUnlessThere(const std::string& name, const std::string& value) {
    const bool there = std::any_of(request_.metadata.begin(), request_.metadata.end(),
                                   [&name](const auto& entry) { return entry.first == name; });
    return there || value.empty() ? absl::OkStatus() : Push(name, value);
  }

 private:
  absl::Status Push(std::string name, std::string value) {
    bytes_ += name.size() + value.size();
    if (bytes_ > kMetadataBytesMax || request_.metadata.size() >= kMetadataMax) {
      return absl::ResourceExhaustedError(
          fmt::format("metadata: more values than {}, or more bytes than {}",
                      core::FixedBound("kMetadataMax", kMetadataMax, kLimitsHeader),
                      core::FixedBound("kMetadataBytesMax", kMetadataBytesMax, kLimitsHeader)));
    }
    request_.metadata.emplace_back(std::move(name), std::move(value));
    return absl::OkStatus();
  }

  GrpcRequest& request_;
  std::size_t bytes_ = 0;
};

absl::Status SetMetadata(std::string_view object, const ports::RunnerTask& task,
                         GrpcRequest& request) {
  ASSIGN_OR_RETURN(const std::string_view given, FindObject(object, "metadata"));
  Metadata metadata(request);
  for (core::JsonWalk walk(given); walk.Next();) {
    const std::string name = walk.key();
    if (core::KindOf(walk.value()) == JsonKind::kNull) continue;
    if (core::KindOf(walk.value()) != JsonKind::kArray) {
      RETURN_IF_ERROR(metadata.Add(name, walk.value()));
      continue;
    }
    for (core::JsonWalk values(walk.value()); values.Next();) {
      RETURN_IF_ERROR(metadata.Add(name, values.value()));
    }
  }
  RETURN_IF_ERROR(metadata.AddUnlessThere("idempotency-key", task.step_key));
  RETURN_IF_ERROR(metadata.AddUnlessThere("traceparent", task.traceparent));
  return metadata.AddUnlessThere("tracestate", task.tracestate);
}

absl::Status SetOutcome(std::string_view settings, GrpcRequest& request) {
  ASSIGN_OR_RETURN(const std::string_view outcome, FindObject(settings, "outcome"));
  for (core::JsonWalk walk(outcome); walk.Next();) {
    const std::optional<int> code = CodeOf(walk.key());
    if (!code.has_value() || *code == 0) {
      return Wrong("outcome", "codes as gRPC names them, without OK", walk.key());
    }
    const std::string effect = core::KindOf(walk.value()) == JsonKind::kString
                                   ? core::StringOf(walk.value())
                                   : std::string(walk.value());
    const std::array<core::Effect, 3> effects = {core::Effect::kNone, core::Effect::kApplied,
                                                 core::Effect::kUnknown};
    const auto* const found = std::find_if(effects.begin(), effects.end(), [&](core::Effect each) {
      return core::Name(each) == effect;
    });
    if (found == effects.end()) {
      return Wrong("outcome." + walk.key(), "NONE, APPLIED or UNKNOWN", effect);
    }
    request.outcome[*code] = *found;
  }
  return absl::OkStatus();
}

}  // namespace

std::string HostPort::ToString() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string GrpcRequest::ChannelKey() const {
  std::string key = tls ? "tls " + tls_profile : "plain";
  for (const HostPort& target : targets) key.append(" ").append(target.ToString());
  return key;
}

absl::StatusOr<HostPort> ParseTarget(std::string_view text) {
  const auto wrong = [text] {
    return Wrong("target", "host:port or dns:///host:port", fmt::format("\"{}\"", text));
  };
  std::string_view rest = text;
  constexpr std::string_view kScheme = "dns:///";
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = rest.substr(0, colon);
  const std::string_view digits = rest.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!IsHost(host) || (host.find(':') != std::string_view::npos) != bracketed) return wrong();
  std::uint32_t port = 0;
  const bool number =
      !digits.empty() && digits.size() <= 5 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number || !absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &port) ||
      port == 0 || port > 65'535) {
    return wrong();
  }
  return HostPort{absl::AsciiStrToLower(absl::string_view(host.data(), host.size())),
                  static_cast<std::uint16_t>(port)};
}

absl::StatusOr<GrpcRequest> ParseRequest(const ports::RunnerTask& task,
                                         const DeadlineBounds& deadline) {
  const std::string_view input =
      task.input.empty() ? std::string_view("{}") : core::TrimJson(task.input.text());
  const std::string_view settings =
      task.settings.empty() ? std::string_view("{}") : core::TrimJson(task.settings.text());
  std::string_view object = input;
  if (Find(input, "grpc_request").has_value()) {
    ASSIGN_OR_RETURN(object, FindObject(input, "grpc_request"));
  }
  GrpcRequest request;
  RETURN_IF_ERROR(SetTargets(object, request));
  RETURN_IF_ERROR(SetMethod(object, request));
  RETURN_IF_ERROR(SetTls(object, request));
  RETURN_IF_ERROR(SetDeadline(object, deadline, task.timeout_us, request));
  RETURN_IF_ERROR(SetMetadata(object, task, request));
  RETURN_IF_ERROR(SetOutcome(settings, request));
  ASSIGN_OR_RETURN(const std::string_view json, FindObject(object, "request"));
  request.json = json;
  ASSIGN_OR_RETURN(request.descriptor_set, FindString(settings, "descriptorSet"));
  request.async_complete = IsTrue(settings, "asyncComplete") || IsTrue(input, "asyncComplete");
  return request;
}

}  // namespace skald::grpc_call
