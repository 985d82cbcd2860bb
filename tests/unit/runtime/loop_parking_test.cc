#include <gtest/gtest.h>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::testing::Contains;
using ::testing::Not;
using ::testing::SizeIs;

class LoopParkingTest : public LoopFixture {
 protected:
  static std::string Wait(const std::string& duration) {
    return R"({"name":"w","taskReferenceName":"w","type":"WAIT","inputParameters":{)" +
           (duration.empty() ? "" : R"("duration":")" + duration + "\"") + "}}";
  }
};

TEST_F(LoopParkingTest, LongWaitLeavesMemoryAndFiresInTime) {
  const auto definition = Define(Wait("60 seconds"));
  Boot();
  const auto start = Start(definition);
  Settle();
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  EXPECT_TRUE(store_.Load(start->id)->parked);
  const core::TimeUs due_at = History(start->id)[1].at + 60 * core::kSecondUs;
  RunFor(due_at - clock_.Now() - core::kMillisecondUs);
  EXPECT_THAT(HistoryNames(start->id), Not(Contains("WorkflowEnded")));
  RunFor(50 * core::kMillisecondUs);
  EXPECT_THAT(HistoryNames(start->id), Contains("WorkflowEnded"));
  EXPECT_LE(History(start->id).back().at, due_at + 50 * core::kMillisecondUs);
}

TEST_F(LoopParkingTest, ShortWaitStaysInMemory) {
  const auto definition = Define(Wait("1 seconds"));
  Boot();
  Start(definition);
  Settle();
  EXPECT_EQ(loop_->state().shards.workflow_count(), 1u);
  EXPECT_EQ(calls_[memory::Call::kLoadDue], 0);
}

TEST_F(LoopParkingTest, SignalWakesAParkedWorkflow) {
  const auto definition = Define(Wait("") + "," + Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  const auto answer = Send(start->id, core::SignalWorkflow{.actor = "me"});
  Settle();
  EXPECT_THAT(**answer, IsOk());
  EXPECT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_FALSE(store_.Load(start->id)->parked);
}

TEST_F(LoopParkingTest, LookingAtAParkedWorkflowChangesNothing) {
  const auto definition = Define(Wait(""));
  Boot();
  const auto start = Start(definition);
  Settle();
  const std::size_t commits = metrics_.commits;
  const auto view = Get(start->id);
  Settle();
  ASSERT_THAT(**view, IsOk());
  EXPECT_EQ((**view).value()->state.seq, 2u);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  EXPECT_EQ(metrics_.commits, commits);
}

TEST_F(LoopParkingTest, RequestsForAWorkflowBeingLoadedWaitInOrder) {
  const auto definition = Define(Wait(""));
  Boot();
  const auto start = Start(definition);
  Settle();
  const auto paused = Send(start->id, core::PauseWorkflow{"me", "why"});
  const auto resumed = Send(start->id, core::ResumeWorkflow{"me", "why"});
  Settle();
  EXPECT_EQ(calls_[memory::Call::kLoad], 1);
  EXPECT_THAT(**paused, IsOk());
  EXPECT_THAT(**resumed, IsOk());
  EXPECT_THAT(HistoryNames(start->id), ::testing::ElementsAre("WorkflowStarted", "TaskScheduled",
                                                              "WorkflowPaused", "WorkflowResumed"));
}

TEST_F(LoopParkingTest, ParkedWorkflowsAreNotLoadedAtStart) {
  const auto definition = Define(Wait("300 seconds"));
  Boot();
  const auto start = Start(definition);
  Settle();
  journal_->Crash(false);
  loop_ = nullptr;
  Boot();
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  RunFor(301 * core::kSecondUs);
  EXPECT_THAT(HistoryNames(start->id), Contains("WorkflowEnded"));
}

TEST_F(LoopParkingTest, ManyDueAtOnceAllFire) {
  const auto definition = Define(Wait("30 seconds"));
  Boot();
  for (int i = 0; i < 2'500; ++i) Start(definition);
  Settle();
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  RunFor(31 * core::kSecondUs);
  for (const ports::WorkflowSummary& summary : store_.AllWorkflows()) {
    ASSERT_EQ(summary.status, core::WorkflowStatus::kCompleted);
  }
}

// ---- starts from SQL
// -------------------------------------------------------------------------------

TEST_F(LoopParkingTest, StartFromSqlIsCarriedOutOnce) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 5);
  const core::WorkflowId id = NewId();
  store_.RequestStart({.id = id, .name_space = "default", .name = definition->name, .input = "{}"});
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_EQ(worker.sink->assignments[0].workflow, id);
  EXPECT_TRUE(store_.LoadStartRequests({}, 10).empty());
  // Announced again: nothing is left to do.
  store_.RequestStart({.id = NewId(), .name_space = "default", .name = definition->name});
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(2));
}

TEST_F(LoopParkingTest, StartFromSqlOfAnUnknownDefinitionHoldsNobodyUp) {
  const auto definition = Define(Simple("a"));
  Boot();
  store_.RequestStart({.id = NewId(), .name_space = "default", .name = "nothing"});
  store_.RequestStart({.id = NewId(), .name_space = "default", .name = definition->name});
  Settle();
  EXPECT_THAT(store_.WorkflowIds(), SizeIs(1));
  EXPECT_THAT(store_.LoadStartRequests({}, 10), SizeIs(1)) << "it stays for a later definition";
}

}  // namespace
}  // namespace skald::runtime
