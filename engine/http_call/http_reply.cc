#include "engine/http_call/http_reply.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/http_call/limits.h"
#include "fmt/format.h"

namespace skald::http_call {
namespace {

using core::Effect;
using core::TaskStatus;

struct Phrase {
  int status;
  std::string_view words;
};

constexpr std::array<Phrase, 29> kPhrases = {{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
}};

// Cuts between characters of UTF-8.
std::string_view Cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// The number as a double is written ("5.0"), or nothing when no double holds it.
std::optional<std::string> DoubleText(std::string_view number) {
  double value = 0;
  if (!absl::SimpleAtod(absl::string_view(number.data(), number.size()), &value) ||
      !std::isfinite(value)) {
    return std::nullopt;
  }
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text.append(".0");
  return text;
}

Effect EffectOfRefusal(int status, bool safe, bool asked_before) {
  if (asked_before) return Effect::kUnknown;
  if (safe) return Effect::kNone;
  // 4xx refuse, 307 and 308 ask to send it elsewhere: neither did it.
  const bool refused = (status >= 400 && status < 500) || status == 307 || status == 308;
  return refused ? Effect::kNone : Effect::kUnknown;
}

}  // namespace

bool HttpReply::AddHeaderLine(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kResponseHeaderBytesMax) return false;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.empty()) return true;
  const std::size_t space = line.find(' ');
  if (line.starts_with("HTTP/") && space != std::string_view::npos) {
    const std::size_t bytes = header_bytes_;
    Clear();
    header_bytes_ = bytes;
    const std::string_view code = line.substr(space + 1, 3);
    if (!absl::SimpleAtoi(absl::string_view(code.data(), code.size()), &status_)) status_ = 0;
    if (line.size() > space + 5) reason_ = line.substr(space + 5);
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  const std::string_view name = line.substr(0, colon);
  const std::string_view raw = line.substr(colon + 1);
  const std::string value(absl::StripAsciiWhitespace(absl::string_view(raw.data(), raw.size())));
  for (auto& [known, values] : headers_) {
    if (!absl::EqualsIgnoreCase(known, absl::string_view(name.data(), name.size()))) continue;
    values.push_back(value);
    return true;
  }
  headers_.push_back({std::string(name), {value}});
  return true;
}

bool HttpReply::AddBody(std::string_view bytes, std::size_t bytes_max) {
  if (bytes.size() > bytes_max - std::min(bytes_max, body_.size())) return false;
  body_.append(bytes);
  return true;
}

std::string HttpReply::Reason() const {
  if (!reason_.empty()) return reason_;
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status_) return std::string(phrase.words);
  }
  return "";
}

std::string BodyValue(std::string_view body) {
  if (body.empty()) return "null";
  std::string text;
  // The output wraps it in two more objects.
  if (!core::CheckJson(body, core::kJsonDepthMax - 2).ok()) {
    core::AppendJsonString(text, body);
    return text;
  }
  const std::string_view value = core::TrimJson(body);
  switch (core::KindOf(value)) {
    case core::JsonKind::kObject:
    case core::JsonKind::kArray:
    case core::JsonKind::kString:
      return std::string(value);
    case core::JsonKind::kNumber:
      if (auto number = DoubleText(value)) return *std::move(number);
      break;
    default:
      break;
  }
  core::AppendJsonString(text, value);
  return text;
}

std::string HttpReply::ToOutput() const {
  std::string out = "{\"response\":{\"statusCode\":";
  core::AppendJsonInteger(out, status_);
  out.append(",\"reasonPhrase\":");
  core::AppendJsonString(out, Reason());
  out.append(",\"headers\":{");
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    if (i > 0) out.push_back(',');
    core::AppendJsonString(out, headers_[i].first);
    out.append(":[");
    for (std::size_t j = 0; j < headers_[i].second.size(); ++j) {
      if (j > 0) out.push_back(',');
      core::AppendJsonString(out, headers_[i].second[j]);
    }
    out.push_back(']');
  }
  out.append("},\"body\":");
  out.append(BodyValue(body_));
  out.append("}}");
  return out;
}

std::string HttpReply::Refusal() const {
  if (body_.empty()) return fmt::format("{} {}: [no body]", status_, Reason());
  const std::string_view shown = Cut(body_, kErrorBodyBytesMax);
  const std::string_view rest = shown.size() < body_.size() ? "... (cut)" : "";
  return fmt::format("{} {}: \"{}{}\"", status_, Reason(), shown, rest);
}

ports::RunnerResult FailedResult(core::TaskStatus status, core::Effect effect, std::string why) {
  std::string output = "{\"response\":";
  core::AppendJsonString(output, why);
  output.push_back('}');
  return {.status = status,
          .output = core::Payload(std::move(output)),
          .reason = fmt::format("Failed to invoke HTTP task due to: {}", why),
          .effect = effect};
}

ports::RunnerResult ResultOf(const HttpReply& reply, bool safe, bool asked_before,
                             bool async_complete) {
  if (reply.status() < 200 || reply.status() > 299) {
    return FailedResult(TaskStatus::kFailed, EffectOfRefusal(reply.status(), safe, asked_before),
                        reply.Refusal());
  }
  return {.status = async_complete ? TaskStatus::kInProgress : TaskStatus::kCompleted,
          .output = core::Payload(reply.ToOutput()),
          .reason = "",
          .effect = Effect::kApplied};
}

}  // namespace skald::http_call
