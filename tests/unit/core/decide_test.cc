// What a scenario cannot say: sizes, bounds and depths.
#include "engine/core/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/core/limits.h"
#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

using testing::HasSubstr;

std::string StepJson(const std::string& reference, const std::string& more) {
  return absl::StrCat(R"({"name":")", reference, R"(","taskReferenceName":")", reference, "\"",
                      more, "}");
}

std::string WorkflowJson(const std::string& tasks) {
  return absl::StrCat(R"({"name":"w","version":1,"tasks":[)", tasks, "]}");
}

std::string ForkJson(int branches) {
  std::string forks;
  std::string tails;
  for (int i = 0; i < branches; ++i) {
    const std::string name = absl::StrCat("b", i);
    absl::StrAppend(&forks, i == 0 ? "" : ",", "[", StepJson(name, ""), "]");
    absl::StrAppend(&tails, i == 0 ? "\"" : ",\"", name, "\"");
  }
  return WorkflowJson(absl::StrCat(
      StepJson("fork", absl::StrCat(R"(,"type":"FORK_JOIN","forkTasks":[)", forks, "]")), ",",
      StepJson("join", absl::StrCat(R"(,"type":"JOIN","joinOn":[)", tails, "]"))));
}

const State& StateOf(const SagaWorld& world) { return world.state(); }

TEST(DecideTest, LongChainsOfServerSideStepsAreNoRecursion) {
  std::string steps;
  for (std::size_t i = 0; i < kStepsMax; ++i) {
    absl::StrAppend(
        &steps, i == 0 ? "" : ",",
        StepJson(absl::StrCat("v", i), R"(,"type":"SET_VARIABLE","inputParameters":{"x":1})"));
  }
  SagaWorld world(MustParse(WorkflowJson(steps)));

  world.Start();

  EXPECT_EQ(StateOf(world).status, WorkflowStatus::kCompleted);
  EXPECT_EQ(StateOf(world).tasks.size(), kStepsMax);
}

TEST(DecideTest, WideForksJoinOnce) {
  SagaWorld world(MustParse(ForkJson(kBranchesMax)));
  world.Start();
  EXPECT_EQ(world.offered().size(), kBranchesMax);

  for (std::size_t i = 0; i < kBranchesMax; ++i) world.Succeed(absl::StrCat("b", i));

  EXPECT_EQ(StateOf(world).status, WorkflowStatus::kCompleted);
  EXPECT_THAT(std::string(StateOf(world).output.text()), HasSubstr("\"b7\":"));
}

TEST(DecideTest, VariablesBeyondTheirLimitFailTheStep) {
  const std::string big(kVariablesBytesMax, 'x');
  SagaWorld world(MustParse(WorkflowJson(
      StepJson("v", R"(,"type":"SET_VARIABLE","inputParameters":{"x":"${workflow.input.x}"})"))));

  world.Start(absl::StrCat(R"({"x":")", big, "\"}"));

  EXPECT_EQ(StateOf(world).status, WorkflowStatus::kFailed);
  EXPECT_THAT(StateOf(world).reason,
              HasSubstr("greater than the permissible limit: 256 kilobytes"));
  EXPECT_TRUE(StateOf(world).variables.empty());
}

TEST(DecideTest, InputsBeyondTheCeilingFailTheWorkflow) {
  std::string inputs;
  for (int i = 0; i < 20; ++i) {
    absl::StrAppend(&inputs, i == 0 ? "" : ",", "\"k", i, R"(":"${workflow.input}")");
  }
  SagaWorld world(
      MustParse(WorkflowJson(StepJson("a", absl::StrCat(",\"inputParameters\":{", inputs, "}")))));

  world.Start(absl::StrCat(R"({"x":")", std::string(kVariablesBytesMax * 4 - 100, 'x'), "\"}"));

  EXPECT_EQ(StateOf(world).status, WorkflowStatus::kFailed);
  EXPECT_THAT(StateOf(world).reason, HasSubstr("kPayloadBytesCeiling"));
}

