#include "engine/grpc_call/grpc_request.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace skald::grpc_call {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<GrpcRequest> Parse(const std::string& input, const std::string& settings = "{}",
                                  core::DurationUs timeout_us = 0) {
  ports::RunnerTask task;
  task.input = core::Payload(input);
  task.settings = core::Payload(settings);
  task.timeout_us = timeout_us;
  return ParseRequest(task, {.default_ms = 30'000, .max_ms = 600'000});
}

std::string Refusal(const std::string& more, const std::string& settings = "{}") {
  const auto request = Parse(R"({"target":"a:1","method":"p.S/M")" + more + "}", settings);
  return request.ok() ? "(none)" : std::string(request.status().message());
}

TEST(GrpcRequestTest, TargetsAreHostsWithPorts) {
  EXPECT_EQ(ParseTarget("dns:///API.example.com:443")->ToString(), "api.example.com:443");
  EXPECT_EQ(ParseTarget("[fd00::1]:50051")->ToString(), "[fd00::1]:50051");
  for (const char* text : {"", "a", "a:", "a:0", "a:65536", "a:+1", "fd00::1:443", "[]:1", "a b:1",
                           "unix:///tmp/x", "dns://8.8.8.8/a:1", "a/b:1", "[a]:1:2"}) {
    EXPECT_FALSE(ParseTarget(text).ok()) << text;
  }
}

TEST(GrpcRequestTest, DefaultsHold) {
  const auto request = Parse(R"({"target":["a:1","b:2"],"method":"/p.S/M"})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->targets.size(), 2U);
  EXPECT_EQ(request->service, "p.S");
  EXPECT_EQ(request->method, "M");
  EXPECT_EQ(request->json, "{}");
  EXPECT_EQ(request->deadline_ms, 30'000);
  EXPECT_FALSE(request->tls);
  EXPECT_EQ(request->ChannelKey(), "plain a:1 b:2");
}

TEST(GrpcRequestTest, TaskTimeoutBoundsTheDeadline) {
  const std::string input = R"({"target":"a:1","method":"p.S/M","deadlineMs":"5000"})";
  EXPECT_EQ(Parse(input)->deadline_ms, 5'000);
  EXPECT_EQ(Parse(input, "{}", 1'000'000)->deadline_ms, 1'000);
  EXPECT_EQ(Parse(input, "{}", 1)->deadline_ms, 1);
}

TEST(GrpcRequestTest, MistakesAreNamed) {
  EXPECT_THAT(std::string(Parse("{}").status().message()), HasSubstr("target"));
  EXPECT_THAT(std::string(Parse(R"({"target":[]})").status().message()),
              HasSubstr("1 to kTargetsMax (16"));
  EXPECT_THAT(std::string(Parse(R"({"target":"a:1"})").status().message()),
              HasSubstr("package.Service/Method"));
  EXPECT_THAT(Refusal(R"(,"deadlineMs":0)"), HasSubstr("deadlineMs"));
  EXPECT_THAT(Refusal(R"(,"deadlineMs":1.5)"), HasSubstr("deadlineMs"));
  EXPECT_THAT(Refusal(R"(,"tls":{})"), HasSubstr("profile"));
  EXPECT_THAT(Refusal(R"(,"metadata":{"a b":"c"})"), HasSubstr("metadata"));
  EXPECT_THAT(Refusal(R"(,"metadata":{"a":"c\nd"})"), HasSubstr("printable"));
  EXPECT_THAT(Refusal(R"(,"metadata":{"a-bin":"*"})"), HasSubstr("base64"));
  EXPECT_THAT(Refusal("", R"({"outcome":{"OK":"NONE"}})"), HasSubstr("outcome"));
  EXPECT_THAT(Refusal("", R"({"outcome":{"ABORTED":"MAYBE"}})"), HasSubstr("outcome.ABORTED"));
  EXPECT_EQ(Refusal("", R"({"outcome":{"ABORTED":"APPLIED"}})"), "(none)");
}

TEST(GrpcOutcomeTest, CodesHaveNames) {
  for (int code = 0; code <= 16; ++code) EXPECT_EQ(CodeOf(CodeName(code)), code);
  EXPECT_EQ(CodeName(99), "UNKNOWN");
  EXPECT_EQ(CodeOf("NOPE"), std::nullopt);
  EXPECT_EQ(EffectOf(14, {}), core::Effect::kUnknown);
  EXPECT_EQ(EffectOf(14, {{14, core::Effect::kNone}}), core::Effect::kNone);
}

}  // namespace
}  // namespace skald::grpc_call
