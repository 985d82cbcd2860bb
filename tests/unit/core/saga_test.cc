// The saga where a scenario cannot say it: costs, bounds, and the small pure parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/core/saga_input.h"
#include "engine/core/saga_steps.h"
#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

std::string Simple(const std::string& reference, const std::string& fields) {
  return R"({"name":"do","taskReferenceName":")" + reference + R"(","type":"SIMPLE",)" + fields +
         "}";
}

Definition Chain(int length) {
  std::string tasks;
  for (int i = 1; i <= length; ++i) {
    tasks += Simple("t" + std::to_string(i), R"("compensateWith":"undo")") + ",";
  }
  tasks += Simple("last", R"("saga":{"kind":"READ_ONLY"})");
  return MustParse(R"({"name":"w","version":1,"tasks":[)" + tasks + "]}");
}

Definition Pivot(const std::string& saga) {
  return MustParse(
      R"({"name":"w","version":1,"tasks":[)" + Simple("a", R"("compensateWith":"undo")") + "," +
      Simple("p", R"("taskDefinition":{"name":"do","retryCount":0},"saga":{"kind":"PIVOT")" + saga +
                      "}") +
      "]}");
}

// Finishes every task that is offered until none is; returns how many.
int WorkOff(SagaWorld& world) {
  int done = 0;
  while (!world.offered().empty()) {
    const TaskNumber task = *world.offered().begin();
    EXPECT_TRUE(world.Begin(task));
    EXPECT_TRUE(world.Send(world.WorkOn(task)).ok());
    ++done;
  }
  return done;
}

void Lose(SagaWorld& world, TaskNumber task) {
  LoseTask lost;
  lost.task = task;
  lost.fence = world.state().task(task).fence;
  ASSERT_TRUE(world.Send(lost).ok());
}

TEST(SagaTest, UndoneStepCostsAsManyEventsAsAForwardStep) {
  constexpr int kLength = 500;
  SagaWorld world(Chain(kLength));
  world.Start();
  for (int i = 1; i <= kLength; ++i) world.Succeed("t" + std::to_string(i));
  const std::size_t forward = world.history().size();
  world.Fail("last");
  EXPECT_EQ(WorkOff(world), kLength);
  EXPECT_EQ(world.state().saga_status, SagaStatus::kCompensated);
  // Scheduled, started, completed; beside them the failure, the fault, a settlement and the end.
  EXPECT_EQ(world.history().size() - forward, 3U * kLength + 5);
  EXPECT_EQ(Describe(world.Check()), "");
}

