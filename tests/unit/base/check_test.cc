#include "engine/base/check.h"

#include "gtest/gtest.h"

namespace skald::base {
namespace {

TEST(CheckTest, TrueConditionGoesOn) {
  int evaluated = 0;
  CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, FalseConditionStopsTheProcessAndNamesItself) {
  const int epoch = 3;
  EXPECT_DEATH(CHECK(epoch == 4), "CHECK failed: epoch == 4 at .*check_test.cc:");
}

}  // namespace
}  // namespace skald::base
