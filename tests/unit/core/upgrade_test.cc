// How a workflow's steps are found in another definition, in what definitions differ, and what
// damaged histories of upgrades are refused with. What is refused of running workflows, and why, is
// shown by tests/scenarios/upgrade.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/core/definition_added.h"
#include "engine/core/replay.h"
#include "engine/core/upgrade_diff.h"
#include "engine/core/upgrade_map.h"
#include "engine/core/upgrade_rules.h"
#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Step(const std::string& name, const std::string& more = "") {
  return R"({"name":")" + name + R"(","taskReferenceName":")" + name + "\"" + more + "}";
}

std::string Workflow(const std::vector<std::string>& steps, const std::string& more = "") {
  std::string tasks;
  for (const std::string& step : steps) tasks += (tasks.empty() ? "" : ",") + step;
  return R"({"name":"w","tasks":[)" + tasks + "]" + more + "}";
}

const std::string kDynamic = Step("d", R"(,"type":"DYNAMIC","dynamicTaskNameParam":"n")");

TEST(UpgradeMapTest, StepsAreFoundByReference) {
  const Definition from = MustParse(Workflow({Step("a"), Step("b"), Step("c")}));
  const Definition to = MustParse(Workflow({Step("x"), Step("c"), Step("a")}));
  const StepMap map(from, to);
  EXPECT_EQ(map.To(0), 2U);
  EXPECT_EQ(map.To(1), kNoStep);
  EXPECT_EQ(map.To(2), 1U);
  EXPECT_EQ(map.To(kNoStep), kNoStep);
  EXPECT_THAT(map.To(std::vector<StepIndex>{2, 0}), ElementsAre(1U, 2U));
}

TEST(UpgradeMapTest, StepsMadeAtRunTimeFollowTheNewDefinitions) {
  const Definition from = MustParse(Workflow({Step("a"), kDynamic}));
  const Definition to = MustParse(Workflow({Step("a"), Step("x"), kDynamic, Step("z")}));
  AddedSteps added;
  StepsAdded event{.step = 1,
                   .steps = ComposeStepList(R"([{"name":"t","taskReferenceName":"d"}])", "{}",
                                            {{"t", Payload()}})};
  ASSERT_TRUE(CompileSteps(from, added, event).ok());
  added.Append(event.compiled);
  ASSERT_EQ(added.lists().front()->first, 2U);

  const StepMap map(from, to);
  EXPECT_EQ(map.To(2), 4U);
  const absl::StatusOr<AddedSteps> mapped = MapAdded(map, to, added);
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  EXPECT_EQ(mapped->lists().front()->maker, 2U);
  EXPECT_EQ(mapped->At(4).instead_of, 2U);
  EXPECT_EQ(mapped->At(4).next, 3U);
}

