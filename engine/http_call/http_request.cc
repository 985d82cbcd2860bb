#include "engine/http_call/http_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_scan.h"
#include "engine/http_call/limits.h"
#include "fmt/format.h"

namespace skald::http_call {
namespace {

using core::JsonKind;

// What frames the message and names its receiver is the connection's, not the step's.
constexpr std::array<std::string_view, 9> kReservedHeaders = {
    "connection",       "expect", "host",    "keep-alive", "proxy-authorization",
    "proxy-connection", "te",     "trailer", "upgrade"};

bool IsTokenCharacter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         kMarks.find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

bool IsHeaderValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

// A member that is there and not null.
std::optional<std::string_view> Find(std::string_view object, std::string_view key) {
  const auto found = core::FindMember(object, key);
  if (!found.has_value() || core::KindOf(*found) == JsonKind::kNull) return std::nullopt;
  return found;
}

bool FindTrue(std::string_view object, std::string_view key) {
  return absl::EqualsIgnoreCase(core::TextIn(object, key), "true");
}

std::int64_t FindTimeout(std::string_view object, std::string_view key) {
  std::int64_t value = 0;
  const std::string text = core::TextIn(object, key);
  if (!absl::SimpleAtoi(text, &value) || value <= 0) return kTimeoutMsDefault;
  return value;
}

class Headers {
 public:
  explicit Headers(HttpRequest& request) : request_(request) {}

  bool Has(std::string_view name) const {
    return std::any_of(request_.headers.begin(), request_.headers.end(), [&](const auto& header) {
      return absl::EqualsIgnoreCase(header.first, absl::string_view(name.data(), name.size()));
    });
  }

  absl::Status Add(const std::string& name, std::string value) {
    if (!IsToken(name)) {
      return absl::InvalidArgumentError(fmt::format("header name \"{}\": expected a token", name));
    }
    if (!IsHeaderValue(value)) {
      return absl::InvalidArgumentError(
          fmt::format("header {}: its value has control characters", name));
    }
    const std::string lower = absl::AsciiStrToLower(name);
    if (std::find(kReservedHeaders.begin(), kReservedHeaders.end(), lower) !=
            kReservedHeaders.end() ||
        lower == "transfer-encoding") {
      return absl::InvalidArgumentError(fmt::format("header {}: a step cannot set it", name));
    }
    if (lower == "content-length") return absl::OkStatus();  // follows from the body
    bytes_ += name.size() + value.size();
    if (bytes_ > kRequestHeaderBytesMax || request_.headers.size() >= kRequestHeadersMax) {
      return absl::ResourceExhaustedError(fmt::format(
          "headers: more lines than {}, or more bytes than {}",
          core::FixedBound("kRequestHeadersMax", kRequestHeadersMax, kLimitsHeader),
          core::FixedBound("kRequestHeaderBytesMax", kRequestHeaderBytesMax, kLimitsHeader)));
    }
    request_.headers.emplace_back(name, std::move(value));
    return absl::OkStatus();
  }

  absl::Status AddUnlessThere(const std::string& name, std::string value) {
    return value.empty() || Has(name) ? absl::OkStatus() : Add(name, std::move(value));
  }

 private:
  HttpRequest& request_;
  std::size_t bytes_ = 0;
};

absl::Status AddGivenHeaders(std::string_view object, Headers& headers) {
  const auto given = Find(object, "headers");
  if (!given.has_value()) return absl::OkStatus();
  if (core::KindOf(*given) != JsonKind::kObject) {
    return absl::InvalidArgumentError(
        fmt::format("headers: expected an object, found {}", core::Describe(core::KindOf(*given))));
  }
  for (core::JsonWalk walk(*given); walk.Next();) {
    const std::string name = walk.key();
    if (core::KindOf(walk.value()) == JsonKind::kNull) continue;
    if (core::KindOf(walk.value()) != JsonKind::kArray) {
      RETURN_IF_ERROR(headers.Add(name, core::TextForm(walk.value())));
      continue;
    }
    for (core::JsonWalk values(walk.value()); values.Next();) {
      RETURN_IF_ERROR(headers.Add(name, core::TextForm(values.value())));
    }
  }
  return absl::OkStatus();
}

std::string AcceptOf(std::string_view object) {
  const auto found = Find(object, "accept");
  if (!found.has_value()) return "application/json";
  if (core::KindOf(*found) != JsonKind::kArray) return core::TextForm(*found);
  std::string joined;
  for (core::JsonWalk walk(*found); walk.Next();) {
    if (!joined.empty()) joined.append(", ");
    joined.append(core::TextForm(walk.value()));
  }
  return joined;
}

void AppendFormText(std::string& out, std::string_view text) {
  constexpr std::string_view kPlain = "-_.*";
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out.append(fmt::format("%{:02X}", static_cast<unsigned char>(c)));
    }
  }
}

