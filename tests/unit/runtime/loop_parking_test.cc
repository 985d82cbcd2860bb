#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/runtime/fold.h"
#include "engine/runtime/limits.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

class LoopParkingTest : public LoopFixture {
 protected:
  explicit LoopParkingTest(std::uint32_t shards = 1) : LoopFixture(shards) {}

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

TEST_F(LoopParkingTest, EachDueRowIsReadOnce) {
  const auto definition = Define(Wait("30 seconds"));
  Boot();
  for (std::size_t i = 0; i < 2 * kDuePageSize + 500; ++i) Start(definition);
  Settle();
  RunFor(28 * core::kSecondUs);
  EXPECT_EQ(calls_[memory::Call::kLoadDue], 3);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 2 * kDuePageSize + 500);
  RunFor(3 * core::kSecondUs);
  EXPECT_EQ(calls_[memory::Call::kLoadDue], 3);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
}

// It was asked for when the last of what had been loaded was due: too late for what came next.
TEST_F(LoopParkingTest, StreamOfTimersFiresInTimeThoughTheStoreIsSlow) {
  const auto definition = Define(Wait("30 seconds"));
  Boot();
  load_due_us_ = 2 * core::kSecondUs;
  std::vector<core::WorkflowId> ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back(Start(definition)->id);
    RunFor(200 * core::kMillisecondUs);
  }
  RunFor(40 * core::kSecondUs);
  for (const core::WorkflowId& id : ids) {
    const auto history = History(id);
    const core::TimeUs due_at = history[1].at + 30 * core::kSecondUs;
    EXPECT_GE(history.back().at, due_at);
    EXPECT_LE(history.back().at, due_at + core::kMillisecondUs);
  }
  // In sweeps, and not once for each of them.
  EXPECT_LE(calls_[memory::Call::kLoadDue], 25);
}

TEST_F(LoopParkingTest, WhatParksWhileAPageIsUnderWayFiresInTime) {
  const auto early = Define(Wait("60 seconds"));
  const auto late = Define(Wait("3 seconds"));
  options_.park_after_us = 100 * core::kMillisecondUs;
  Boot();
  Start(early);
  RunFor(60 * core::kSecondUs - kPrefetchMinUs - 50 * core::kMillisecondUs);
  load_due_us_ = core::kSecondUs;
  ASSERT_EQ(calls_[memory::Call::kLoadDue], 0);
  RunFor(100 * core::kMillisecondUs);
  ASSERT_EQ(calls_[memory::Call::kLoadDue], 1);
  const core::WorkflowId id = Start(late)->id;
  Settle();
  ASSERT_TRUE(store_.Load(id)->parked);
  ASSERT_EQ(loop_->state().shards.workflow_count(), 0u);
  RunFor(10 * core::kSecondUs);
  const auto history = History(id);
  ASSERT_EQ(core::Name(history.back().body), "WorkflowEnded");
  EXPECT_LE(history.back().at, history[1].at + 3 * core::kSecondUs + core::kMillisecondUs);
}

TEST_F(LoopParkingTest, NoMoreAreLoadedAheadThanMemoryIsMeantFor) {
  const auto definition = Define(Wait("30 seconds"));
  options_.prefetched_max = 1'500;
  Boot();
  for (std::size_t i = 0; i < 5'000; ++i) Start(definition);
  Settle();
  RunFor(29 * core::kSecondUs);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 2 * kDuePageSize);
  RunFor(2 * core::kSecondUs);
  for (const ports::WorkflowSummary& summary : store_.AllWorkflows()) {
    ASSERT_EQ(summary.status, core::WorkflowStatus::kCompleted);
  }
}

TEST_F(LoopParkingTest, PageThatCannotBeReadIsAskedForAgain) {
  const auto definition = Define(Wait("30 seconds"));
  Boot();
  const core::WorkflowId id = Start(definition)->id;
  Settle();
  RunFor(20 * core::kSecondUs);
  const core::TimeUs back_at = clock_.Now() + 8 * core::kSecondUs;
  unreadable_until_ = back_at;
  RunFor(11 * core::kSecondUs);
  EXPECT_GT(calls_[memory::Call::kLoadDue], 2);
  const auto history = History(id);
  EXPECT_LE(history.back().at, history[1].at + 30 * core::kSecondUs + core::kMillisecondUs);
}

// Those of one moment were all decided before the first of them began to be stored.
TEST_F(LoopParkingTest, TimersOfOneMomentDoNotWaitForOneAnother) {
  const auto definition = Define(Wait("3 seconds"));
  Boot();
  const std::size_t count = 4 * kTimersPerTickMax;
  const core::TimeUs due_at = clock_.Now() + 3 * core::kSecondUs;
  for (std::size_t i = 0; i < count; ++i) Start(definition);
  const auto ended = [&] {
    const auto all = store_.AllWorkflows();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const ports::WorkflowSummary& summary) {
          return summary.status == core::WorkflowStatus::kCompleted;
        }));
  };
  RunFor(due_at - clock_.Now() + kCommitUs / 2);
  EXPECT_EQ(ended(), kTimersPerTickMax);
  RunFor(2 * kCommitUs);
  EXPECT_EQ(ended(), count);
}

class ManyShardsParkingTest : public LoopParkingTest {
 protected:
  ManyShardsParkingTest() : LoopParkingTest(16) {}
};

