#include "engine/app/call_config.h"

#include <sstream>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include <CLI/CLI.hpp>

namespace skald::app {
namespace {

CallConfig Parse(const std::string& line) {
  CLI::App app;
  CallConfig config;
  AddCallOptions(app, config);
  app.parse(line);
  return config;
}

TEST(CallConfigTest, RulesAndProfilesAreReadFromTheirLists) {
  const CallConfig config = Parse(
      "--egress-allow \"10.0.0.0/8, api.example.com:443\" --egress-deny 10.1.0.0/16 "
      "--grpc-tls-profiles \"a=/ca.pem, b=;/c.pem;/k.pem\" --http-calls-max 7");
  const auto policy = config.ToEgressPolicy(false);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_TRUE(policy->CheckHost("api.example.com", 443).ok());
  EXPECT_FALSE(policy->CheckConnection("x", *base::IpAddress::Parse("10.1.0.1"), 443).ok());
  EXPECT_EQ(config.ToHttpOptions(*policy).calls_max, 7U);
  const auto options = config.ToGrpcOptions(*policy);
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->tls_profiles.size(), 2U);
  EXPECT_EQ(options->tls_profiles[0].ca_file, "/ca.pem");
  EXPECT_EQ(options->tls_profiles[1].ca_file, "");
  EXPECT_EQ(options->tls_profiles[1].key_file, "/k.pem");
}

TEST(CallConfigTest, LoopbackIsOpenOnlyWhenAskedFor) {
  const base::IpAddress address = *base::IpAddress::Parse("127.0.0.1");
  const CallConfig config;
  EXPECT_FALSE(config.ToEgressPolicy(false)->CheckConnection("localhost", address, 80).ok());
  EXPECT_TRUE(config.ToEgressPolicy(true)->CheckConnection("localhost", address, 80).ok());
}

TEST(CallConfigTest, MistakesAreNamed) {
  EXPECT_FALSE(Parse("--egress-deny 10.0.0.1/8").ToEgressPolicy(false).ok());
  for (const char* profile : {"a", "=ca", "a=ca;cert"}) {
    CallConfig config;
    config.grpc_tls_profiles = profile;
    EXPECT_EQ(config.ToGrpcOptions({}).status().code(), absl::StatusCode::kInvalidArgument)
        << profile;
  }
}

TEST(CallConfigTest, PrintedSettingsAreReadBack) {
  CLI::App app;
  CallConfig config;
  AddCallOptions(app, config);
  app.set_config("--config");
  app.parse("--egress-allow \"a.org:443, *.b.org\" --grpc-tls-profiles \"n=ca;cert;key, m=ca\"");
  const std::string printed = app.config_to_str(true, true);
  CLI::App again;
  CallConfig read;
  AddCallOptions(again, read);
  std::istringstream text(printed);
  again.parse_from_stream(text);
  EXPECT_EQ(read.egress_allow, config.egress_allow) << printed;
  EXPECT_EQ(read.egress_deny, "") << printed;
  EXPECT_EQ(read.grpc_tls_profiles, config.grpc_tls_profiles) << printed;
  EXPECT_TRUE(read.ToEgressPolicy(false).ok()) << printed;
}

}  // namespace
}  // namespace skald::app
