#include <gtest/gtest.h>

#include "engine/runtime/overload.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = memory::Fate::Kind;

constexpr core::DurationUs kMs = core::kMillisecondUs;

class RecordingWatch final : public WatchSink {
 public:
  bool Tell(const std::vector<Notice>& list) override {
    for (const Notice& notice : list) {
      for (const core::Event& event : notice.events) {
        names.emplace_back(core::Name(event.body));
        seqs.push_back(event.seq);
      }
    }
    return keep;
  }
  bool keep = true;
  std::vector<std::string> names;
  std::vector<core::EventSeq> seqs;
};

class LoopFaultsTest : public LoopFixture {
 protected:
  absl::Status Readiness() {
    auto ready = std::make_shared<absl::Status>(absl::UnknownError("no answer"));
    loop_->Stats([ready](const absl::StatusOr<EngineStats>& stats) { *ready = stats->ready; });
    Tick();
    return *ready;
  }
};

// UNAVAILABLE: the same bytes again; nobody notices but by the time.
TEST_F(LoopFaultsTest, UnavailableCommitIsRepeated) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  for (int i = 0; i < 5; ++i) commit_fates_.push_back({.kind = Kind::kUnavailable});
  const auto start = Start(definition);
  EXPECT_THAT(Readiness(), IsOk());
  RunFor(5 * kMs);
  EXPECT_FALSE(start->answer.has_value());
  EXPECT_THAT(Readiness(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(worker.sink->assignments, IsEmpty());
  RunFor(2 * core::kSecondUs);
  EXPECT_THAT(*start->answer, IsOk());
  EXPECT_THAT(Readiness(), IsOk());
  EXPECT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_THAT(HistoryNames(start->id), SizeIs(3));
}

// UNKNOWN, and it was written: the caller is told to come back, and finds what he began.
TEST_F(LoopFaultsTest, UnknownCommitThatWasWrittenIsFoundAgain) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  const std::uint64_t epoch = loop_->state().lease.epoch;
  commit_fates_.push_back({.kind = Kind::kUnknownWritten, .answered_after_us = kMs});
  const auto start = Start(definition);
  RunFor(50 * kMs);
  EXPECT_THAT(*start->answer, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(RetryDelayUs(start->answer->status()).has_value());
  EXPECT_GT(loop_->state().lease.epoch, epoch);
  // The task was begun at the worker in that commit, and never reached it.
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  const auto again = Start(definition, start->id, true);
  Settle();
  EXPECT_TRUE((*again->answer)->existed);
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

TEST_F(LoopFaultsTest, UnknownCommitThatWasLostIsDecidedAgain) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  commit_fates_.push_back({.kind = Kind::kUnknownLost, .answered_after_us = kMs});
  Answer(worker, worker.sink->assignments.at(0));
  RunFor(50 * kMs);
  ASSERT_THAT(worker.sink->receipts, SizeIs(1));
  EXPECT_THAT(worker.sink->receipts[0].status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(worker.sink->assignments, SizeIs(1)) << "the worker holds it still";
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  ASSERT_THAT(worker.sink->receipts, SizeIs(2));
  EXPECT_THAT(worker.sink->receipts[1].status, IsOk());
  EXPECT_FALSE(worker.sink->receipts[1].superseded);
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

TEST_F(LoopFaultsTest, WatcherHearsOfAnEndWhoseCommitWasOfUnknownOutcome) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto watch = std::make_shared<RecordingWatch>();
  ASSERT_THAT(loop_->Watch({.name_space = "default"}, watch), IsOk());
  Start(definition);
  Settle();
  commit_fates_.push_back({.kind = Kind::kUnknownWritten, .answered_after_us = kMs});
  Answer(worker, worker.sink->assignments.at(0));
  RunFor(100 * kMs);
  ASSERT_FALSE(watch->names.empty());
  EXPECT_EQ(watch->names.back(), "WorkflowEnded");
  for (std::size_t i = 0; i < watch->seqs.size(); ++i) EXPECT_EQ(watch->seqs[i], i + 1);
}

// The commit of the end is under way when the watch begins: its notices were made up before, so
// that whoever reads the store afterwards has to find the end there.
TEST_F(LoopFaultsTest, WatchThatComesWhileAnEndIsCommittedFindsItInTheStore) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  commit_fates_.push_back({.carried_out_after_us = 40 * kMs, .answered_after_us = 50 * kMs});
  Answer(worker, worker.sink->assignments.at(0));
  Tick();
  const auto watch = std::make_shared<RecordingWatch>();
  ASSERT_THAT(loop_->Watch({.name_space = "default", .id = start->id}, watch), IsOk());
  bool ready = false;
  loop_->CheckReady([&](const absl::Status&) { ready = true; });
  std::optional<absl::Status> durable;
  std::vector<std::string> read;
  loop_->AfterCommits([&](const absl::Status& status) {
    durable = status;
    read = HistoryNames(start->id);
  });
  RunFor(30 * kMs);
  EXPECT_TRUE(ready) << "the engine is not held up";
  EXPECT_FALSE(durable.has_value());
  EXPECT_NE(HistoryNames(start->id).back(), "WorkflowEnded");
  RunFor(30 * kMs);
  ASSERT_TRUE(durable.has_value());
  EXPECT_THAT(*durable, IsOk());
  EXPECT_THAT(watch->names, IsEmpty());
  EXPECT_EQ(read.back(), "WorkflowEnded");
}

TEST_F(LoopFaultsTest, AfterCommitsAnswersAtOnceWhenNothingIsUncommitted) {
  Boot();
  std::optional<absl::Status> durable;
  loop_->AfterCommits([&](const absl::Status& status) { durable = status; });
  Tick();
  ASSERT_TRUE(durable.has_value());
  EXPECT_THAT(*durable, IsOk());
}

TEST_F(LoopFaultsTest, AfterCommitsSaysWhenTheOutcomeIsNotKnown) {
  const auto definition = Define(Simple("a"));
  Boot();
  commit_fates_.push_back({.kind = Kind::kUnknownLost, .answered_after_us = kMs});
  Start(definition);
  std::optional<absl::Status> durable;
  loop_->AfterCommits([&](const absl::Status& status) { durable = status; });
  Settle();
  ASSERT_TRUE(durable.has_value());
  EXPECT_THAT(*durable, StatusIs(absl::StatusCode::kUnavailable));
}

// The commit whose outcome is not known may take place after it was dropped, until the lease is
// taken anew: nobody is told meanwhile that what the store holds is all.
TEST_F(LoopFaultsTest, AfterCommitsIsRefusedWhileTheOutcomeIsFoundOut) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  commit_fates_.push_back({.kind = Kind::kUnknownWritten,
                           .carried_out_after_us = kMs + kMs / 4,
                           .answered_after_us = kMs});
  Answer(worker, worker.sink->assignments.at(0));
  RunFor(kMs);
  ASSERT_NE(HistoryNames(start->id).back(), "WorkflowEnded");
  std::optional<absl::Status> durable;
  loop_->AfterCommits([&](const absl::Status& status) { durable = status; });
  Tick();
  ASSERT_TRUE(durable.has_value());
  EXPECT_THAT(*durable, StatusIs(absl::StatusCode::kUnavailable));
  RunFor(core::kSecondUs);
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

TEST_F(LoopFaultsTest, WatcherThatRefusesIsDropped) {
  const auto definition = Define(Simple("a"));
  Boot();
  const auto watch = std::make_shared<RecordingWatch>();
  watch->keep = false;
  ASSERT_THAT(loop_->Watch({.name_space = "default"}, watch), IsOk());
  Start(definition);
  Settle();
  Start(definition);
  Settle();
  EXPECT_THAT(watch->names, SizeIs(2));
}

// ABORTED: fenced off. Everything is dropped, streams are closed, nothing is served any more.
TEST_F(LoopFaultsTest, FencedNodeStopsServing) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  store_.AcquireNode(options_.node_id, core::kSecondUs);
  const auto start = Start(definition);
  Settle();
  EXPECT_TRUE(loop_->lost());
  EXPECT_THAT(*start->answer, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(worker.sink->closed.has_value());
  EXPECT_THAT(History(start->id), IsEmpty());
  const auto later = Start(definition);
  Settle();
  EXPECT_THAT(*later->answer, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(LoopFaultsTest, FencedNodeIsNoticedByItsRenewal) {
  Boot();
  store_.AcquireNode(options_.node_id, core::kSecondUs);
  RunFor(4 * core::kSecondUs);
  EXPECT_TRUE(loop_->lost());
}

TEST_F(LoopFaultsTest, RestartFindsEverythingAgain) {
  const auto definition = Define(Simple("a") + "," + Simple("b"));
  Boot();
  const TestWorker first = Connect({"a"}, 1);
  const auto running = Start(definition);
  const auto waiting = Start(definition);
  Settle();
  ASSERT_THAT(first.sink->assignments, SizeIs(1));
  journal_->Crash(false);
  loop_ = nullptr;
  Boot();
  EXPECT_EQ(loop_->state().shards.workflow_count(), 2u);
  const TestWorker again = Connect({"a", "b"}, 5, "w1", {KeyOf(first.sink->assignments[0])});
  Settle();
  ASSERT_THAT(again.sink->assignments, SizeIs(1)) << "the other one; the first is held";
  EXPECT_NE(again.sink->assignments[0].workflow, first.sink->assignments[0].workflow);
  Answer(again, first.sink->assignments[0]);
  Settle();
  EXPECT_THAT(again.sink->receipts, SizeIs(1));
  EXPECT_THAT(again.sink->receipts[0].status, IsOk());
}

// Leases start anew after a recovery, also for workers that never come back.
TEST_F(LoopFaultsTest, TaskOfAWorkerThatNeverComesBackIsLostAfterItsLease) {
  const auto definition = Define(Simple("a"));
  Boot();
  Connect({"a"}, 1, "gone");
  Start(definition);
  Settle();
  journal_->Crash(false);
  loop_ = nullptr;
  Boot();
  const TestWorker other = Connect({"a"}, 1, "w2");
  RunFor(9 * core::kSecondUs);
  EXPECT_THAT(other.sink->assignments, IsEmpty());
  RunFor(5 * core::kSecondUs);
  EXPECT_THAT(other.sink->assignments, SizeIs(1));
}

TEST_F(LoopFaultsTest, CleanStopCommitsAndGivesTheShardsBack) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Tick();
  loop_->BeginStop();
  Settle();
  EXPECT_TRUE(loop_->stopped());
  EXPECT_THAT(*start->answer, IsOk());
  EXPECT_TRUE(worker.sink->closed.has_value());
  const ports::NodeLease other = store_.AcquireNode("other", core::kSecondUs);
  EXPECT_THAT(*store_.TakeShards(other), SizeIs(1));
}

TEST_F(LoopFaultsTest, NodeWithoutALeaseReleasesNone) {
  Boot();
  // Another one, that is told to stop before it begins.
  Loop fresh(options_, Collaborators{*journal_, clock_, metrics_,
                                     [this](std::int64_t id) { return ById(id); }});
  calls_.clear();
  fresh.BeginStop();
  fresh.Tick(clock_.Now());
  EXPECT_TRUE(fresh.stopped());
  EXPECT_EQ(calls_[memory::Call::kReleaseNode], 0);
}

TEST_F(LoopFaultsTest, IdleNodeAsksNothingButTheRenewal) {
  Boot();
  RunFor(10 * kMs);
  calls_.clear();
  RunFor(60 * core::kSecondUs);
  ASSERT_THAT(calls_, SizeIs(1));
  EXPECT_EQ(calls_.begin()->first, memory::Call::kRenewNode);
}

// What is uncommitted is bounded: work waits in the inbox, and the inbox refuses.
TEST_F(LoopFaultsTest, StoreThatIsAwayFillsTheBoundsAndNothingElse) {
  options_.uncommitted_bytes_max = 20'000;
  options_.inbox_max = 50;
  const auto definition = Define(Simple("a"));
  Boot();
  for (int i = 0; i < 12; ++i) commit_fates_.push_back({.kind = Kind::kUnavailable});
  std::vector<std::shared_ptr<StartAnswer>> starts;
  for (int i = 0; i < 400; ++i) {
    starts.push_back(Start(definition));
    if (i % 40 == 0) Tick();
  }
  EXPECT_LT(loop_->state().committer.uncommitted_bytes(), 25'000u);
  RunFor(20 * core::kSecondUs);
  std::size_t begun = 0;
  for (const auto& start : starts) {
    ASSERT_TRUE(start->answer.has_value());
    if (start->answer->ok()) {
      ++begun;
    } else {
      EXPECT_THAT(*start->answer, StatusIs(absl::StatusCode::kResourceExhausted));
    }
  }
  EXPECT_GT(begun, 0u);
  EXPECT_EQ(begun, store_.WorkflowIds().size());
}

}  // namespace
}  // namespace skald::runtime
