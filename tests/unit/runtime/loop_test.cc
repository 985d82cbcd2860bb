#include "engine/runtime/loop.h"

#include <gtest/gtest.h>

#include "engine/runtime/limits.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LoopTest : public LoopFixture {};

TEST_F(LoopTest, ChainRunsToItsEnd) {
  const auto definition = Define(Simple("a") + "," + Simple("b"));
  Boot();
  const TestWorker worker = Connect({"a", "b"}, 4);
  const auto start = Start(definition);
  Settle();
  ASSERT_TRUE(start->answer.has_value());
  EXPECT_THAT(*start->answer, IsOk());
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_EQ(worker.sink->assignments[0].task_type, "a");
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  ASSERT_THAT(worker.sink->receipts, SizeIs(2));
  EXPECT_THAT(worker.sink->receipts[1].status, IsOk());
  EXPECT_THAT(HistoryNames(start->id),
              ElementsAre("WorkflowStarted", "TaskScheduled", "TaskStarted", "TaskCompleted",
                          "TaskScheduled", "TaskStarted", "TaskCompleted", "WorkflowEnded"));
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  EXPECT_EQ(loop_->state().workers.lease_count(), 0u);
}

// A credit that waits: the start of the task shares the row of its scheduling.
TEST_F(LoopTest, TaskStartedSharesTheRowWhenACreditWaits) {
  const auto definition = Define(Simple("a"));
  Boot();
  Connect({"a"}, 1);
  Settle();
  const auto start = Start(definition);
  Settle();
  EXPECT_THAT(*store_.ReadHistory(start->id, 0, 100), SizeIs(1));
}

TEST_F(LoopTest, NothingIsToldBeforeItIsDurable) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  const auto get = Get(start->id);
  Tick();
  EXPECT_FALSE(start->answer.has_value());
  EXPECT_FALSE(get->has_value());
  EXPECT_THAT(worker.sink->assignments, IsEmpty());
  EXPECT_THAT(History(start->id), IsEmpty());
  Settle();
  EXPECT_TRUE(start->answer.has_value());
  EXPECT_TRUE(get->has_value());
  EXPECT_THAT(worker.sink->assignments, SizeIs(1));
}

TEST_F(LoopTest, TaskWaitsForACreditAndHigherPrioritiesGoFirst) {
  const auto definition = Define(Simple("a"));
  Boot();
  std::vector<core::WorkflowId> ids;
  for (const int priority : {0, 5, 0}) {
    ids.push_back(NewId());
    loop_->Start({.name_space = "default",
                  .definition = definition,
                  .start = {.id = ids.back(), .priority = priority}},
                 [](const absl::StatusOr<Started>& answer) { ASSERT_THAT(answer, IsOk()); });
  }
  Settle();
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_EQ(worker.sink->assignments[0].workflow, ids[1]);
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  EXPECT_EQ(worker.sink->assignments[1].workflow, ids[0]);
}

TEST_F(LoopTest, CreditsAreSharedFairlyAmongSessions) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker first = Connect({"a"}, 10, "w1");
  const TestWorker second = Connect({"a"}, 10, "w2");
  Settle();
  for (int i = 0; i < 10; ++i) Start(definition);
  Settle();
  EXPECT_THAT(first.sink->assignments, SizeIs(5));
  EXPECT_THAT(second.sink->assignments, SizeIs(5));
}

TEST_F(LoopTest, SameIdStartsOnce) {
  const auto definition = Define(Simple("a"));
  Boot();
  const core::WorkflowId id = NewId();
  const auto first = Start(definition, id, true);
  const auto second = Start(definition, id, true);
  Settle();
  ASSERT_TRUE(second->answer.has_value());
  EXPECT_FALSE((*first->answer)->existed);
  EXPECT_TRUE((*second->answer)->existed);
}

