#include "engine/core/json_check.h"

#include <gtest/gtest.h>

#include <string>

namespace skald::core {
namespace {

TEST(JsonCheckTest, TakesWhatIsJson) {
  for (const char* text : {"null",
                           " true ",
                           "false",
                           "0",
                           "-0",
                           "12",
                           "-1.5",
                           "1e9",
                           "1.25E-3",
                           "\"\"",
                           "\"a b\"",
                           R"("\"\\\/\b\f\n\r\té😀")",
                           "[]",
                           "{}",
                           "[1,[2,{}],\"x\"]",
                           "{\"a\":1,\"b\":{\"c\":[]}}",
                           " [ 1 , 2 ] ",
                           "\"\xC3\xA9\"",
                           "\"\xF0\x9F\x98\x80\"",
                           "\"\\ud83d\\ude00\"",
                           "{\"\":null}"}) {
    EXPECT_TRUE(CheckJson(text).ok()) << text << ": " << CheckJson(text).message;
  }
}

TEST(JsonCheckTest, RefusesWhatIsNot) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nulll",
                           "True",
                           "+1",
                           "01",
                           "-",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x1",
                           "NaN",
                           "\"",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"\\u0000\"",
                           "\"a\nb\"",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "}",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:2}",
                           "{\"a\" 1}",
                           "[}",
                           "{]",
                           "1 2",
                           "{} x",
                           "'a'",
                           "/* */1",
                           "\"\x80\"",
                           "\"\xC3\"",
                           "\"\xC0\xAF\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xE2\x82\"",
                           "\"\xF8\x88\x80\x80\x80\""}) {
    EXPECT_FALSE(CheckJson(text).ok()) << text;
  }
}

TEST(JsonCheckTest, SaysWhereItStopped) {
  const std::string text = "{\n  \"a\": tru\n}";
  const JsonFault fault = CheckJson(text);
  EXPECT_EQ(fault.offset, 9u);
  EXPECT_EQ(PositionOf(text, fault.offset).line, 2u);
  EXPECT_EQ(PositionOf(text, fault.offset).column, 8u);
  EXPECT_EQ(DescribeFault(text, fault),
            "malformed JSON at byte 9 (line 2, column 8): unexpected character");
}

TEST(JsonCheckTest, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(CheckJson("1", 0).ok());
  EXPECT_FALSE(CheckJson("[]", 0).ok());
  EXPECT_TRUE(CheckJson(nested(kJsonDepthMax)).ok());
  EXPECT_FALSE(CheckJson(nested(kJsonDepthMax + 1)).ok());
  EXPECT_FALSE(CheckJson(std::string(1'000'000, '[')).ok());
  EXPECT_TRUE(CheckJson(nested(kJsonDepthCeiling), kJsonDepthCeiling).ok());
  EXPECT_STREQ(CheckJson(nested(kJsonDepthCeiling + 1), kJsonDepthCeiling).message,
               "nested too deep");
}

TEST(JsonCheckTest, AlternatingContainersAreToldApartAtEveryDepth) {
  std::string open;
  std::string close;
  for (int i = 0; i < 200; ++i) {
    open.append(i % 3 == 0 ? "[" : "{\"k\":");
    close.insert(0, i % 3 == 0 ? "]" : "}");
  }
  EXPECT_TRUE(CheckJson(open + "1" + close, kJsonDepthCeiling).ok());
  std::string wrong = close;
  wrong[100] = wrong[100] == ']' ? '}' : ']';
  EXPECT_FALSE(CheckJson(open + "1" + wrong, kJsonDepthCeiling).ok());
}

TEST(JsonCheckTest, ObjectIsWanted) {
  EXPECT_TRUE(CheckJsonObject(" {\"a\":1}").ok());
  EXPECT_STREQ(CheckJsonObject(" [1]").message, "not an object");
  EXPECT_EQ(CheckJsonObject(" [1]").offset, 1u);
  EXPECT_FALSE(CheckJsonObject("").ok());
}

TEST(PayloadTest, RefusalsNameTheFieldThePlaceAndTheBound) {
  const auto check = [](std::string_view what, const std::string& json) {
    return CheckPayload(what, json, "kPayloadBytesMax", 20, "engine/grpc/limits.h");
  };
  EXPECT_TRUE(check("input", "").ok());
  EXPECT_TRUE(check("input", "{\"a\":1}").ok());
  const absl::Status malformed = check("input", "{\"a\":}");
  EXPECT_EQ(malformed.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(malformed.message(),
            "input: malformed JSON at byte 5 (line 1, column 6): unexpected character");
  const absl::Status long_one = check("output", "\"" + std::string(20, 'x') + "\"");
  EXPECT_EQ(long_one.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(
      long_one.message(),
      "output: 22 bytes of JSON; at most kPayloadBytesMax (20; fixed in engine/grpc/limits.h)");
}

}  // namespace
}  // namespace skald::core
