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

// A workflow that goes forward in 3 s and is undone for 2.5 s more: as fast as 0.8 of going
// forward.
TEST(BarsTest, UndoingIsReadAloneAgainstGoingForward) {
  const Measurement chain{"chain3", {{"workflows_per_s", 1 / 3.0}, {"tasks_per_s", 1}}};
  const Measurement fast{"undo3", {{"workflows_per_s", 1 / 5.49}}};
  const Measurement slow{"undo3", {{"workflows_per_s", 1 / 5.51}}};
  EXPECT_TRUE(Passed({chain, fast}, "undone/s while undoing"));
  EXPECT_FALSE(Passed({chain, slow}, "undone/s while undoing"));
  const Measurement impossible{"undo3", {{"workflows_per_s", 1}}};
  EXPECT_FALSE(Passed({chain, impossible}, "undone/s while undoing"));
}

TEST(BarsTest, OneReadInAThousandTasksIsTooMany) {
  EXPECT_TRUE(Passed({{"chain3", {{"reads_per_task", 0}}}}, "SQL reads"));
  EXPECT_FALSE(Passed({{"chain3", {{"reads_per_task", 0.001}}}}, "SQL reads"));
}

TEST(BarsTest, OneTimerAheadOfItsTimeIsTooMany) {
  EXPECT_TRUE(Passed({{"timers", {{"wait_single_early", 0}}}}, "early single wait"));
  EXPECT_FALSE(Passed({{"timers", {{"wait_single_early", 1}}}}, "early single wait"));
}

TEST(BarsTest, InlineIsReadThroughTheServerAndAlone) {
  for (const std::string scenario : {"inline", "scripts"}) {
    EXPECT_TRUE(Passed({{scenario, {{"tasks_per_s", 5'000}}}}, scenario + " INLINE/s"));
    EXPECT_FALSE(Passed({{scenario, {{"tasks_per_s", 4'999}}}}, scenario + " INLINE/s"));
    EXPECT_TRUE(Passed({{scenario, {{"loop_p99_times", 3}}}}, scenario + " p99 beside a while"));
    EXPECT_FALSE(Passed({{scenario, {{"bomb_p99_times", 3.1}}}}, scenario + " p99 beside a mem"));
  }
}

TEST(BarsTest, ABadScriptThatNeverEndedShowsNothing) {
  EXPECT_FALSE(Passed({{"inline", {{"loop_tasks", 0}}}}, "while(true) that ended"));
  EXPECT_TRUE(Passed({{"inline", {{"bomb_tasks", 1}}}}, "memory bombs that ended"));
}

TEST(BarsTest, OneMissedBarIsAMiss) {
  const Measurement quick{"expressions", {{"typical_us", 1.3}}};
  const Measurement slow{"expressions", {{"typical_us", 5.1}}};
  EXPECT_TRUE(AllPassed(Judge({quick})));
  EXPECT_FALSE(AllPassed(Judge({slow})));
  EXPECT_FALSE(AllPassed(Judge({slow, {"inline", {{"tasks_per_s", 9'000}}}})));
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
