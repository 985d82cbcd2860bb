#include "engine/core/json_write.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <set>
#include <string>

#include "engine/core/json_scan.h"

namespace skald::core {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Length of the well-formed UTF-8 sequence at the front of `text`; 0 = none (RFC 3629).
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

void AppendControl(std::string& out, char c) {
  switch (c) {
    case '\b':
      out.append("\\b");
      return;
    case '\f':
      out.append("\\f");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    // JSON can say U+0000, but PostgreSQL's json functions and CheckJson take no such text.
    case '\0':
      out.append(kReplacement);
      return;
    default:
      break;
  }
  constexpr char kHex[] = "0123456789abcdef";
  out.append("\\u00");
  out.push_back(kHex[static_cast<std::uint8_t>(c) >> 4]);
  out.push_back(kHex[static_cast<std::uint8_t>(c) & 0x0F]);
}

bool IsPlain(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

bool IsNullOrAbsent(std::string_view object, std::string_view key) {
  const auto value = FindMember(object, key);
  return !value.has_value() || KindOf(*value) == JsonKind::kNull;
}

template <typename Number>
void AppendNumber(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void AppendMember(std::string& out, std::string_view raw_key, std::string_view value) {
  if (out.size() > 1) out.push_back(',');
  out.push_back('"');
  out.append(raw_key);
  out.append("\":");
  out.append(value);
}

}  // namespace

void AppendUtf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
  } else {
    if (code < 0x10000) {
      out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    } else {
      out.push_back(static_cast<char>(0xF0 | (code >> 18)));
      out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    }
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
  }
  out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
}

void AppendEscaped(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && IsPlain(text[end])) ++end;
    out.append(text, at, end - at);
    at = end;
    if (at == text.size()) return;
    const char c = text[at];
    if (static_cast<std::uint8_t>(c) < 0x80) {
      if (c == '"' || c == '\\') {
        out.push_back('\\');
        out.push_back(c);
      } else {
        AppendControl(out, c);
      }
      ++at;
      continue;
    }
    const std::size_t length = Utf8Length(text.substr(at));
    out.append(length == 0 ? kReplacement : text.substr(at, length));
    at += length == 0 ? 1 : length;
  }
}

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  AppendEscaped(out, text);
  out.push_back('"');
}

void AppendJsonInteger(std::string& out, std::int64_t number) { AppendNumber(out, number); }
void AppendJsonUnsigned(std::string& out, std::uint64_t number) { AppendNumber(out, number); }

std::string MergeDefaults(std::string_view object, std::string_view defaults) {
  object = TrimJson(object);
  defaults = TrimJson(defaults);
  if (defaults.empty()) return object.empty() ? "{}" : std::string(object);
  if (object.empty()) return std::string(defaults);
  std::string merged = "{";
  for (JsonWalk walk(object); walk.Next();) {
    const bool replaced =
        KindOf(walk.value()) == JsonKind::kNull && FindMember(defaults, walk.key()).has_value();
    if (!replaced) AppendMember(merged, walk.raw_key(), walk.value());
  }
  for (JsonWalk walk(defaults); walk.Next();) {
    if (IsNullOrAbsent(object, walk.key())) AppendMember(merged, walk.raw_key(), walk.value());
  }
  merged.push_back('}');
  return merged;
}

std::string OverlayMembers(std::string_view object, std::string_view over) {
  object = TrimJson(object);
  over = TrimJson(over);
  if (over.empty()) return object.empty() ? "{}" : std::string(object);
  if (object.empty()) return std::string(over);
  std::set<std::string> replaced;
  for (JsonWalk walk(over); walk.Next();) replaced.insert(walk.key());
  std::string result = "{";
  for (JsonWalk walk(object); walk.Next();) {
    if (replaced.count(walk.key()) == 0) AppendMember(result, walk.raw_key(), walk.value());
  }
  for (JsonWalk walk(over); walk.Next();) AppendMember(result, walk.raw_key(), walk.value());
  result.push_back('}');
  return result;
}

}  // namespace skald::core
