#include "tests/bench/medians.h"

#include <gmock/gmock.h>

namespace skald::bench {
namespace {

using ::testing::IsEmpty;

TEST(MediansTest, EveryFigureIsTheMiddleOfItsRounds) {
  const std::vector<Measurement> medians = Medians({{"floor_1", {{"p99_ms", 9}, {"p50_ms", 1}}},
                                                    {"light_load", {{"p99_ms", 4}}},
                                                    {"floor_1", {{"p99_ms", 2}, {"p50_ms", 3}}},
                                                    {"light_load", {{"p99_ms", 6}}},
                                                    {"floor_1", {{"p99_ms", 3}, {"p50_ms", 2}}}});
  ASSERT_EQ(medians.size(), 2);
  EXPECT_EQ(medians[0].scenario, "floor_1");
  EXPECT_EQ(medians[0].figures.at("p99_ms"), 3);
  EXPECT_EQ(medians[0].figures.at("p50_ms"), 2);
  EXPECT_EQ(medians[1].scenario, "light_load");
  EXPECT_EQ(medians[1].figures.at("p99_ms"), 5);
}

TEST(MediansTest, NothingMeasuredGivesNothing) { EXPECT_THAT(Medians({}), IsEmpty()); }

}  // namespace
}  // namespace skald::bench
