#include "engine/app/system_clock.h"

#include <gtest/gtest.h>

namespace skald::app {
namespace {

constexpr core::TimeUs kBootUs = 5 * core::kSecondUs;  // monotonic, when the clock is made
constexpr core::TimeUs kWallUs = 1'700'000'000 * core::kSecondUs;
constexpr core::DurationUs kMs = core::kMillisecondUs;

// This machine, whose two clocks run alike, and a database whose clock is `ahead_us` of them.
class DatabaseClockTest : public ::testing::Test {
 protected:
  core::TimeUs Wall() const { return kWallUs + passed_us_; }
  core::TimeUs Database() const { return Wall() + ahead_us_; }

  // An exchange in which the question took so long to be looked at, and the answer to come back.
  void Exchange(core::DurationUs there_us, core::DurationUs back_us) {
    const core::TimeUs asked_at = clock_.Now();
    passed_us_ += there_us;
    const core::TimeUs database_now = Database();
    passed_us_ += back_us;
    clock_.Learn(asked_at, clock_.Now(), database_now);
  }
  core::DurationUs AheadOfDatabase() const { return clock_.Now() - Database(); }

  core::DurationUs passed_us_ = 0;
  core::DurationUs ahead_us_ = 0;
  DatabaseClock clock_{[this] { return Wall(); }, [this] { return kBootUs + passed_us_; }};
};

// A timer fired 20 ms early by everybody else's clock, because the lease was renewed behind a
// queue.
TEST_F(DatabaseClockTest, SlowExchangeDoesNotMoveARightClock) {
  Exchange(40 * kMs, 1);
  EXPECT_EQ(AheadOfDatabase(), 0);
  Exchange(1, 40 * kMs);
  EXPECT_EQ(AheadOfDatabase(), 0);
  Exchange(500 * kMs, 500 * kMs);
  EXPECT_EQ(AheadOfDatabase(), 0);
}

TEST_F(DatabaseClockTest, LearnsAnotherMachinesTimeToWithinOneExchange) {
  ahead_us_ = 3 * core::kSecondUs;
  Exchange(2 * kMs, 3 * kMs);
  EXPECT_EQ(AheadOfDatabase(), -3 * kMs);
  // The shorter exchange tells more, the longer one nothing.
  Exchange(kMs, kMs);
  EXPECT_EQ(AheadOfDatabase(), -kMs);
  Exchange(50 * kMs, 50 * kMs);
  EXPECT_EQ(AheadOfDatabase(), -kMs);
}

TEST_F(DatabaseClockTest, ThatWasAheadStandsStillAndIsNotSetBackTwice) {
  const core::TimeUs before = clock_.Now();
  ahead_us_ = -core::kSecondUs;
  Exchange(2 * kMs, 3 * kMs);
  const core::TimeUs stands = clock_.Now();
  EXPECT_GE(stands, before);
  // Asked while time stood still: its readings say nothing.
  Exchange(2 * kMs, 3 * kMs);
  Exchange(2 * kMs, 2 * core::kSecondUs);
  EXPECT_GT(clock_.Now(), stands);
  EXPECT_EQ(AheadOfDatabase(), 2 * kMs);
  Exchange(kMs, kMs);
  passed_us_ += kMs;
  EXPECT_EQ(AheadOfDatabase(), kMs);
}

TEST_F(DatabaseClockTest, FollowsADatabaseWhoseClockIsSet) {
  Exchange(kMs, kMs);
  ahead_us_ = 60 * core::kSecondUs;
  const core::TimeUs before = clock_.Now();
  Exchange(kMs, kMs);
  EXPECT_GT(clock_.Now(), before);
  EXPECT_EQ(AheadOfDatabase(), -kMs);
}

// A thread may be kept waiting between two readings: the offset must not be too large for it.
TEST(DatabaseClockBeginTest, IsNotAheadOfTheMachinesClockThoughItWasKeptWaiting) {
  core::DurationUs passed_us = 0;
  int readings = 0;
  const auto wall = [&] {
    if (++readings % 3 != 0) passed_us += 10 * kMs;
    return kWallUs + passed_us;
  };
  const auto monotonic = [&] {
    if (readings % 5 != 0) passed_us += 10 * kMs;
    return kBootUs + passed_us;
  };
  const DatabaseClock clock(wall, monotonic);
  readings = 5;
  EXPECT_EQ(clock.Now(), kWallUs + passed_us);
}

}  // namespace
}  // namespace skald::app
