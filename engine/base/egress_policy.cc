#include "engine/base/egress_policy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "engine/base/check.h"
#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::base {
namespace {

struct BuiltIn {
  std::string_view network;
  std::string_view what;
  bool loopback = false;
};

constexpr std::array<BuiltIn, 16> kBuiltIn = {{
    {"0.0.0.0/8", "unspecified"},
    {"127.0.0.0/8", "loopback", true},
    {"169.254.0.0/16", "link-local and cloud metadata"},
    {"100.100.100.200/32", "cloud metadata"},
    {"168.63.129.16/32", "cloud metadata"},
    {"192.0.0.192/32", "cloud metadata"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved and broadcast"},
    {"::/128", "unspecified"},
    {"::1/128", "loopback", true},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"fd00:ec2::254/128", "cloud metadata"},
    {"fd20:ce::254/128", "cloud metadata"},
    {"ff00::/8", "multicast"},
    {"100::/64", "discard"},
}};

const BuiltIn* FindBuiltIn(const IpAddress& address) {
  for (const BuiltIn& entry : kBuiltIn) {
    const std::optional<IpNetwork> network = IpNetwork::Parse(entry.network);
    CHECK(network.has_value());
    if (network->Contains(address)) return &entry;
  }
  return nullptr;
}

std::string Normalized(std::string_view host) {
  std::string name(host);
  absl::AsciiStrToLower(&name);
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

bool IsName(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '.') return false;
  const bool letters = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
  // What ends in a number is meant as an address, and is none.
  const std::size_t dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  const bool number =
      std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  return letters && !number && name.find("..") == std::string_view::npos;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint32_t port = 0;
  const bool digits =
      !text.empty() && text.size() <= 5 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || !absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &port) ||
      port > 65'535) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(port);
}

struct Split {
  std::string_view host;
  std::optional<std::string_view> ports;
};

// "[host]:ports", "host:ports", "host"; two colons without brackets are an IPv6 address.
std::optional<Split> SplitRule(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return Split{text.substr(1, close - 1), std::nullopt};
    if (rest.front() != ':') return std::nullopt;
    return Split{text.substr(1, close - 1), rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return Split{text, std::nullopt};
  }
  return Split{text.substr(0, colon), text.substr(colon + 1)};
}

absl::Status Refused(std::string_view host, const IpAddress& address, std::uint16_t port,
                     const std::string& why) {
  return absl::PermissionDeniedError(fmt::format("egress policy: {} port {} ({}) is refused: {}",
                                                 host, port, address.ToString(), why));
}

}  // namespace

