// IpAddress and IpNetwork: what a connection really goes to, as opposed to what its name said.
//
// Immutable values; thread-safe. An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4)
// says which one, so that a rule for the IPv4 address cannot be stepped round.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skald::base {

class IpAddress {
 public:
  // "10.0.0.1", "fd00::1"; no brackets, no zone, no port. nullopt: anything else.
  static std::optional<IpAddress> Parse(std::string_view text);
  // nullopt: neither IPv4 nor IPv6, or shorter than its family needs.
  static std::optional<IpAddress> FromSockaddr(const sockaddr* address, socklen_t size);

  bool is_v4() const { return v4_; }
  int bits() const { return v4_ ? 32 : 128; }
  bool Bit(int index) const;  // from the most significant. REQUIRES: 0 <= index < bits().
  std::string ToString() const;

  // The IPv4 address that this IPv6 address stands for: ::ffff:0:0/96 (RFC 4291), ::/96 but for
  // :: and ::1, 64:ff9b::/96 (RFC 6052), 2002::/16 (RFC 3056).
  std::optional<IpAddress> Embedded() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  static IpAddress V4(const std::uint8_t* bytes);

  std::array<std::uint8_t, 16> bytes_{};  // an IPv4 address takes the first four
  bool v4_ = false;
};

class IpNetwork {
 public:
  // "10.0.0.0/8", or an address, which is a network of one. nullopt: anything else, also when bits
  // behind the prefix are set ("10.0.0.1/8": one of the two is not meant).
  static std::optional<IpNetwork> Parse(std::string_view text);

  bool Contains(const IpAddress& address) const;
  std::string ToString() const;

 private:
  IpAddress first_;
  int prefix_ = 0;
};

}  // namespace skald::base