TEST_F(LoopTest, SendToUnknownWorkflowIsNotFound) {
  Boot();
  const auto answer = Send(NewId(), core::PauseWorkflow{"me", "why"});
  Settle();
  EXPECT_THAT(**answer, StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LoopTest, SendToEndedWorkflowIsFailedPrecondition) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  Answer(worker, worker.sink->assignments.at(0));
  Settle();
  const auto paused = Send(start->id, core::PauseWorkflow{"me", "why"});
  const auto got = Get(start->id);
  Settle();
  EXPECT_THAT(**paused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(**got, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
}

TEST_F(LoopTest, LostTaskGoesToAnotherWorker) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker silent = Connect({"a"}, 1, "w1");
  Start(definition);
  Settle();
  ASSERT_THAT(silent.sink->assignments, SizeIs(1));
  const TestWorker other = Connect({"a"}, 1, "w2");
  RunFor(9 * core::kSecondUs);
  EXPECT_THAT(other.sink->assignments, IsEmpty());
  RunFor(5 * core::kSecondUs);
  ASSERT_THAT(other.sink->assignments, SizeIs(1));
  EXPECT_EQ(other.sink->assignments[0].attempt, 2);
  // The late answer of the first changes nothing.
  Answer(silent, silent.sink->assignments[0]);
  Settle();
  ASSERT_THAT(silent.sink->receipts, SizeIs(1));
  EXPECT_TRUE(silent.sink->receipts[0].superseded);
}

TEST_F(LoopTest, HeartbeatKeepsTheLease) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  for (int i = 0; i < 5; ++i) {
    RunFor(6 * core::kSecondUs);
    loop_->Heartbeat(worker.session, {{KeyOf(worker.sink->assignments[0]), 40, "half"}});
  }
  const auto view = Get(start->id);
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_THAT(worker.sink->cancels, IsEmpty());
  ASSERT_THAT((**view).value()->progress, SizeIs(1));
  EXPECT_EQ((**view).value()->progress[0].percent, 40u);
}

TEST_F(LoopTest, ReconnectingWorkerGetsAgainWhatItDoesNotHold) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker first = Connect({"a"}, 2);
  Start(definition);
  Start(definition);
  Settle();
  ASSERT_THAT(first.sink->assignments, SizeIs(2));
  loop_->Detach(first.session);
  const TestWorker again = Connect({"a"}, 2, "w1", {KeyOf(first.sink->assignments[0])});
  Settle();
  ASSERT_THAT(again.sink->assignments, SizeIs(1));
  EXPECT_EQ(KeyOf(again.sink->assignments[0]), KeyOf(first.sink->assignments[1]));
}

TEST_F(LoopTest, NewerStreamOfTheSameProcessReplacesTheOlder) {
  Boot();
  const TestWorker first = Connect({"a"}, 1);
  const TestWorker second = Connect({"a"}, 1);
  Settle();
  ASSERT_TRUE(first.sink->closed.has_value());
  EXPECT_FALSE(second.sink->closed.has_value());
}

TEST_F(LoopTest, DrainedSessionIsClosedWhenItHoldsNothing) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Start(definition);
  Start(definition);
  Settle();
  loop_->Drain(worker.session);
  Settle();
  EXPECT_FALSE(worker.sink->closed.has_value());
  Answer(worker, worker.sink->assignments.at(0));
  Settle();
  ASSERT_TRUE(worker.sink->closed.has_value());
  EXPECT_THAT(*worker.sink->closed, IsOk());
  EXPECT_THAT(worker.sink->assignments, SizeIs(1));
}