absl::StatusOr<EgressPolicy::Rule> EgressPolicy::ParseRule(std::string_view text) {
  const auto wrong = [text](std::string_view expected) {
    return absl::InvalidArgumentError(
        fmt::format("egress rule \"{}\": expected {}", text, expected));
  };
  if (text.size() > kEgressRuleBytesMax)
    return wrong(fmt::format("at most kEgressRuleBytesMax ({}) bytes", kEgressRuleBytesMax));
  Rule rule;
  rule.text = text;
  const std::optional<Split> split = SplitRule(text);
  if (!split.has_value()) return wrong("HOST, HOST:PORT or [ADDRESS]:PORT");
  if (split->ports.has_value()) {
    const std::size_t dash = split->ports->find('-');
    const auto first = ParsePort(split->ports->substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : ParsePort(split->ports->substr(dash + 1));
    if (!first || !last || *first > *last) return wrong("a port or FIRST-LAST, 0 to 65535");
    rule.port_first = *first;
    rule.port_last = *last;
  }
  if (split->host == "*") return rule;
  if (const auto network = IpNetwork::Parse(split->host)) {
    rule.kind = Kind::kNetwork;
    rule.network = *network;
    return rule;
  }
  rule.kind = split->host.starts_with("*.") ? Kind::kBelowName : Kind::kName;
  rule.name = Normalized(rule.kind == Kind::kBelowName ? split->host.substr(2) : split->host);
  if (!IsName(rule.name)) return wrong("an address, ADDRESS/BITS, a name, *.NAME or *");
  return rule;
}

absl::StatusOr<EgressPolicy> EgressPolicy::Parse(const EgressSettings& settings) {
  EgressPolicy policy;
  policy.loopback_ = settings.loopback;
  if (std::max(settings.allow.size(), settings.deny.size()) > kEgressRulesMax) {
    return absl::InvalidArgumentError(fmt::format(
        "egress policy: more than kEgressRulesMax ({}) rules in a list", kEgressRulesMax));
  }
  for (const std::string& text : settings.allow) {
    ASSIGN_OR_RETURN(Rule rule, ParseRule(text));
    policy.allow_.push_back(std::move(rule));
  }
  for (const std::string& text : settings.deny) {
    ASSIGN_OR_RETURN(Rule rule, ParseRule(text));
    policy.deny_.push_back(std::move(rule));
  }
  return policy;
}

bool EgressPolicy::FitsName(const Rule& rule, std::string_view host, std::uint16_t port) {
  if (port < rule.port_first || port > rule.port_last) return false;
  switch (rule.kind) {
    case Kind::kAnything:
      return true;
    case Kind::kName:
      return host == rule.name;
    case Kind::kBelowName:
      return host.size() > rule.name.size() + 1 && host.ends_with(rule.name) &&
             host[host.size() - rule.name.size() - 1] == '.';
    case Kind::kNetwork:
      return false;
  }
  return false;
}

bool EgressPolicy::FitsAddress(const Rule& rule, const IpAddress& address, std::uint16_t port) {
  return rule.kind == Kind::kNetwork && port >= rule.port_first && port <= rule.port_last &&
         rule.network.Contains(address);
}

absl::Status EgressPolicy::CheckHost(std::string_view host, std::uint16_t port) const {
  const std::string name = Normalized(host);
  for (const Rule& rule : deny_) {
    if (!FitsName(rule, name, port)) continue;
    return absl::PermissionDeniedError(fmt::format(
        "egress policy: {} port {} is refused: deny rule \"{}\"", name, port, rule.text));
  }
  const bool possible = std::any_of(allow_.begin(), allow_.end(), [&](const Rule& rule) {
    return FitsName(rule, name, port) ||
           (rule.kind == Kind::kNetwork && port >= rule.port_first && port <= rule.port_last);
  });
  if (allow_.empty() || possible) return absl::OkStatus();
  return absl::PermissionDeniedError(
      fmt::format("egress policy: {} port {} is refused: no allow rule fits", name, port));
}

absl::Status EgressPolicy::CheckOne(std::string_view host, const IpAddress& address,
                                    std::uint16_t port) const {
  for (const Rule& rule : deny_) {
    if (FitsName(rule, host, port) || FitsAddress(rule, address, port)) {
      return Refused(host, address, port, fmt::format("deny rule \"{}\"", rule.text));
    }
  }
  const bool by_address = std::any_of(allow_.begin(), allow_.end(), [&](const Rule& rule) {
    return FitsAddress(rule, address, port);
  });
  if (by_address) return absl::OkStatus();
  if (const BuiltIn* found = FindBuiltIn(address); found != nullptr) {
    if (!found->loopback || !loopback_) {
      return Refused(host, address, port, fmt::format("{} address", found->what));
    }
  }
  const bool by_name = std::any_of(allow_.begin(), allow_.end(),
                                   [&](const Rule& rule) { return FitsName(rule, host, port); });
  if (allow_.empty() || by_name) return absl::OkStatus();
  return Refused(host, address, port, "no allow rule fits");
}

absl::Status EgressPolicy::CheckConnection(std::string_view host, const IpAddress& address,
                                           std::uint16_t port) const {
  const std::string name = Normalized(host);
  // Packets go to the inner address; the outer one may be denied besides.
  const std::optional<IpAddress> inner = address.Embedded();
  if (!inner.has_value()) return CheckOne(name, address, port);
  for (const Rule& rule : deny_) {
    if (FitsAddress(rule, address, port)) {
      return Refused(name, address, port, fmt::format("deny rule \"{}\"", rule.text));
    }
  }
  return CheckOne(name, *inner, port);
}

}  // namespace skald::base
