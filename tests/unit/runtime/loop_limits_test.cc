// Limits of task definitions at a whole loop: over workers, recoveries, changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class LoopLimitsTest : public LoopFixture {
 protected:
  void Limit(const std::string& task, const core::TaskLimits& limits) {
    auto table = std::make_shared<TaskLimitTable>();
    (*table)["default"][task] = limits;
    limits_ = table;
    if (loop_ != nullptr) loop_->SetTaskLimits(limits_);
  }
  void Restart() {
    loop_.reset();
    Boot();
    loop_->SetTaskLimits(limits_);
    Settle();
  }
  void StartMany(int count, const std::shared_ptr<const core::Definition>& definition) {
    for (int i = 0; i < count; ++i) Start(definition);
    Settle();
  }
  EngineStats StatsNow() {
    EngineStats stats;
    loop_->Stats([&](absl::StatusOr<EngineStats> answer) { stats = *answer; });
    Tick();
    return stats;
  }

  TaskLimits limits_;
};

TEST_F(LoopLimitsTest, LimitHoldsOverAllWorkers) {
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.places = 3});
  const TestWorker one = Connect({"a"}, 10, "w1");
  const TestWorker two = Connect({"a"}, 10, "w2");
  StartMany(8, definition);
  EXPECT_EQ(one.sink->assignments.size() + two.sink->assignments.size(), 3u);
  const EngineStats stats = StatsNow();
  ASSERT_THAT(stats.limits, SizeIs(1));
  EXPECT_EQ(stats.limits[0].in_progress, 3u);
  EXPECT_EQ(stats.limits[0].waiting_for_place, 5u);
  EXPECT_EQ(stats.queues[0].depth, 5u);
  EXPECT_EQ(stats.queues[0].held, 5u);
  // A place that gets free is taken in the same commit as the result that frees it.
  const std::size_t before = one.sink->assignments.size() + two.sink->assignments.size();
  Answer(one, one.sink->assignments[0]);
  RunFor(2 * kCommitUs);
  EXPECT_EQ(one.sink->assignments.size() + two.sink->assignments.size(), before + 1);
}

TEST_F(LoopLimitsTest, OtherTypesOfTheSameWorkerAreNotHeldUp) {
  const auto limited = Define(Simple("a"));
  const auto free = Define(Simple("b"));
  Boot();
  Limit("a", {.places = 1});
  const TestWorker worker = Connect({"a", "b"}, 10);
  StartMany(3, limited);
  StartMany(3, free);
  EXPECT_THAT(worker.sink->assignments, SizeIs(4));
}

TEST_F(LoopLimitsTest, TasksInProgressAreCountedAgainAfterARestart) {
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.places = 2});
  const TestWorker before = Connect({"a"}, 10, "w1");
  StartMany(5, definition);
  ASSERT_THAT(before.sink->assignments, SizeIs(2));
  Restart();
  const TestWorker after = Connect({"a"}, 10, "w2");
  Settle();
  EXPECT_THAT(after.sink->assignments, IsEmpty()) << "w1 may still be at work";
  // w1 comes back with one of them, and answers it.
  const TestWorker again = Connect({"a"}, 0, "w1", {KeyOf(before.sink->assignments[0])});
  Answer(again, before.sink->assignments[0]);
  Settle();
  EXPECT_THAT(after.sink->assignments, SizeIs(1));
}

TEST_F(LoopLimitsTest, LostLeaseAndRetryKeepTheBound) {
  options_.default_task_lease_us = 5 * core::kSecondUs;
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.places = 1});
  const TestWorker silent = Connect({"a"}, 1, "w1");
  StartMany(2, definition);
  ASSERT_THAT(silent.sink->assignments, SizeIs(1));
  const TestWorker other = Connect({"a"}, 10, "w2");
  Settle();
  EXPECT_THAT(other.sink->assignments, IsEmpty());
  RunFor(5 * core::kSecondUs);
  // The place of the lost attempt went to the second workflow; the retry waits for it.
  ASSERT_THAT(other.sink->assignments, SizeIs(1));
  RunFor(3 * core::kSecondUs);
  ASSERT_THAT(other.sink->assignments, SizeIs(1));
  Answer(other, other.sink->assignments[0]);
  Settle();
  ASSERT_THAT(other.sink->assignments, SizeIs(2));
  EXPECT_EQ(other.sink->assignments[1].attempt, 2);
}

TEST_F(LoopLimitsTest, EndedWorkflowGivesItsPlaceBack) {
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.places = 1});
  const TestWorker worker = Connect({"a"}, 10);
  StartMany(2, definition);
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  Send(worker.sink->assignments[0].workflow, core::TerminateWorkflow{.actor = "me"});
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(2));
}

