#include "engine/base/log.h"

#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace skald::base {
namespace {

using ::skald::testing::StatusIs;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Each test leaves the level as it found it.
class LogTest : public ::testing::Test {
 protected:
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }
};

TEST_F(LogTest, FieldsFollowTheEventInTheirOrder) {
  const std::string address = "127.0.0.1:8090";
  EXPECT_EQ(FormatLogLine("server.started", {{"address", address}, {"epoch", 3}, {"dev", true}}),
            "server.started address=127.0.0.1:8090 epoch=3 dev=true");
}

TEST_F(LogTest, EveryKindOfNumberKeepsItsValue) {
  EXPECT_EQ(FormatLogLine("a.b", {{"low", std::numeric_limits<int64_t>::min()},
                                  {"high", std::numeric_limits<uint64_t>::max()},
                                  {"part", 0.25}}),
            "a.b low=-9223372036854775808 high=18446744073709551615 part=0.25");
}

TEST_F(LogTest, TextThatWouldBreakTheLineIsQuotedAndEscaped) {
  EXPECT_EQ(FormatLogLine("a.b", {{"k", "two words"}}), R"(a.b k="two words")");
  EXPECT_EQ(FormatLogLine("a.b", {{"k", "x=y"}}), R"(a.b k="x=y")");
  EXPECT_EQ(FormatLogLine("a.b", {{"k", "say \"no\"\\"}}), R"(a.b k="say \"no\"\\")");
  EXPECT_EQ(FormatLogLine("a.b", {{"k", "1\n2\t3\r"}}), R"(a.b k="1\n2\t3\x0d")");
  EXPECT_EQ(FormatLogLine("a.b", {{"k", std::string_view("\0", 1)}}), R"(a.b k="\x00")");
  EXPECT_EQ(FormatLogLine("a.b", {{"k", ""}}), R"(a.b k="")");
}

TEST_F(LogTest, EveryKindOfStringIsTaken) {
  const char* none = nullptr;
  EXPECT_EQ(FormatLogLine("a.b", {{"a", absl::string_view("x")},
                                  {"b", std::string("y")},
                                  {"c", std::string_view("z")},
                                  {"d", none}}),
            "a.b a=x b=y c=z d=\"\"");
}

TEST_F(LogTest, LongValueIsCut) {
  const std::string line = FormatLogLine("a.b", {{"k", std::string(kLogValueBytesMax + 1, 'x')}});
  EXPECT_EQ(line.size(), std::string("a.b k=...").size() + kLogValueBytesMax);
  EXPECT_THAT(line, EndsWith("x..."));
}

TEST_F(LogTest, LineGoesToStandardErrorWithTimeAndLevel) {
  ::testing::internal::CaptureStderr();
  LogWarn("lease.lost", {{"node", 7}});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+.[0-9]+Z WARN lease.lost "
                           "node=7\n"));
}

TEST_F(LogTest, LineBelowTheLevelIsDropped) {
  SetLogLevel(LogLevel::kWarn);
  ::testing::internal::CaptureStderr();
  LogDebug("a.debugged");
  LogInfo("a.informed");
  LogError("a.failed");
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, Not(HasSubstr("a.debugged")));
  EXPECT_THAT(written, Not(HasSubstr("a.informed")));
  EXPECT_THAT(written, HasSubstr("ERROR a.failed"));
}

TEST_F(LogTest, DebugIsOffUntilAskedFor) {
  EXPECT_FALSE(LogEnabled(LogLevel::kDebug));
  SetLogLevel(LogLevel::kDebug);
  EXPECT_TRUE(LogEnabled(LogLevel::kDebug));
}

TEST_F(LogTest, OffSilencesErrors) {
  SetLogLevel(LogLevel::kOff);
  ::testing::internal::CaptureStderr();
  LogError("a.failed");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(LogTest, BracesInTextAreNotFormats) {
  ::testing::internal::CaptureStderr();
  LogInfo("a.b", {{"k", "{} {0} %s"}});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(R"(k="{} {0} %s")"));
}

TEST_F(LogTest, LevelNamesAreRead) {
  ASSERT_TRUE(ParseLogLevel("warn").ok());
  EXPECT_EQ(*ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_THAT(ParseLogLevel("WARN"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseLogLevel("loud"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"loud\"")));
}

}  // namespace
}  // namespace skald::base