TEST(UpgradeMapTest, AStepThatMadeStepsHasToBeThere) {
  const Definition from = MustParse(Workflow({kDynamic}));
  const Definition to = MustParse(Workflow({Step("a")}));
  AddedSteps added;
  StepsAdded event{.step = 0,
                   .steps = ComposeStepList(R"([{"name":"t","taskReferenceName":"d"}])", "{}",
                                            {{"t", Payload()}})};
  ASSERT_TRUE(CompileSteps(from, added, event).ok());
  added.Append(event.compiled);
  EXPECT_EQ(MapAdded(StepMap(from, to), to, added).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(UpgradeMapTest, AStateThatDoesNotFitStaysAsItWas) {
  SagaWorld world(MustParse(Workflow({Step("a"), Step("b")})));
  world.Start();
  const Definition to = MustParse(Workflow({Step("b"), Step("c")}));
  State state = world.state();
  const absl::Status status = MapState(world.definition(), to, state);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("'a'"));
  EXPECT_EQ(state.runs.at(1).step, 0U);
}

// ---- differences ----

TEST(UpgradeDiffTest, HowItIsWrittenMakesNoDifference) {
  const Definition from =
      MustParse(Workflow({Step("a", R"(,"inputParameters":{"x":1,"y":"\u0041"})")}));
  const Definition to = MustParse(
      R"({"version":7,"updateTime":5,"name":"w","tasks":[ {"taskReferenceName":"a", "name":"a",)"
      R"("inputParameters": {"y": "A", "x": 1}}]})");
  const DefinitionDifferences differences = DifferencesOf(from, to);
  EXPECT_THAT(differences.fields, IsEmpty());
  EXPECT_THAT(differences.steps, IsEmpty());
}

TEST(UpgradeDiffTest, NamesWhatIsNewGoneAndOther) {
  const Definition from =
      MustParse(Workflow({Step("a"), Step("b", R"(,"inputParameters":{"l":[1,2]})"), Step("c")},
                         R"(,"outputParameters":{"x":1})"));
  const Definition to =
      MustParse(Workflow({Step("a", R"(,"optional":true)"), Step("n", R"(,"type":"WAIT")"),
                          Step("b", R"(,"inputParameters":{"l":[2,1]},"startDelay":1)")},
                         R"(,"timeoutSeconds":5,"timeoutPolicy":"ALERT_ONLY")"));
  const DefinitionDifferences differences = DifferencesOf(from, to);
  EXPECT_THAT(differences.fields,
              ElementsAre("outputParameters", "timeoutPolicy", "timeoutSeconds"));
  EXPECT_THAT(
      differences.steps,
      ElementsAre(
          StepDifference{StepChange::kRemoved, "c", StepType::kSimple, {}},
          StepDifference{StepChange::kChanged, "a", StepType::kSimple, {"optional"}},
          StepDifference{StepChange::kAdded, "n", StepType::kWait, {}},
          StepDifference{
              StepChange::kChanged, "b", StepType::kSimple, {"inputParameters", "startDelay"}}));
}

TEST(UpgradeDiffTest, StepsInsideOfStepsAreComparedOneByOne) {
  const auto fork = [](const std::string& first, const std::string& second) {
    return Workflow({R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[[)" +
                         first + "],[" + second + "]]}",
                     R"({"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["a","b"]})"});
  };
  const Definition from = MustParse(fork(Step("a"), Step("b")));
  const Definition inside = MustParse(fork(Step("a", R"(,"optional":true)"), Step("b")));
  EXPECT_THAT(
      DifferencesOf(from, inside).steps,
      ElementsAre(StepDifference{StepChange::kChanged, "a", StepType::kSimple, {"optional"}}));
  const Definition swapped = MustParse(fork(Step("b"), Step("a")));
  EXPECT_THAT(
      DifferencesOf(from, swapped).steps,
      ElementsAre(StepDifference{StepChange::kChanged, "b", StepType::kSimple, {"position"}},
                  StepDifference{StepChange::kChanged, "a", StepType::kSimple, {"position"}}));
}

TEST(UpgradeDiffTest, TheRegisteredTaskDefinitionIsPartOfTheStep) {
  const auto parse = [](const std::string& task) {
    const TaskDefinitionLookup lookup = [&](const std::string&) { return std::optional(task); };
    return *ParseDefinition(Workflow({Step("a")}), lookup, {}).value;
  };
  const Definition from = parse(R"({"name":"a","retryCount":1,"updateTime":1})");
  EXPECT_THAT(DifferencesOf(from, parse(R"({"updateTime":2,"name":"a","retryCount":1})")).steps,
              IsEmpty());
  EXPECT_THAT(DifferencesOf(from, parse(R"({"name":"a","retryCount":2})")).steps,
              ElementsAre(StepDifference{
                  StepChange::kChanged, "a", StepType::kSimple, {"taskDefinition"}}));
}

// ---- refusals ----

TEST(UpgradeRulesTest, ListsAreBounded) {
  std::vector<std::string> steps;
  for (std::size_t i = 0; i < kUpgradeRefusalsMax + 20; ++i) {
    steps.push_back(Step("s" + std::to_string(i), R"(,"type":"NOOP")"));
  }
  steps.push_back(Step("last"));
  SagaWorld world(MustParse(Workflow(steps)));
  world.Start();
  const Definition to = MustParse(Workflow({Step("other")}));
  const auto refusals = UpgradeRefusals(world.definition(), to, world.state());
  EXPECT_THAT(refusals, SizeIs(kUpgradeRefusalsMax));
  EXPECT_EQ(FormatRefusals(refusals, 1), "s0: removed: it has run; and 99 more");
}

TEST(UpgradeRulesTest, ADefinitionOfAnotherNameIsRefused) {
  SagaWorld world(MustParse(Workflow({Step("a")})));
  world.Start();
  const Definition to = MustParse(R"({"name":"v","tasks":[)" + Step("a") + "]}");
  EXPECT_THAT(UpgradeRefusals(world.definition(), to, world.state()),
              ElementsAre(UpgradeRefusal{"", "name", "the definition is one of v"}));
}

// ---- histories ----

class UpgradedHistoryTest : public testing::Test {
 protected:
  UpgradedHistoryTest() : world_(MustParse(Workflow({Step("a"), Step("b")}))) {
    world_.Start();
    auto to = MustParse(Workflow({Step("n", R"(,"type":"NOOP")"), Step("b"), Step("a")}));
    to.id = 2;
    history_ = world_.history();
    history_.push_back({.seq = world_.state().seq + 1,
                        .at = world_.now(),
                        .body = WorkflowUpgraded{
                            .definition_id = 2,
                            .version = 2,
                            .actor = "ann",
                            .definition = std::make_shared<const Definition>(std::move(to))}});
  }

  WorkflowUpgraded& upgraded() { return std::get<WorkflowUpgraded>(history_.back().body); }
  absl::StatusOr<State> Fold() const {
    return Replay(world_.definition(), world_.state().id, history_);
  }
  void ExpectRefused(const std::string& why) const {
    EXPECT_EQ(Fold().status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(Fold().status().message()), HasSubstr(why));
    const std::vector<Violation> violations = CheckHistory(world_.definition(), history_);
    ASSERT_THAT(violations, SizeIs(1));
    EXPECT_EQ(violations.front().invariant, "I19");
    EXPECT_EQ(violations.front().seq, history_.back().seq);
  }

  SagaWorld world_;
  std::vector<Event> history_;
};

TEST_F(UpgradedHistoryTest, GoesOnWithTheNumbersOfTheNewDefinition) {
  const absl::StatusOr<State> state = Fold();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->runs.at(1).step, 2U);
  EXPECT_EQ(state->tasks.at(1).step, 2U);
  EXPECT_EQ(state->LatestRun(2), 1U);
  EXPECT_EQ(state->LatestRun(0), 0U);
  EXPECT_EQ(state->start.version, 2);
  EXPECT_EQ(state->start.definition_id, 2);
  EXPECT_EQ(Describe(CheckHistory(world_.definition(), history_)), "");
}

TEST_F(UpgradedHistoryTest, NeedsTheDefinitionAtHand) {
  upgraded().definition = nullptr;
  ExpectRefused("not at hand");
}

TEST_F(UpgradedHistoryTest, NeedsAPlaceForWhatWasDone) {
  upgraded().definition = std::make_shared<const Definition>(MustParse(Workflow({Step("b")})));
  ExpectRefused("no place");
}

TEST_F(UpgradedHistoryTest, SomebodyIsOnRecordForIt) {
  upgraded().actor = "";
  const std::vector<Violation> violations = CheckHistory(world_.definition(), history_);
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations.front().invariant, "I24");
}

}  // namespace
}  // namespace skald::core