void AppendFormField(std::string& out, const std::string& key, std::string_view value) {
  if (!out.empty()) out.push_back('&');
  AppendFormText(out, key);
  out.push_back('=');
  if (core::KindOf(value) != JsonKind::kNull) AppendFormText(out, core::TextForm(value));
}

// application/x-www-form-urlencoded; a list is its key once per element.
std::string FormOf(std::string_view object) {
  std::string form;
  for (core::JsonWalk walk(object); walk.Next();) {
    if (core::KindOf(walk.value()) != JsonKind::kArray) {
      AppendFormField(form, walk.key(), walk.value());
      continue;
    }
    for (core::JsonWalk values(walk.value()); values.Next();) {
      AppendFormField(form, walk.key(), values.value());
    }
  }
  return form;
}

std::string ContentTypeOf(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (absl::EqualsIgnoreCase(name, "content-type")) return value;
  }
  return "";
}

absl::Status SetBody(std::string_view object, std::size_t bytes_max, HttpRequest& request) {
  const auto body = Find(object, "body");
  if (!body.has_value()) return absl::OkStatus();
  if (request.method == "HEAD" || request.method == "TRACE") return absl::OkStatus();
  request.has_body = true;
  const bool form =
      absl::StartsWithIgnoreCase(ContentTypeOf(request), "application/x-www-form-urlencoded");
  if (core::KindOf(*body) == JsonKind::kObject && form) {
    request.body = FormOf(*body);
  } else {
    request.body = core::TextForm(*body);
  }
  if (request.body.size() <= bytes_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("body: {} bytes; at most {}", request.body.size(),
                  core::SettingBound("http_request_bytes_max", bytes_max)));
}

absl::Status SetMethodAndUri(std::string_view object, HttpRequest& request) {
  request.uri = core::TextIn(object, "uri");
  if (request.uri.empty()) {
    return absl::InvalidArgumentError(
        "Missing HTTP URI. See documentation for HttpTask for required input parameters");
  }
  request.method = absl::AsciiStrToUpper(core::TextIn(object, "method"));
  if (request.method.empty()) return absl::InvalidArgumentError("No HTTP method specified");
  if (request.uri.size() > kUriBytesMax) {
    return absl::ResourceExhaustedError(
        fmt::format("uri: {} bytes; at most {}", request.uri.size(),
                    core::FixedBound("kUriBytesMax", kUriBytesMax, kLimitsHeader)));
  }
  if (!IsHeaderValue(request.uri) || !IsToken(request.method) ||
      request.method.size() > kMethodBytesMax || request.method == "CONNECT") {
    return absl::InvalidArgumentError(
        "uri or method: not one that HTTP has (a method has at most " +
        core::FixedBound("kMethodBytesMax", kMethodBytesMax, kLimitsHeader) + " bytes)");
  }
  return absl::OkStatus();
}

}  // namespace

bool HttpRequest::IsSafe() const {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

bool HttpRequest::IsIdempotent() const { return IsSafe() || method == "PUT" || method == "DELETE"; }

absl::StatusOr<HttpRequest> ParseRequest(const ports::RunnerTask& task,
                                         std::size_t body_bytes_max) {
  const std::string_view input =
      task.input.empty() ? std::string_view("{}") : core::TrimJson(task.input.text());
  const std::string_view settings =
      task.settings.empty() ? std::string_view("{}") : core::TrimJson(task.settings.text());
  const auto nested = Find(input, "http_request");
  const std::string_view object = nested.value_or(input);
  if (core::KindOf(object) != JsonKind::kObject) {
    return absl::InvalidArgumentError(fmt::format("http_request: expected an object, found {}",
                                                  core::Describe(core::KindOf(object))));
  }
  HttpRequest request;
  RETURN_IF_ERROR(SetMethodAndUri(object, request));
  Headers headers(request);
  RETURN_IF_ERROR(AddGivenHeaders(object, headers));
  RETURN_IF_ERROR(headers.AddUnlessThere("Accept", AcceptOf(object)));
  // Also where nothing is sent, as the reference does.
  const std::string given = core::TextIn(object, "contentType");
  RETURN_IF_ERROR(
      headers.AddUnlessThere("Content-Type", given.empty() ? "application/json" : given));
  RETURN_IF_ERROR(headers.AddUnlessThere("Idempotency-Key", task.step_key));
  RETURN_IF_ERROR(headers.AddUnlessThere("traceparent", task.traceparent));
  RETURN_IF_ERROR(headers.AddUnlessThere("tracestate", task.tracestate));
  RETURN_IF_ERROR(SetBody(object, body_bytes_max, request));
  request.connect_timeout_ms = FindTimeout(object, "connectionTimeOut");
  request.read_timeout_ms = FindTimeout(object, "readTimeOut");
  request.async_complete = FindTrue(settings, "asyncComplete") ||
                           FindTrue(input, "asyncComplete") || FindTrue(object, "asyncComplete");
  return request;
}

}  // namespace skald::http_call
