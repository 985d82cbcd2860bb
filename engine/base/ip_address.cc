#include "engine/base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace skald::base {

IpAddress IpAddress::V4(const std::uint8_t* bytes) {
  IpAddress result;
  result.v4_ = true;
  std::copy_n(bytes, 4, result.bytes_.begin());
  return result;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string zero_ended(text);
  if (zero_ended.find('\0') != std::string::npos) return std::nullopt;
  IpAddress result;
  if (inet_pton(AF_INET, zero_ended.c_str(), result.bytes_.data()) == 1) {
    result.v4_ = true;
    return result;
  }
  result.bytes_.fill(0);
  if (inet_pton(AF_INET6, zero_ended.c_str(), result.bytes_.data()) == 1) return result;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::FromSockaddr(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    return V4(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr));
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof(v6));
    IpAddress result;
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), 16, result.bytes_.begin());
    return result;
  }
  return std::nullopt;
}

bool IpAddress::Bit(int index) const {
  return ((bytes_[static_cast<std::size_t>(index) / 8] >> (7 - index % 8)) & 1) != 0;
}

std::string IpAddress::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text.data(), text.size());
  return text.data();
}

std::optional<IpAddress> IpAddress::Embedded() const {
  if (v4_) return std::nullopt;
  const auto begins_with = [this](std::string_view prefix) {
    return std::equal(prefix.begin(), prefix.end(), bytes_.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  };
  using std::string_view_literals::operator""sv;
  if (begins_with("\x20\x02"sv)) return V4(bytes_.data() + 2);
  const bool mapped = begins_with("\0\0\0\0\0\0\0\0\0\0\xff\xff"sv);
  const bool nat64 = begins_with("\0\x64\xff\x9b\0\0\0\0\0\0\0\0"sv);
  const bool compatible =
      begins_with("\0\0\0\0\0\0\0\0\0\0\0\0"sv) && !begins_with("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv);
  if (mapped || nat64 || compatible) return V4(bytes_.data() + 12);
  return std::nullopt;
}

std::optional<IpNetwork> IpNetwork::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address.has_value()) return std::nullopt;
  IpNetwork result;
  result.first_ = *address;
  result.prefix_ = address->bits();
  if (slash == std::string_view::npos) return result;
  const std::string_view prefix = text.substr(slash + 1);
  const bool digits =
      !prefix.empty() && prefix.size() <= 3 &&
      std::all_of(prefix.begin(), prefix.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits ||
      !absl::SimpleAtoi(absl::string_view(prefix.data(), prefix.size()), &result.prefix_)) {
    return std::nullopt;
  }
  if (result.prefix_ > address->bits()) return std::nullopt;
  for (int bit = result.prefix_; bit < address->bits(); ++bit) {
    if (address->Bit(bit)) return std::nullopt;
  }
  return result;
}

bool IpNetwork::Contains(const IpAddress& address) const {
  if (address.is_v4() != first_.is_v4()) return false;
  for (int bit = 0; bit < prefix_; ++bit) {
    if (address.Bit(bit) != first_.Bit(bit)) return false;
  }
  return true;
}

std::string IpNetwork::ToString() const { return absl::StrCat(first_.ToString(), "/", prefix_); }

}  // namespace skald::base
