#include "engine/base/ids.h"

#include <algorithm>

#include "absl/status/status.h"
#include "fmt/format.h"

namespace skald::base {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
// A hyphen stands before the bytes of these numbers.
constexpr bool HyphenBefore(size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

// Returns -1 for what is no hexadecimal digit.
int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::Status NotAnId(std::string_view text) {
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is not an id of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
                  text.substr(0, Uuid::kTextBytes + 4)));
}

}  // namespace

absl::StatusOr<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != kTextBytes) return NotAnId(text);
  std::array<uint8_t, kBytes> bytes = {};
  size_t at = 0;
  for (size_t i = 0; i < kBytes; ++i) {
    if (HyphenBefore(i) && text[at++] != '-') return NotAnId(text);
    const int high = DigitValue(text[at]);
    const int low = DigitValue(text[at + 1]);
    if (high < 0 || low < 0) return NotAnId(text);
    bytes[i] = static_cast<uint8_t>(high * 16 + low);
    at += 2;
  }
  return Uuid(bytes);
}

absl::StatusOr<Uuid> Uuid::FromBytes(std::string_view bytes) {
  if (bytes.size() != kBytes) {
    return absl::InvalidArgumentError(
        fmt::format("an id has {} bytes, not {}", kBytes, bytes.size()));
  }
  std::array<uint8_t, kBytes> result = {};
  std::copy(bytes.begin(), bytes.end(), result.begin());
  return Uuid(result);
}

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(kTextBytes);
  for (size_t i = 0; i < kBytes; ++i) {
    if (HyphenBefore(i)) text += '-';
    text += kDigits[bytes_[i] >> 4];
    text += kDigits[bytes_[i] & 0x0f];
  }
  return text;
}

}  // namespace skald::base