TEST_F(LoopTest, StartsBeyondABoundAreRefusedWithADelay) {
  options_.active_workflows_max = 2;
  const auto definition = Define(Simple("a"));
  Boot();
  Start(definition);
  Start(definition);
  const auto third = Start(definition);
  Settle();
  EXPECT_THAT(*third->answer, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(third->answer->status().GetPayload(kRetryDelayUrl).has_value());
  EXPECT_THAT(metrics_.refused, ElementsAre("active_workflows_max"));
}

TEST_F(LoopTest, FullInboxRefusesAtOnce) {
  options_.inbox_max = 1;
  const auto definition = Define(Simple("a"));
  Boot();
  const auto first = Start(definition);
  const auto second = Start(definition);
  ASSERT_TRUE(second->answer.has_value());
  EXPECT_THAT(*second->answer, StatusIs(absl::StatusCode::kResourceExhausted));
  Settle();
  EXPECT_THAT(*first->answer, IsOk());
}

// Whatever a client may send any number of times: nothing goes past the bound but what is bounded
// otherwise.
TEST_F(LoopTest, FullInboxRefusesWatchesAndLooksButSaysWhetherItServes) {
  options_.inbox_max = 1;
  Boot();
  std::optional<absl::StatusOr<EngineStats>> first;
  std::optional<absl::StatusOr<EngineStats>> second;
  loop_->Stats([&](absl::StatusOr<EngineStats> stats) { first = std::move(stats); });
  loop_->Stats([&](absl::StatusOr<EngineStats> stats) { second = std::move(stats); });
  EXPECT_THAT(loop_->Watch({.name_space = "default"}, nullptr),
              StatusIs(absl::StatusCode::kResourceExhausted));
  std::optional<absl::Status> ready;
  loop_->CheckReady([&](const absl::Status& status) { ready = status; });
  ASSERT_TRUE(second.has_value());
  EXPECT_THAT(*second, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(second->status().GetPayload(kRetryDelayUrl).has_value());
  Settle();
  ASSERT_TRUE(first.has_value() && ready.has_value());
  EXPECT_THAT(*first, IsOk());
  EXPECT_THAT(*ready, IsOk());
}

TEST_F(LoopTest, FullInboxRefusesResultsWithoutTakingRoom) {
  options_.inbox_max = 1;
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Start(definition);
  Settle();
  const TaskKey key = KeyOf(worker.sink->assignments.at(0));
  loop_->Heartbeat(worker.session, {{.task = key}});
  const std::size_t backlog = loop_->inbox().backlog();
  const std::vector<Receipt> refused = loop_->Report(
      worker.session,
      {{.task = key,
        .report = {.task = key.task, .fence = key.fence, .status = core::TaskStatus::kCompleted}}});
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].task, key);
  EXPECT_THAT(refused[0].status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(loop_->inbox().backlog(), backlog);
}

TEST_F(LoopTest, WordsOnCreditsTakeTheRoomOfOne) {
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  for (std::uint32_t credits = 0; credits < 1'000; ++credits) {
    loop_->SetCredits(worker.session, credits);
  }
  EXPECT_EQ(loop_->inbox().backlog(), 1u);
  Settle();
  EXPECT_EQ(loop_->state().workers.FindSession(worker.session)->capacity, 999);
}

TEST_F(LoopTest, WatchesBeyondTheirBoundAreRefused) {
  options_.watches_max = 2;
  Boot();
  const auto first = loop_->Watch({.name_space = "default"}, nullptr);
  EXPECT_THAT(loop_->Watch({.name_space = "default"}, nullptr), IsOk());
  EXPECT_THAT(loop_->Watch({.name_space = "default"}, nullptr),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(metrics_.refused, ElementsAre("watches_max"));
  ASSERT_THAT(first, IsOk());
  loop_->Unwatch(*first);
  EXPECT_THAT(loop_->Watch({.name_space = "default"}, nullptr), IsOk());
}

TEST_F(LoopTest, RunnersOfTheNodeAreNoWorkerSessions) {
  options_.sessions_max = 1;
  Boot();
  const auto attach = [this](const std::string& name_space) {
    return loop_->Attach({.name_space = name_space, .worker_id = "w", .incarnation = "i"},
                         std::make_shared<RecordingSink>());
  };
  const auto runner = attach(kRunnersNamespace);
  ASSERT_THAT(runner, IsOk());
  EXPECT_THAT(attach("default"), IsOk());
  EXPECT_THAT(attach("default"), StatusIs(absl::StatusCode::kResourceExhausted));
  std::optional<absl::StatusOr<EngineStats>> stats;
  loop_->Stats([&](absl::StatusOr<EngineStats> answer) { stats = std::move(answer); });
  Settle();
  ASSERT_TRUE(stats.has_value());
  EXPECT_EQ((*stats)->sessions, 1u);
  loop_->Detach(*runner);
  EXPECT_THAT(attach("default"), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(LoopTest, WorkerThatMakesUpTaskTypesLeavesNothingBehind) {
  Boot();
  for (int i = 0; i < 100; ++i) {
    const TestWorker worker = Connect({absl::StrCat("made_up_", i)}, 1);
    Settle();
    loop_->Detach(worker.session);
  }
  RunFor(2 * kSampleUs);
  EXPECT_THAT(loop_->state().matcher.queues(), SizeIs(0));
}

}  // namespace
}  // namespace skald::runtime
