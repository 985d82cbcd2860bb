// EgressPolicy: where a step may make the server connect to.
//
// A rule is HOST or HOST:PORT or HOST:FIRST-LAST, where HOST is
//   an address or network   10.0.0.0/8   192.0.2.7   fd00::/8   [fd00::/8]:443
//   a name                  api.example.com
//   names below one         *.example.com (not example.com itself)
//   anything                *
//
// A connection to `host`, which resolved to `address`, at `port`:
//   1. a deny rule that fits the name or the address refuses it;
//   2. an address of the built-in list (loopback, link-local, cloud metadata, multicast,
//      unspecified, reserved) is refused, unless an allow rule names it by address or network: a
//      name opens none of these, for whoever owns the name chooses its address. `loopback` takes
//      loopback off the list;
//   3. if there are allow rules, one has to fit the name or the address.
// So without rules all but the built-in list is allowed, private networks too: internal services
// are what steps call. An IPv6 address that carries an IPv4 address counts as that
// one; a deny rule may name it in either form.
//
// The check belongs to the connection, not to the name: what was resolved once may resolve
// otherwise the next time (DNS rebinding). Immutable; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/ip_address.h"

namespace skald::base {

inline constexpr std::size_t kEgressRulesMax = 1'000;  // of each list
inline constexpr std::size_t kEgressRuleBytesMax = 300;

struct EgressSettings {
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  bool loopback = false;
};

class EgressPolicy {
 public:
  // INVALID_ARGUMENT: a rule that is none, named with what was expected; too many rules.
  static absl::StatusOr<EgressPolicy> Parse(const EgressSettings& settings);

  // Asked before the name is resolved: PERMISSION_DENIED when no address could make it right.
  absl::Status CheckHost(std::string_view host, std::uint16_t port) const;

  // Asked for each connection. PERMISSION_DENIED, with what refused it.
  absl::Status CheckConnection(std::string_view host, const IpAddress& address,
                               std::uint16_t port) const;

 private:
  enum class Kind : std::uint8_t { kAnything, kName, kBelowName, kNetwork };
  struct Rule {
    Kind kind = Kind::kAnything;
    std::string name;  // lower case, without a dot at the end
    IpNetwork network;
    std::uint16_t port_first = 0;
    std::uint16_t port_last = 65'535;
    std::string text;  // as it was written
  };

  static absl::StatusOr<Rule> ParseRule(std::string_view text);
  static bool FitsName(const Rule& rule, std::string_view host, std::uint16_t port);
  static bool FitsAddress(const Rule& rule, const IpAddress& address, std::uint16_t port);
  absl::Status CheckOne(std::string_view host, const IpAddress& address, std::uint16_t port) const;

  std::vector<Rule> allow_;
  std::vector<Rule> deny_;
  bool loopback_ = false;
};

}  // namespace skald::base
