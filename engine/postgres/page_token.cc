#include "engine/postgres/page_token.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace skald::postgres {
namespace {

// Never part of a name or an id.
constexpr char kSeparator = '\x1f';
constexpr std::size_t kTokenBytesMax = 2'048;

}  // namespace

std::string EncodePageToken(std::string_view kind, const std::vector<std::string>& keys) {
  std::string text(kind);
  for (const std::string& key : keys) text += kSeparator + key;
  return absl::BytesToHexString(text);
}

absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view kind,
                                                         std::size_t key_count,
                                                         const std::string& token) {
  const absl::Status malformed =
      absl::InvalidArgumentError("page_token: not one that a list of this kind has returned");
  const bool hexadecimal = std::all_of(token.begin(), token.end(), [](char letter) {
    return std::isxdigit(static_cast<unsigned char>(letter)) != 0;
  });
  if (!hexadecimal || token.size() % 2 != 0 || token.size() > kTokenBytesMax) return malformed;
  std::vector<std::string> parts = absl::StrSplit(absl::HexStringToBytes(token), kSeparator);
  if (parts.size() != key_count + 1 || parts.front() != kind) return malformed;
  parts.erase(parts.begin());
  return parts;
}

}  // namespace skald::postgres
