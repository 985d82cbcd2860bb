#include "engine/core/json_check.h"

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "engine/base/check.h"
#include "engine/core/bound.h"

namespace skald::core {
namespace {

constexpr char kUnexpectedEnd[] = "unexpected end";
constexpr char kUnexpectedCharacter[] = "unexpected character";
constexpr char kBadUtf8[] = "invalid UTF-8";
constexpr char kBadEscape[] = "invalid escape in a string";
constexpr char kBadSurrogate[] = "a surrogate escape without its other half";
constexpr char kControlCharacter[] = "control character in a string";
constexpr char kBadNumber[] = "malformed number";
constexpr char kTooDeep[] = "nested too deep";
constexpr char kBeyondDepth[] =
    "nested too deep, beyond kJsonDepthMax (fixed in engine/core/limits.h)";
constexpr char kTrailing[] = "text after the value";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Bytes of a string that need no look: printable ASCII except '"' and '\'.
constexpr std::array<bool, 256> MakePlain() {
  std::array<bool, 256> plain = {};
  for (int c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = MakePlain();

// The bounds of the second byte of a UTF-8 sequence depend on the first (RFC 3629).
struct Utf8Lead {
  std::uint8_t length = 0;  // 0 = cannot begin a sequence
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
};

constexpr Utf8Lead LeadOf(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  return {};
}

class Checker {
 public:
  Checker(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  JsonFault Run() {
    SkipSpace();
    if (!Value()) return fault_;
    while (depth_ > 0) {
      if (!AfterValue()) return fault_;
    }
    SkipSpace();
    if (at_ != text_.size()) Fail(kTrailing);
    return fault_;
  }

 private:
  bool Fail(const char* message) {
    fault_ = JsonFault{message, at_};
    return false;
  }
  bool AtEnd() const { return at_ >= text_.size(); }
  char Here() const { return text_[at_]; }
  void SkipSpace() {
    while (!AtEnd() && (Here() == ' ' || Here() == '\n' || Here() == '\t' || Here() == '\r')) ++at_;
  }

  void Open(bool object) {
    const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = is_object_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    ++depth_;
    ++at_;
  }
  bool InObject() const {
    return ((is_object_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64)) & 1) != 0;
  }

  // Reads a scalar, an empty container, or opens a container and reads down to its first scalar.
  bool Value() {
    while (true) {
      if (AtEnd()) return Fail(kUnexpectedEnd);
      const char c = Here();
      if (c != '{' && c != '[') return Scalar(c);
      if (depth_ >= depth_max_) return Fail(depth_max_ <= kJsonDepthMax ? kBeyondDepth : kTooDeep);
      Open(c == '{');
      SkipSpace();
      if (!AtEnd() && Here() == (c == '{' ? '}' : ']')) {
        --depth_;
        ++at_;
        return true;
      }
      if (c == '{' && !Key()) return false;
    }
  }

  // A value inside a container has ended: a comma and the next one, or the container's end.
  bool AfterValue() {
    SkipSpace();
    if (AtEnd()) return Fail(kUnexpectedEnd);
    const bool object = InObject();
    if (Here() == (object ? '}' : ']')) {
      --depth_;
      ++at_;
      return true;
    }
    if (Here() != ',') return Fail(kUnexpectedCharacter);
    ++at_;
    SkipSpace();
    if (object && !Key()) return false;
    return Value();
  }

  bool Key() {
    if (AtEnd()) return Fail(kUnexpectedEnd);
    if (Here() != '"') return Fail(kUnexpectedCharacter);
    if (!String()) return false;
    SkipSpace();
    if (AtEnd()) return Fail(kUnexpectedEnd);
    if (Here() != ':') return Fail(kUnexpectedCharacter);
    ++at_;
    SkipSpace();
    return true;
  }

  bool Scalar(char c) {
    switch (c) {
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        break;
    }
    if (c == '-' || IsDigit(c)) return Number();
    return Fail(kUnexpectedCharacter);
  }

  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return Fail(kUnexpectedCharacter);
    at_ += word.size();
    return true;
  }

  bool Digits() {
    if (AtEnd() || !IsDigit(Here())) return Fail(kBadNumber);
    while (!AtEnd() && IsDigit(Here())) ++at_;
    return true;
  }

  bool Number() {
    if (Here() == '-') ++at_;
    if (!AtEnd() && Here() == '0') {
      ++at_;
    } else if (!Digits()) {
      return false;
    }
    if (!AtEnd() && Here() == '.') {
      ++at_;
      if (!Digits()) return false;
    }
    if (!AtEnd() && (Here() == 'e' || Here() == 'E')) {
      ++at_;
      if (!AtEnd() && (Here() == '+' || Here() == '-')) ++at_;
      return Digits();
    }
    return true;
  }

  bool String() {
    ++at_;
    while (true) {
      while (!AtEnd() && kPlain[static_cast<std::uint8_t>(Here())]) ++at_;
      if (AtEnd()) return Fail(kUnexpectedEnd);
      const auto byte = static_cast<std::uint8_t>(Here());
      if (byte == '"') {
        ++at_;
        return true;
      }
      if (byte == '\\') {
        if (!Escape()) return false;
      } else if (byte < 0x20) {
        return Fail(kControlCharacter);
      } else if (!Utf8(byte)) {
        return false;
      }
    }
  }

  bool Utf8(std::uint8_t byte) {
    const Utf8Lead lead = LeadOf(byte);
    if (lead.length == 0 || at_ + lead.length > text_.size()) return Fail(kBadUtf8);
    const auto second = static_cast<std::uint8_t>(text_[at_ + 1]);
    if (second < lead.low || second > lead.high) return Fail(kBadUtf8);
    for (std::size_t i = 2; i < lead.length; ++i) {
      if ((static_cast<std::uint8_t>(text_[at_ + i]) & 0xC0) != 0x80) return Fail(kBadUtf8);
    }
    at_ += lead.length;
    return true;
  }

  bool Escape() {
    if (at_ + 1 >= text_.size()) return Fail(kUnexpectedEnd);
    const char c = text_[at_ + 1];
    if (c != 'u') {
      if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return Fail(kBadEscape);
      at_ += 2;
      return true;
    }
    const int unit = HexUnit(at_ + 2);
    if (unit < 0) return Fail(kBadEscape);
    // PostgreSQL's json functions and most readers have no text for them.
    if (unit == 0) return Fail("the character U+0000");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return Fail(kBadSurrogate);
    if (unit < 0xD800 || unit > 0xDBFF) {
      at_ += 6;
      return true;
    }
    if (text_.substr(at_ + 6, 2) != "\\u") return Fail(kBadSurrogate);
    const int low = HexUnit(at_ + 8);
    if (low < 0xDC00 || low > 0xDFFF) return Fail(kBadSurrogate);
    at_ += 12;
    return true;
  }

  int HexUnit(std::size_t at) const {
    if (at + 4 > text_.size()) return -1;
    int unit = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const int value = HexValue(text_[at + i]);
      if (value < 0) return -1;
      unit = unit * 16 + value;
    }
    return unit;
  }

  const std::string_view text_;
  const std::size_t depth_max_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  // One bit per open container; only those below depth_ are set, the rest is never read.
  std::array<std::uint64_t, kJsonDepthCeiling / 64> is_object_;
  JsonFault fault_;
};

}  // namespace

JsonFault CheckJson(std::string_view text, std::size_t depth_max) {
  CHECK(depth_max <= kJsonDepthCeiling);
  return Checker(text, depth_max).Run();
}

JsonFault CheckJsonObject(std::string_view text, std::size_t depth_max) {
  const JsonFault fault = CheckJson(text, depth_max);
  if (!fault.ok()) return fault;
  const std::size_t first = text.find_first_not_of(" \n\t\r");
  if (text[first] != '{') return JsonFault{"not an object", first};
  return {};
}

TextPosition PositionOf(std::string_view text, std::size_t offset) {
  TextPosition position;
  for (const char c : text.substr(0, offset)) {
    ++position.column;
    if (c == '\n') position = TextPosition{position.line + 1, 1};
  }
  return position;
}

std::string DescribeFault(std::string_view text, const JsonFault& fault) {
  const TextPosition position = PositionOf(text, fault.offset);
  return absl::StrCat("malformed JSON at byte ", fault.offset, " (line ", position.line,
                      ", column ", position.column, "): ", fault.message);
}

absl::Status CheckPayload(std::string_view what, std::string_view json, std::string_view bound,
                          std::size_t bytes_max, std::string_view file) {
  if (json.size() > bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat(std::string(what), ": ", json.size(),
                                                     " bytes of JSON; at most ",
                                                     FixedBound(bound, bytes_max, file)));
  }
  if (json.empty()) return absl::OkStatus();
  const JsonFault fault = CheckJson(json);
  if (fault.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(what), ": ", DescribeFault(json, fault)));
}

}  // namespace skald::core
