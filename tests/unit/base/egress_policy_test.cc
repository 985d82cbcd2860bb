#include "engine/base/egress_policy.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace skald::base {
namespace {

EgressPolicy Policy(EgressSettings settings) {
  auto policy = EgressPolicy::Parse(settings);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

bool Allows(const EgressPolicy& policy, const std::string& host, const std::string& address,
            std::uint16_t port = 443) {
  const std::optional<IpAddress> parsed = IpAddress::Parse(address);
  EXPECT_TRUE(parsed.has_value()) << address;
  return policy.CheckHost(host, port).ok() && policy.CheckConnection(host, *parsed, port).ok();
}

TEST(EgressPolicyTest, BuiltInListIsDenied) {
  const EgressPolicy policy = Policy({});
  for (const char* address : {"127.0.0.1",
                              "127.255.0.1",
                              "::1",
                              "0.0.0.0",
                              "0.1.2.3",
                              "::",
                              "169.254.169.254",
                              "169.254.0.1",
                              "fe80::1",
                              "fd00:ec2::254",
                              "224.0.0.1",
                              "ff02::1",
                              "255.255.255.255",
                              "100.100.100.200",
                              "168.63.129.16",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "::169.254.169.254",
                              "64:ff9b::a9fe:a9fe",
                              "2002:a9fe:a9fe::1",
                              "2002:7f00:1::"}) {
    EXPECT_FALSE(Allows(policy, "name", address)) << address;
  }
  for (const char* address : {"10.0.0.1", "192.168.0.1", "8.8.8.8", "2001:db8::1", "fd00::1",
                              "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    EXPECT_TRUE(Allows(policy, "name", address)) << address;
  }
}

TEST(EgressPolicyTest, LoopbackIsOpenedBySetting) {
  const EgressPolicy policy = Policy({.loopback = true});
  EXPECT_TRUE(Allows(policy, "localhost", "127.0.0.1"));
  EXPECT_TRUE(Allows(policy, "localhost", "::1"));
  EXPECT_TRUE(Allows(policy, "localhost", "::ffff:127.0.0.1"));
  EXPECT_FALSE(Allows(policy, "localhost", "169.254.169.254"));
}

TEST(EgressPolicyTest, NameOpensNoBuiltInAddress) {
  const EgressPolicy by_name = Policy({.allow = {"*.example.com", "*"}});
  EXPECT_FALSE(Allows(by_name, "evil.example.com", "127.0.0.1"));
  EXPECT_TRUE(Allows(by_name, "a.example.com", "8.8.8.8"));
  const EgressPolicy by_address = Policy({.allow = {"127.0.0.1:8080"}});
  EXPECT_TRUE(Allows(by_address, "any", "127.0.0.1", 8080));
  EXPECT_FALSE(Allows(by_address, "any", "127.0.0.1", 8081));
  EXPECT_FALSE(Allows(by_address, "any", "8.8.8.8", 8080));
}

TEST(EgressPolicyTest, DenyWinsOverAllow) {
  const EgressPolicy policy = Policy(
      {.allow = {"*", "10.0.0.0/8"}, .deny = {"10.1.0.0/16", "*.bad.org", "*:25", "fd00::/8"}});
  EXPECT_TRUE(Allows(policy, "a", "10.0.0.1"));
  EXPECT_FALSE(Allows(policy, "a", "10.1.0.1"));
  EXPECT_FALSE(Allows(policy, "a", "::ffff:10.1.0.1"));
  EXPECT_FALSE(Allows(policy, "x.bad.org", "8.8.8.8"));
  EXPECT_FALSE(Allows(policy, "X.Bad.Org.", "8.8.8.8"));
  EXPECT_TRUE(Allows(policy, "bad.org", "8.8.8.8"));
  EXPECT_TRUE(Allows(policy, "notbad.org", "8.8.8.8"));
  EXPECT_FALSE(Allows(policy, "a", "8.8.8.8", 25));
  EXPECT_FALSE(Allows(policy, "a", "fd00::7"));
}

TEST(EgressPolicyTest, AllowListClosesTheRest) {
  const EgressPolicy policy = Policy({.allow = {"api.example.com:443", "[fd00::/8]:8000-9000"}});
  EXPECT_TRUE(Allows(policy, "API.example.com", "8.8.8.8"));
  EXPECT_FALSE(Allows(policy, "api.example.com", "8.8.8.8", 80));
  EXPECT_FALSE(Allows(policy, "other.example.com", "8.8.8.8"));
  EXPECT_TRUE(Allows(policy, "any", "fd00::1", 9000));
  EXPECT_FALSE(Allows(policy, "any", "fd00::1", 9001));
}

TEST(EgressPolicyTest, MalformedRulesAreNamed) {
  for (const char* rule :
       {"", "a b", "*.", "*.*", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "a:", "a:x", "a:2-1",
        "a:70000", "[::1", "[::1]x", "::1/129", "1.2.3.4/", "http://a", "a..b", "10.0.0.0/+8"}) {
    const auto policy = EgressPolicy::Parse({.allow = {}, .deny = {rule}});
    ASSERT_FALSE(policy.ok()) << rule;
    EXPECT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(policy.status().message().find(std::string("\"") + rule + "\""),
              absl::string_view::npos);
  }
  EXPECT_FALSE(EgressPolicy::Parse({.allow = std::vector<std::string>(1'001, "a")}).ok());
}

TEST(IpAddressTest, TextIsReadAndWritten) {
  for (const char* text : {"10.0.0.1", "::", "fd00:ec2::254", "255.255.255.255"}) {
    const auto address = IpAddress::Parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->ToString(), text);
  }
  for (const char* text :
       {"", "010.0.0.1", "10.1", "2130706433", "0x7f.0.0.1", "fe80::1%eth0", "[::1]", "1.2.3.4 "}) {
    EXPECT_FALSE(IpAddress::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace skald::base
