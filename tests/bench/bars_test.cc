#include "tests/bench/bars.h"

#include <gmock/gmock.h>

#include <sstream>

namespace skald::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool Passed(const std::vector<Measurement>& measurements, const std::string& bar) {
  for (const Verdict& verdict : Judge(measurements)) {
    if (verdict.bar.find(bar) != std::string::npos) {
      return verdict.passed;
    }
  }
  ADD_FAILURE() << "no verdict on " << bar;
  return false;
}

TEST(BarsTest, WithoutFiguresThereIsNoVerdict) { EXPECT_THAT(Judge({}), IsEmpty()); }

TEST(BarsTest, ShareOfTheFloorDecides) {
  const Measurement floor{"floor_2000", {{"tasks_per_s", 100'000}}};
  EXPECT_TRUE(Passed({floor, {"chain3", {{"tasks_per_s", 20'000}}}}, "share of the floor"));
  EXPECT_FALSE(Passed({floor, {"chain3", {{"tasks_per_s", 19'999}}}}, "share of the floor"));
}

TEST(BarsTest, LightLoadIsReadAgainstTheFloorsLatency) {
  const Measurement floor{"floor_1", {{"p50_ms", 0.3}, {"p99_ms", 1}}};
  const Measurement near{"light_load", {{"p50_ms", 0.6}, {"p99_ms", 1.5}}};
  const Measurement far{"light_load", {{"p50_ms", 0.61}, {"p99_ms", 1.51}}};
  EXPECT_TRUE(Passed({floor, near}, "p50 in times"));
  EXPECT_TRUE(Passed({floor, near}, "p99 in times"));
  EXPECT_FALSE(Passed({floor, far}, "p50 in times"));
  EXPECT_FALSE(Passed({floor, far}, "p99 in times"));
}

TEST(BarsTest, OneReadInAThousandTasksIsTooMany) {
  EXPECT_TRUE(Passed({{"chain3", {{"reads_per_task", 0}}}}, "SQL reads"));
  EXPECT_FALSE(Passed({{"chain3", {{"reads_per_task", 0.001}}}}, "SQL reads"));
}

TEST(BarsTest, OneTimerAheadOfItsTimeIsTooMany) {
  EXPECT_TRUE(Passed({{"timers", {{"wait_single_early", 0}}}}, "early single wait"));
  EXPECT_FALSE(Passed({{"timers", {{"wait_single_early", 1}}}}, "early single wait"));
}

TEST(BarsTest, JsonNamesScenarioAndFigures) {
  EXPECT_EQ(ToJson({{"one_step", {{"p50_ms", 0.5}, {"tasks_per_s", 1'234'567}}}}),
            "{\"scenarios\": [\n"
            "  {\"scenario\": \"one_step\", \"p50_ms\": 0.5, \"tasks_per_s\": 1234567}\n]}\n");
}

TEST(BarsTest, TableLeavesOutWhatWasNotMeasured) {
  std::ostringstream out;
  PrintTable({{"floor_1", {{"p50_ms", 0.25}}}}, out);
  EXPECT_THAT(out.str(), HasSubstr("floor_1"));
  EXPECT_THAT(out.str(), HasSubstr("0.25"));
  EXPECT_THAT(out.str(), HasSubstr("-"));
}

}  // namespace
}  // namespace skald::bench