TEST_F(LoopLimitsTest, TaskThatIsGivenBackGivesItsPlaceBack) {
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.places = 1});
  const TestWorker worker = Connect({"a"}, 10);
  StartMany(2, definition);
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  const Assignment first = worker.sink->assignments[0];
  loop_->Report(worker.session, {{KeyOf(first),
                                  {.task = first.task,
                                   .fence = first.fence,
                                   .status = core::TaskStatus::kInProgress,
                                   .callback_after_us = 3 * core::kSecondUs}}});
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  EXPECT_NE(worker.sink->assignments[1].workflow, first.workflow);
  RunFor(3 * core::kSecondUs);
  EXPECT_THAT(worker.sink->assignments, SizeIs(2)) << "it waits for the place again";
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(3));
  EXPECT_EQ(worker.sink->assignments[2].workflow, first.workflow);
}

TEST_F(LoopLimitsTest, ChangeOfALimitHoldsAtOnce) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 4);
  StartMany(9, definition);
  ASSERT_THAT(worker.sink->assignments, SizeIs(4)) << "no limit, four credits";
  Limit("a", {.places = 2});
  Answer(worker, worker.sink->assignments[0]);
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(4)) << "those before it count";
  Answer(worker, worker.sink->assignments[2]);
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(5));
  Limit("a", {.places = 3});
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(6));
  Limit("b", {.places = 1});
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(7)) << "only the credits bound it";
}

TEST_F(LoopLimitsTest, KeyIsReadFromTheInput) {
  const auto definition =
      Define(Simple("a", R"(,"inputParameters":{"customer":{"id":"${workflow.input.c}"}})"));
  Boot();
  Limit("a", {.places_per_key = 1, .key = "customer.id"});
  const TestWorker worker = Connect({"a"}, 10);
  for (const char* customer : {"1", "1", "2", "\"1\"", "null", "null"}) {
    loop_->Start(
        {.name_space = "default",
         .definition = definition,
         .start = {.id = NewId(), .input = core::Payload(absl::StrCat(R"({"c":)", customer, "}"))}},
        [](const absl::StatusOr<Started>& answer) { ASSERT_TRUE(answer.ok()); });
  }
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(5)) << "only the second 1 waits";
  const EngineStats stats = StatsNow();
  ASSERT_THAT(stats.limits, SizeIs(1));
  EXPECT_EQ(stats.limits[0].waiting_for_key, 1u);
  EXPECT_EQ(stats.limits[0].keys, 3u);
}

TEST_F(LoopLimitsTest, RateHoldsOverAnyWindow) {
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.starts = 3, .window_us = 2 * core::kSecondUs});
  const TestWorker worker = Connect({"a"}, 100);
  std::vector<core::WorkflowId> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(Start(definition)->id);
    RunFor(130 * core::kMillisecondUs);
  }
  std::size_t answered = 0;
  for (int i = 0; i < 200 && answered < 20; ++i) {
    RunFor(100 * core::kMillisecondUs);
    while (answered < worker.sink->assignments.size()) {
      Answer(worker, worker.sink->assignments[answered++]);
    }
  }
  std::vector<core::TimeUs> starts;
  for (const core::WorkflowId& id : ids) {
    for (const core::Event& event : History(id)) {
      if (std::holds_alternative<core::TaskStarted>(event.body)) starts.push_back(event.at);
    }
  }
  ASSERT_THAT(starts, SizeIs(20));
  std::sort(starts.begin(), starts.end());
  for (std::size_t i = 3; i < starts.size(); ++i) {
    EXPECT_GE(starts[i] - starts[i - 3], 2 * core::kSecondUs);
    EXPECT_LE(starts[i] - starts[i - 3], 2 * core::kSecondUs + 5 * core::kMillisecondUs)
        << "no longer than needed";
  }
}

TEST_F(LoopLimitsTest, RateHoldsAcrossARestart) {
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.starts = 2, .window_us = 5 * core::kSecondUs});
  const TestWorker before = Connect({"a"}, 10, "w1");
  StartMany(4, definition);
  ASSERT_THAT(before.sink->assignments, SizeIs(2));
  Restart();
  const TestWorker after = Connect({"a"}, 10, "w2");
  RunFor(4'800 * core::kMillisecondUs);
  EXPECT_THAT(after.sink->assignments, IsEmpty());
  RunFor(400 * core::kMillisecondUs);
  EXPECT_THAT(after.sink->assignments, SizeIs(2));
}

TEST_F(LoopLimitsTest, UnknownOutcomeOfACommitDoesNotLoseAPlace) {
  const auto definition = Define(Simple("a"));
  Boot();
  Limit("a", {.places = 2});
  const TestWorker worker = Connect({"a"}, 10);
  StartMany(2, definition);
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  commit_fates_.push_back({.kind = memory::Fate::Kind::kUnknownWritten,
                           .carried_out_after_us = kCommitUs / 2,
                           .answered_after_us = kCommitUs});
  StartMany(3, definition);
  RunFor(core::kSecondUs);
  std::set<std::pair<core::WorkflowId, core::TaskNumber>> held;
  for (const Assignment& one : worker.sink->assignments) held.emplace(one.workflow, one.task);
  EXPECT_THAT(held, SizeIs(2));
}

}  // namespace
}  // namespace skald::runtime
