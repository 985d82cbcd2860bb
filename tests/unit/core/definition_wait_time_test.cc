#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/core/limits.h"
#include "engine/core/wait_time.h"

namespace skald::core {
namespace {

TEST(WaitDurationTest, ReadsTheGrammarOfTheReference) {
  const std::map<std::string, std::int64_t> cases = {
      {"1d", 86'400},
      {"2 days 3 hours 4 minutes 5 seconds", 2 * 86'400 + 3 * 3'600 + 4 * 60 + 5},
      {"1 DAY", 86'400},
      {"3hr", 3 * 3'600},
      {"90s", 90},
      {"10 min", 600},
      {"1h30m", 5'400},
      {"  5   sec  ", 5},
      {"0s", 0},
      {"1 hour 1 second", 3'601},
  };
  for (const auto& [text, seconds] : cases) {
    const auto parsed = ParseWaitDuration(text);
    ASSERT_TRUE(parsed.ok()) << text << parsed.status();
    EXPECT_EQ(*parsed, seconds * kSecondUs) << text;
  }
}

TEST(WaitDurationTest, RefusesEverythingElse) {
  for (const char* text : {"", " ", "5", "s", "1.5h", "-1s", "1 fortnight", "1s 1m", "1d 1d",
                           "1h,2m", "99999999999s", "999999999d", "1ms", "P1D"}) {
    EXPECT_FALSE(ParseWaitDuration(text).ok()) << text;
  }
}

TEST(WaitUntilTest, ReadsDatesTimesAndZones) {
  const std::map<std::string, std::int64_t> cases = {
      {"1970-01-01", 0},
      {"2000-02-29", 951'782'400},
      {"2026-11-21 05:28", 1'795'238'880},
      {"2026-11-21 05:28 UTC", 1'795'238'880},
      {"2026-11-21 05:28 GMT", 1'795'238'880},
      {"2026-11-21 05:28 Z", 1'795'238'880},
      {"2026-11-21 05:28Z", 1'795'238'880},
      {"2026-11-21 05:28 +02:00", 1'795'238'880 - 7'200},
      {"2026-11-21 05:28 -0530", 1'795'238'880 + 19'800},
      {"2026-11-21 05:28 GMT+2", 1'795'238'880 - 7'200},
      {"2100-03-01", 4'107'542'400},
      {"9999-12-31 23:59", 253'402'300'740},
  };
  for (const auto& [text, seconds] : cases) {
    const auto parsed = ParseWaitUntil(text);
    ASSERT_TRUE(parsed.ok()) << text << parsed.status();
    EXPECT_EQ(*parsed, seconds * kSecondUs) << text;
  }
}

TEST(WaitUntilTest, RefusesWhatIsNoSuchMoment) {
  for (const char* text :
       {"", "tomorrow", "2026", "2026-13-01", "2026-00-01", "2026-02-29", "2100-02-29",
        "2026-04-31", "2026-1-1", "1969-12-31", "2026-01-01T00:00", "2026-01-01 24:00",
        "2026-01-01 10:60", "2026-01-01 1:00", "2026-01-01 10:00:00", "2026-01-01 10:00 +25:00",
        "2026-01-01 10:00 UTC+"}) {
    EXPECT_FALSE(ParseWaitUntil(text).ok()) << text;
  }
}

TEST(WaitUntilTest, NamedZonesAreRefusedByName) {
  const auto parsed = ParseWaitUntil("2026-01-01 10:00 Europe/Berlin");
  EXPECT_EQ(parsed.status().message(),
            "Unable to parse date '2026-01-01 10:00 Europe/Berlin': time zone 'Europe/Berlin' is "
            "not supported; use UTC or an offset like +02:00");
}

}  // namespace
}  // namespace skald::core