TEST_F(ManyShardsParkingTest, ShardsThatAdjoinAreAskedForTogether) {
  const auto definition = Define(Wait("30 seconds"));
  Boot();
  for (int i = 0; i < 200; ++i) Start(definition);
  Settle();
  journal_->Crash(false);
  loop_ = nullptr;
  Boot();
  ASSERT_EQ(loop_->state().shards.shards().size(), 16u);
  calls_.clear();
  RunFor(29 * core::kSecondUs);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 200u);
  EXPECT_EQ(calls_[memory::Call::kLoadDue], 1);
  EXPECT_EQ(calls_[memory::Call::kNextWakeAt], 1);
  RunFor(2 * core::kSecondUs);
  for (const ports::WorkflowSummary& summary : store_.AllWorkflows()) {
    ASSERT_EQ(summary.status, core::WorkflowStatus::kCompleted);
  }
}

// ---- results that come after the end
// -----------------------------------------------------------------------

// saga.md 2.6: the saga claimed that nothing stands, and then its lost worker reports an effect.
TEST_F(LoopParkingTest, LateEffectOpensASagaAgainThatHadEndedAndLeftMemory) {
  const auto definition = Define(Simple("a", R"(,"compensateWith":"undo_a","retryCount":0)"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  const Assignment lost = worker.sink->assignments[0];
  RunFor(60 * core::kSecondUs);
  const TestWorker undoer = Connect({"undo_a"}, 1, "w2");
  Settle();
  ASSERT_THAT(undoer.sink->assignments, SizeIs(1));
  core::ReportResult nulled{.task = undoer.sink->assignments[0].task,
                            .fence = undoer.sink->assignments[0].fence,
                            .status = core::TaskStatus::kCompleted,
                            .verdict = core::Verdict::kNulled};
  loop_->Report(undoer.session, {{KeyOf(undoer.sink->assignments[0]), nulled}});
  Settle();
  ASSERT_EQ(store_.AllWorkflows()[0].saga_status, core::SagaStatus::kCompensated);
  ASSERT_EQ(loop_->state().shards.workflow_count(), 0u);

  Answer(worker, lost);
  Settle();
  ASSERT_THAT(worker.sink->receipts, SizeIs(1));
  EXPECT_THAT(worker.sink->receipts[0].status, IsOk());
  EXPECT_TRUE(worker.sink->receipts[0].superseded);
  EXPECT_THAT(HistoryNames(start->id),
              ::testing::IsSupersetOf({"LateResult", "OrphanEffect", "SagaParked"}));
  EXPECT_EQ(store_.AllWorkflows()[0].status, core::WorkflowStatus::kPaused);
  EXPECT_EQ(store_.AllWorkflows()[0].saga_status, core::SagaStatus::kParked);
  EXPECT_EQ(store_.AllWorkflows()[0].ended_at, 0);

  // Once more: the repetition is told the same, and adds nothing.
  const std::size_t events = History(start->id).size();
  Answer(worker, lost);
  Settle();
  ASSERT_THAT(worker.sink->receipts, SizeIs(2));
  EXPECT_TRUE(worker.sink->receipts[1].superseded);
  EXPECT_THAT(History(start->id), SizeIs(events));

  const auto resolved = Send(start->id, core::OperateSaga{.verb = core::Verb::kResolve,
                                                          .reference = "r_a",
                                                          .actor = "ann",
                                                          .reason = "cancelled by phone"});
  Settle();
  EXPECT_THAT(**resolved, IsOk());
  EXPECT_EQ(store_.AllWorkflows()[0].saga_status, core::SagaStatus::kCompensated);
  EXPECT_NE(store_.AllWorkflows()[0].ended_at, 0);
}

// ---- what another release wrote
// -----------------------------------------------------------------------------

TEST_F(LoopParkingTest, SnapshotOfANewerFormatIsNotCalledDamaged) {
  Define(Simple("a"));
  const ports::StoredWorkflow stored{
      .id = NewId(), .definition_id = 1, .snapshot_seq = 9, .snapshot = R"({"version":7})"};
  const auto folded = Fold(stored, [this](std::int64_t id) { return ById(id); });
  EXPECT_THAT(folded, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("load workflow " + stored.id.ToString() +
                                         ": its snapshot has format version 7, this binary reads "
                                         "versions up to 1: start a newer skald")));
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
  EXPECT_TRUE(store_.LoadStartRequests({}, 10).empty());
}

TEST_F(LoopParkingTest, StartFromSqlThatCanNeverBeIsRefusedOnce) {
  Boot();
  const core::WorkflowId id = NewId();
  store_.RequestStart({.id = id, .name_space = "default", .name = "nothing"});
  RunFor(60 * core::kSecondUs);
  EXPECT_TRUE(store_.LoadStartRequests({}, 10).empty());
  EXPECT_THAT(store_.RefusedStarts(), ElementsAre(Pair(id, "no such definition")));
  EXPECT_EQ(calls_[memory::Call::kRefuseStartRequest], 1);
  EXPECT_EQ(metrics_.starts_refused, 1u);
  // Asked for anew, with a definition that is there now.
  const auto definition = Define(Simple("a"));
  store_.RequestStart({.id = id, .name_space = "default", .name = definition->name});
  Settle();
  EXPECT_THAT(HistoryNames(id), Contains("WorkflowStarted"));
  EXPECT_TRUE(store_.RefusedStarts().empty());
}

}  // namespace
}  // namespace skald::runtime