TEST(DecideTest, EndlessRetriesStopAtTheTaskLimit) {
  const std::string json = R"({"name":"w","version":1,"tasks":[{"name":"a",
      "taskReferenceName":"a","retryCount":100000,
      "taskDefinition":{"name":"a","retryDelaySeconds":0}}]})";
  SagaWorld world(MustParse(json));
  world.Start();

  for (std::size_t i = 0; i < kTasksPerWorkflowMax; ++i) {
    if (IsTerminal(StateOf(world).status)) break;
    const auto task = static_cast<TaskNumber>(StateOf(world).tasks.size());
    ASSERT_TRUE(world.Begin(task));
    ASSERT_TRUE(world.Send(world.ResultOf(task, TaskStatus::kFailed)).ok());
  }

  EXPECT_EQ(StateOf(world).status, WorkflowStatus::kFailed);
  EXPECT_THAT(StateOf(world).reason, HasSubstr("kTasksPerWorkflowMax"));
}

// A workflow that has been given back until its history was full. Filled once, then copied.
class FullHistoryTest : public testing::Test {
 protected:
  struct Full {
    Full()
        : world(MustParse(WorkflowJson(absl::StrCat(StepJson("a", ""), ",", StepJson("b", ""))))) {
      world.Start();
      do {
        EXPECT_TRUE(world.Begin(1));
        last = world.Send(world.ResultOf(1, TaskStatus::kInProgress)).status();
      } while (last.ok());
    }
    SagaWorld world;
    absl::Status last;
  };

  static const Full& TheFull() {
    static const Full full;
    return full;
  }

  SagaWorld world_ = TheFull().world;
  const absl::Status last_ = TheFull().last;
};

TEST_F(FullHistoryTest, RefusesToGrow) {
  EXPECT_EQ(last_.code(), absl::StatusCode::kResourceExhausted) << last_;
  EXPECT_THAT(std::string(last_.message()), HasSubstr("kEventsPerWorkflowMax"));
  EXPECT_EQ(world_.Send(PauseWorkflow{}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(FullHistoryTest, CanStillBeTerminated) {
  ASSERT_TRUE(world_.Send(TerminateWorkflow{.reason = "full"}).ok());

  EXPECT_EQ(StateOf(world_).status, WorkflowStatus::kTerminated);
}

TEST_F(FullHistoryTest, StillTakesResultsAndThenFails) {
  ASSERT_TRUE(world_.Send(world_.ResultOf(1, TaskStatus::kCompleted)).ok());

  EXPECT_EQ(StateOf(world_).status, WorkflowStatus::kFailed);
  EXPECT_THAT(StateOf(world_).reason, HasSubstr("kEventsPerWorkflowMax"));
}

TEST(DecideTest, TimesOfAHistoryNeverGoBack) {
  const Definition definition = MustParse(WorkflowJson(StepJson("a", "")));
  State state;
  StartWorkflow start;
  start.id = base::UuidV7(1, 2, 3);
  ASSERT_TRUE(Decide(definition, start, 5'000, state).ok());

  const absl::StatusOr<Decision> later =
      Decide(definition, StartTask{.task = 1, .worker = "w"}, 4'000, state);

  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->events.front().at, 5'000);
}

TEST(DecideTest, ARefusedStartLeavesNoTrace) {
  const Definition definition = MustParse(WorkflowJson(StepJson("a", "")));
  State state;
  StartWorkflow start;
  start.id = base::UuidV7(1, 2, 3);
  start.input = Payload("[1]");

  const absl::StatusOr<Decision> decision = Decide(definition, start, 1, state);

  EXPECT_EQ(decision.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(state.id.is_nil());
  EXPECT_FALSE(state.started());
}

TEST(DecideTest, TasksThatAreNotThereAreNotFound) {
  const Definition definition = MustParse(WorkflowJson(StepJson("a", "")));
  State state;
  StartWorkflow start;
  start.id = base::UuidV7(1, 2, 3);
  ASSERT_TRUE(Decide(definition, start, 1, state).ok());

  for (const TaskNumber task : {0U, 2U, 4'000'000'000U}) {
    EXPECT_EQ(Decide(definition, StartTask{.task = task}, 1, state).status().code(),
              absl::StatusCode::kNotFound);
    EXPECT_EQ(Decide(definition, ReportResult{.task = task, .fence = 1}, 1, state).status().code(),
              absl::StatusCode::kNotFound);
    EXPECT_EQ(Decide(definition, LoseTask{.task = task, .fence = 1}, 1, state).status().code(),
              absl::StatusCode::kNotFound);
  }
}

}  // namespace
}  // namespace skald::core
