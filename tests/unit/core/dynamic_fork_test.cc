// Dynamic forks of many branches: bounds, and the undo of all of them (PAR10).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/core/limits.h"
#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

constexpr char kFork[] =
    R"({"name":"w","tasks":[{"name":"f","taskReferenceName":"f","type":"FORK_JOIN_DYNAMIC",)"
    R"("inputParameters":{"forkTaskName":"t","forkTaskInputs":"${workflow.input.list}"}},)"
    R"({"name":"j","taskReferenceName":"j","type":"JOIN"}]})";

std::string ListOf(std::size_t count) {
  std::string list = R"({"list":[)";
  for (std::size_t i = 0; i < count; ++i) list += i == 0 ? "0" : ",0";
  return list + "]}";
}

// Starts it and says what `t` is.
void Begin(SagaWorld& world, std::size_t branches, const std::string& task_definition) {
  world.Start(ListOf(branches));
  if (world.state().requests.empty()) return;
  StepsResolved answer{.request = world.state().requests.begin()->seq, .definitions = {}};
  answer.definitions["t"] = Payload(task_definition);
  answer.definitions["u"] = Payload();
  ASSERT_TRUE(world.Send(answer).ok());
}

TEST(DynamicForkTest, OfTwoHundredBranchesTheLastFailsAndAllOthersAreUndone) {
  constexpr int kBranches = 200;
  SagaWorld world(MustParse(kFork));
  Begin(world, kBranches, R"({"name":"t","retryCount":0,"compensateWith":"u"})");
  for (int i = 0; i + 1 < kBranches; ++i) world.Succeed("_t_" + std::to_string(i));
  world.Fail("_t_" + std::to_string(kBranches - 1));
  std::size_t undone = 0;
  std::size_t at_once_max = 0;
  while (!world.offered().empty()) {
    at_once_max = std::max(at_once_max, world.offered().size());
    const TaskNumber task = *world.offered().begin();
    ASSERT_TRUE(world.Begin(task));
    ASSERT_TRUE(world.Send(world.WorkOn(task)).ok());
    ++undone;
  }
  EXPECT_EQ(undone, kBranches - 1U);
  EXPECT_LE(at_once_max, world.definition().saga.parallel_undo_max);
  EXPECT_EQ(world.state().saga_status, SagaStatus::kCompensated);
  EXPECT_EQ(Describe(world.Check()), "");
}

TEST(DynamicForkTest, AsManyBranchesAsTheBoundAllows) {
  SagaWorld world(MustParse(kFork));
  Begin(world, kForkedStepsMax, R"({"name":"t"})");
  EXPECT_EQ(world.offered().size(), kForkedStepsMax);
  EXPECT_EQ(world.state().added.count(), kForkedStepsMax);
  const std::set<TaskNumber> offered = world.offered();
  for (const TaskNumber task : offered) {
    ASSERT_TRUE(world.Begin(task));
    ASSERT_TRUE(world.Send(world.WorkOn(task)).ok());
  }
  EXPECT_EQ(world.state().status, WorkflowStatus::kCompleted);
}

TEST(DynamicForkTest, OneBranchMoreIsRefusedByName) {
  SagaWorld world(MustParse(kFork));
  Begin(world, kForkedStepsMax + 1, R"({"name":"t"})");
  EXPECT_EQ(world.state().status, WorkflowStatus::kFailed);
  EXPECT_NE(world.state().reason.find("kForkedStepsMax (10000; fixed in engine/core/limits.h)"),
            std::string::npos)
      << world.state().reason;
  EXPECT_TRUE(world.state().added.empty());
}

}  // namespace
}  // namespace skald::core