TEST(SagaTest, NoMoreUndosRunAtATimeThanTheDefinitionAllows) {
  std::string branches;
  std::string joined;
  for (int i = 1; i <= 40; ++i) {
    const std::string name = "t" + std::to_string(i);
    branches += (i > 1 ? "," : "") + ("[" + Simple(name, R"("compensateWith":"undo")") + "]");
    joined += (i > 1 ? ",\"" : "\"") + name + "\"";
  }
  SagaWorld world(MustParse(
      R"({"name":"w","version":1,"tasks":[
          {"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[)" +
      branches + R"(]},{"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":[)" + joined +
      "]}," + Simple("last", R"("saga":{"kind":"READ_ONLY"})") + "]}"));
  world.Start();
  for (int i = 1; i <= 40; ++i) world.Succeed("t" + std::to_string(i));
  world.Fail("last");
  while (!IsTerminal(world.state().status)) {
    ASSERT_LE(world.state().fault.undo_running, 16U);
    ASSERT_FALSE(world.offered().empty());
    const TaskNumber task = *world.offered().begin();
    ASSERT_TRUE(world.Begin(task));
    ASSERT_TRUE(world.Send(world.WorkOn(task)).ok());
  }
  EXPECT_EQ(Describe(world.Check()), "");
}

TEST(SagaTest, UnknownPivotIsDispatchedAgainOnlySoOften) {
  SagaWorld world(Pivot(""));
  world.Start();
  world.Succeed("a");
  int dispatches = 0;
  while (world.state().saga_status != SagaStatus::kParked) {
    ASSERT_LE(dispatches, kPivotDispatchesMax + 1);
    if (world.offered().empty()) {
      world.Advance(world.state().NextDueAt() - world.now());
      ASSERT_TRUE(world.Send(FireTimers{}).ok());
      continue;
    }
    const TaskNumber task = *world.offered().begin();
    ASSERT_TRUE(world.Begin(task));
    Lose(world, task);
    ++dispatches;
  }
  EXPECT_EQ(dispatches, kPivotDispatchesMax + 1);
  EXPECT_EQ(world.Count<SagaFaulted>(), 0);
  EXPECT_EQ(Describe(world.Check()), "");
}

TEST(SagaTest, FailedPivotThatTookEffectParks) {
  SagaWorld world(Pivot(""));
  world.Start();
  world.Succeed("a");
  const TaskNumber pivot = world.Live("p");
  ASSERT_TRUE(world.Begin(pivot));
  ReportResult failed = world.ResultOf(pivot, TaskStatus::kFailedWithTerminalError);
  failed.effect = Effect::kApplied;
  ASSERT_TRUE(world.Send(failed).ok());
  EXPECT_EQ(world.state().saga_status, SagaStatus::kParked);
  EXPECT_TRUE(world.state().pivot_passed);
  EXPECT_EQ(world.Count<SagaFaulted>(), 0);
  EXPECT_EQ(Describe(world.Check()), "");
}

TEST(SagaTest, LateEffectDoesNotOpenAnAbandonedSagaAgain) {
  SagaWorld world(Chain(2));
  world.Start();
  world.Succeed("t1");
  const TaskNumber task = world.Live("t2");
  ASSERT_TRUE(world.Begin(task));
  ASSERT_TRUE(world.Send(CompensateWorkflow{"ann", "stop", false}).ok());
  const ReportResult late = world.ResultOf(task, TaskStatus::kCompleted);
  ASSERT_TRUE(world.Send(world.ResultOf(task, TaskStatus::kCanceled)).ok());
  ASSERT_TRUE(world.Send(TerminateWorkflow{"ann", "give up", true}).ok());
  ASSERT_TRUE(world.Send(late).ok());
  EXPECT_EQ(world.Count<OrphanEffect>(), 1);
  EXPECT_EQ(world.state().saga_status, SagaStatus::kAbandoned);
  EXPECT_EQ(Describe(world.Check()), "");
}

TEST(SagaTest, SettleBoundIsTheLongestResponseTimeoutUpToFiveMinutes) {
  const auto settle_us = [](const std::string& response_seconds) {
    SagaWorld world(MustParse(R"({"name":"w","version":1,"tasks":[)" +
                              Simple("a", R"("compensateWith":"undo","taskDefinition":{"name":"do",
                       "responseTimeoutSeconds":)" +
                                              response_seconds + "}") +
                              "]}"));
    world.Start();
    EXPECT_TRUE(world.Begin(world.Live("a")));
    EXPECT_TRUE(world.Send(CompensateWorkflow{"ann", "stop", false}).ok());
    return world.state().fault.settle_until - world.now();
  };
  EXPECT_EQ(settle_us("20"), 20 * kSecondUs);
  EXPECT_EQ(settle_us("4000"), kSettleTimeoutMaxUs);
}

TEST(SagaTest, RefusedTriggersChangeNothing) {
  SagaWorld world(Pivot(""));
  world.Start();
  world.Succeed("a");
  world.Succeed("p");
  const std::size_t events = world.history().size();
  EXPECT_FALSE(world.Send(CompensateWorkflow{"ann", "stop", false}).ok());
  EXPECT_FALSE(world.Send(CompensateWorkflow{"", "stop", true}).ok());
  EXPECT_FALSE(world.Send(OperateSaga{.verb = Verb::kRetry, .actor = "ann", .reason = "x"}).ok());
  EXPECT_EQ(world.history().size(), events);
}

TEST(SagaInputTest, MarkPossibleDuplicateAddsAMemberToObjectsOnly) {
  EXPECT_EQ(MarkPossibleDuplicate("{}"), R"({"possibleDuplicate":true})");
  EXPECT_EQ(MarkPossibleDuplicate("{ }"), R"({"possibleDuplicate":true })");
  EXPECT_EQ(MarkPossibleDuplicate(R"({"a":1})"), R"({"possibleDuplicate":true,"a":1})");
  EXPECT_EQ(MarkPossibleDuplicate("[1]"), "[1]");
  EXPECT_EQ(MarkPossibleDuplicate("\"x\""), "\"x\"");
}

TEST(SagaInputTest, FinishUndoInputReplacesSagaFactsAndNothingElse) {
  SagaFacts facts;
  facts.reason = "a \"quoted\" reason";
  facts.trigger = "USER";
  facts.generation = 2;
  EXPECT_EQ(FinishUndoInput(R"({"r":"${saga.reason}","t":"by ${saga.trigger}"})", facts),
            R"({"r":"a \"quoted\" reason","t":"by USER"})");
  EXPECT_EQ(FinishUndoInput(R"({"g":"${saga.generation}","f":"${saga.failedTask}"})", facts),
            R"({"g":2,"f":null})");
  EXPECT_EQ(FinishUndoInput(R"({"plain":[1,2]})", facts), R"({"plain":[1,2]})");
}

}  // namespace
}  // namespace skald::core
