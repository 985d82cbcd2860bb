#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "engine/core/families.h"

namespace skald::core {
namespace {

const WorkflowId kWorkflow = base::UuidV7(1'700'000'000'000, 7, 9);

DurationUs Backoff(const RetryPolicy& policy, std::int32_t attempt, TaskNumber task = 1) {
  return BackoffUs(policy, attempt, kWorkflow, task);
}

TEST(RetryTest, FixedStaysTheSame) {
  const RetryPolicy policy{.logic = RetryLogic::kFixed, .delay_us = 5 * kSecondUs};

  EXPECT_EQ(Backoff(policy, 1), 5 * kSecondUs);
  EXPECT_EQ(Backoff(policy, 1'000), 5 * kSecondUs);
}

TEST(RetryTest, LinearGrowsByTheScaledDelay) {
  const RetryPolicy policy{
      .logic = RetryLogic::kLinearBackoff, .delay_us = 2 * kSecondUs, .backoff_scale_factor = 3};

  EXPECT_EQ(Backoff(policy, 1), 6 * kSecondUs);
  EXPECT_EQ(Backoff(policy, 4), 24 * kSecondUs);
}

TEST(RetryTest, ExponentialDoublesAndStopsAtItsCap) {
  RetryPolicy policy{.logic = RetryLogic::kExponentialBackoff, .delay_us = kSecondUs};
  EXPECT_EQ(Backoff(policy, 1), kSecondUs);
  EXPECT_EQ(Backoff(policy, 5), 16 * kSecondUs);

  policy.delay_us_max = 10 * kSecondUs;

  EXPECT_EQ(Backoff(policy, 5), 10 * kSecondUs);
}

TEST(RetryTest, HugeAttemptNumbersDoNotOverflow) {
  constexpr std::int32_t kLast = std::numeric_limits<std::int32_t>::max();
  const DurationUs longest = std::int64_t{kLast} * kSecondUs;
  const RetryPolicy exponential{.logic = RetryLogic::kExponentialBackoff, .delay_us = kSecondUs};
  const RetryPolicy linear{
      .logic = RetryLogic::kLinearBackoff, .delay_us = longest, .backoff_scale_factor = kLast};

  for (const std::int32_t attempt : {40, 62, 63, 64, 65, kLast}) {
    EXPECT_EQ(Backoff(exponential, attempt), longest) << attempt;
  }
  EXPECT_EQ(Backoff(linear, kLast), longest);
}

TEST(RetryTest, NoDelayStaysNoDelay) {
  const RetryPolicy policy{.logic = RetryLogic::kExponentialBackoff, .delay_us = 0};

  EXPECT_EQ(Backoff(policy, 1), 0);
  EXPECT_EQ(Backoff(policy, 100), 0);
}

TEST(RetryTest, JitterIsBoundedAndDiffersBetweenTasks) {
  const RetryPolicy policy{.delay_us = kSecondUs, .jitter_us_max = 1'000};
  std::set<DurationUs> seen;

  for (TaskNumber task = 1; task <= 100; ++task) {
    const DurationUs delay = Backoff(policy, 1, task);
    EXPECT_GE(delay, kSecondUs);
    EXPECT_LE(delay, kSecondUs + 1'000);
    EXPECT_EQ(delay, Backoff(policy, 1, task)) << "the same every time";
    seen.insert(delay);
  }

  EXPECT_GT(seen.size(), 50U);
}

TEST(RetryTest, JitterIsAddedBehindTheCap) {
  const RetryPolicy policy{.logic = RetryLogic::kExponentialBackoff,
                           .delay_us = kSecondUs,
                           .delay_us_max = 2 * kSecondUs,
                           .jitter_us_max = 500};

  EXPECT_GE(Backoff(policy, 9), 2 * kSecondUs);
  EXPECT_LE(Backoff(policy, 9), 2 * kSecondUs + 500);
}

}  // namespace
}  // namespace skald::core
