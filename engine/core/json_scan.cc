#include "engine/core/json_scan.h"

#include <array>
#include <charconv>
#include <cstring>

#include "engine/core/json_write.h"

namespace skald::core {
namespace {

constexpr bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Position behind the closing quote of the string whose opening quote is at `at`.
std::size_t SkipString(std::string_view text, std::size_t at) {
  ++at;
  while (true) {
    const void* found = std::memchr(text.data() + at, '"', text.size() - at);
    if (found == nullptr) return text.size();
    const auto quote = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    std::size_t slashes = 0;
    while (quote > at + slashes && text[quote - 1 - slashes] == '\\') ++slashes;
    at = quote + 1;
    if (slashes % 2 == 0) return at;
  }
}

std::size_t SkipContainer(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = SkipString(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return at;
}

std::uint32_t HexUnit(std::string_view digits) {
  std::uint32_t unit = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  return unit;
}

// Appends the character of the escape at `at`; returns the position behind it.
std::size_t AppendEscape(std::string& out, std::string_view raw, std::size_t at) {
  switch (raw[at + 1]) {
    case 'b':
      out.push_back('\b');
      return at + 2;
    case 'f':
      out.push_back('\f');
      return at + 2;
    case 'n':
      out.push_back('\n');
      return at + 2;
    case 'r':
      out.push_back('\r');
      return at + 2;
    case 't':
      out.push_back('\t');
      return at + 2;
    case 'u':
      break;
    default:
      out.push_back(raw[at + 1]);
      return at + 2;
  }
  std::uint32_t code = HexUnit(raw.substr(at + 2, 4));
  at += 6;
  if (code >= 0xD800 && code < 0xDC00) {
    const std::uint32_t low = HexUnit(raw.substr(at + 2, 4));
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    at += 6;
  }
  AppendUtf8(out, code);
  return at;
}

bool KeyEquals(std::string_view raw_key, std::string_view key) {
  if (raw_key.find('\\') == std::string_view::npos) return raw_key == key;
  std::string text;
  AppendUnescaped(text, raw_key);
  return text == key;
}

}  // namespace

JsonKind KindOf(std::string_view value) {
  if (value.empty()) return JsonKind::kNull;
  switch (value.front()) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
      return JsonKind::kTrue;
    case 'f':
      return JsonKind::kFalse;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

std::string_view Describe(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return "a boolean";
    case JsonKind::kNumber:
      return "a number";
    case JsonKind::kString:
      return "a string";
    case JsonKind::kArray:
      return "a list";
    case JsonKind::kObject:
      return "an object";
  }
  return "";
}

std::string_view TrimJson(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t SkipJsonSpace(std::string_view text, std::size_t at) {
  while (at < text.size() && IsSpace(text[at])) ++at;
  return at;
}

std::size_t SkipJsonValue(std::string_view text, std::size_t at) {
  if (at >= text.size()) return at;
  if (text[at] == '"') return SkipString(text, at);
  if (text[at] == '{' || text[at] == '[') return SkipContainer(text, at);
  while (at < text.size() && !IsSpace(text[at]) && text[at] != ',' && text[at] != '}' &&
         text[at] != ']') {
    ++at;
  }
  return at;
}

bool JsonWalk::Next() {
  at_ = SkipJsonSpace(text_, at_);
  if (at_ < text_.size() && text_[at_] == ',') at_ = SkipJsonSpace(text_, at_ + 1);
  if (at_ >= text_.size() || text_[at_] == '}' || text_[at_] == ']') return false;
  if (object_) {
    const std::size_t end = SkipString(text_, at_);
    key_ = text_.substr(at_ + 1, end - at_ - 2);
    at_ = SkipJsonSpace(text_, SkipJsonSpace(text_, end) + 1);
  }
  const std::size_t end = SkipJsonValue(text_, at_);
  value_ = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

std::string JsonWalk::key() const {
  std::string text;
  AppendUnescaped(text, key_);
  return text;
}

std::optional<std::string_view> FindMember(std::string_view object, std::string_view key) {
  if (object.empty() || KindOf(object) != JsonKind::kObject) return std::nullopt;
  std::optional<std::string_view> found;
  for (JsonWalk walk(object); walk.Next();) {
    if (KeyEquals(walk.raw_key(), key)) found = walk.value();
  }
  return found;
}

std::optional<std::string_view> FindElement(std::string_view array, std::int64_t index) {
  if (array.empty() || KindOf(array) != JsonKind::kArray) return std::nullopt;
  if (index < 0) {
    for (JsonWalk walk(array); walk.Next();) ++index;
    if (index < 0) return std::nullopt;
    // Counted up by the size: what was "from the end" is now "from 0".
  }
  for (JsonWalk walk(array); walk.Next(); --index) {
    if (index == 0) return walk.value();
  }
  return std::nullopt;
}

std::string StringOf(std::string_view value) {
  std::string text;
  AppendUnescaped(text, value.substr(1, value.size() - 2));
  return text;
}

std::string TextForm(std::string_view value) {
  return KindOf(value) == JsonKind::kString ? StringOf(value) : std::string(value);
}

std::string TextIn(std::string_view object, std::string_view key) {
  const std::optional<std::string_view> value = FindMember(object, key);
  if (!value.has_value() || KindOf(*value) == JsonKind::kNull) return "";
  return TextForm(*value);
}

void AppendUnescaped(std::string& out, std::string_view raw) {
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t slash = raw.find('\\', at);
    if (slash == std::string_view::npos) break;
    out.append(raw, at, slash - at);
    at = AppendEscape(out, raw, slash);
  }
  out.append(raw.substr(at));
}

std::optional<std::int64_t> IntegerOf(std::string_view value) {
  std::int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace skald::core
