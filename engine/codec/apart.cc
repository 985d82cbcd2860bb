#include "engine/codec/apart.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace skald::codec {
namespace {

constexpr std::size_t kNameBytes = 2 * SHA256_DIGEST_LENGTH;
constexpr std::string_view kBeforeName = "@\":\"";

bool IsName(std::string_view text) {
  return text.size() == kNameBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

std::size_t Apart::payload_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [name, payload] : payloads) bytes += payload.size();
  return bytes;
}

std::string PayloadName(const core::Payload& payload) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const std::string_view text = payload.text();
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::vector<std::string> NamedPayloads(std::string_view text) {
  std::set<std::string_view> names;
  for (std::size_t at = text.find(kBeforeName); at != std::string_view::npos;
       at = text.find(kBeforeName, at + 1)) {
    const std::string_view name = text.substr(at + kBeforeName.size(), kNameBytes);
    if (IsName(name)) names.insert(name);
  }
  return {names.begin(), names.end()};
}

}  // namespace skald::codec
