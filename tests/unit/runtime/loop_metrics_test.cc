// What the loop tells the metrics.
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr core::DurationUs kSecond = core::kSecondUs;

class LoopMetricsTest : public LoopFixture {
 protected:
  // Until the next sample.
  void Sample() { RunFor(2 * kSecond); }

  // A saga whose undo fails until a person is needed.
  core::WorkflowId Park() {
    const auto definition = Define(Simple("a", R"(,"compensateWith":"undo_a")") + "," +
                                       Simple("b", R"(,"compensateWith":"undo_b")"),
                                   R"(,"saga":{"compensation":{"retryCount":0}})");
    const TestWorker worker = Connect({"a", "b", "undo_a"}, 10);
    const auto start = Start(definition);
    Settle();
    std::size_t answered = 0;
    for (int second = 0; second < 10; ++second) {
      for (; answered < worker.sink->assignments.size(); ++answered) {
        const Assignment& assignment = worker.sink->assignments[answered];
        const bool first = assignment.task_type == "a";
        Answer(worker, assignment,
               first ? core::TaskStatus::kCompleted : core::TaskStatus::kFailedWithTerminalError);
      }
      RunFor(kSecond);
    }
    loop_->Detach(worker.session);
    return start->id;
  }
};

TEST_F(LoopMetricsTest, OpenWorkflowsAreCountedByStatus) {
  const auto definition = Define(Simple("a"));
  Boot();
  const auto first = Start(definition);
  const auto second = Start(definition);
  Settle();
  Send(second->id, core::PauseWorkflow{});
  Sample();
  EXPECT_EQ(metrics_.open, (ports::OpenWorkflows{.running = 1, .paused = 1}));
  Send(second->id, core::ResumeWorkflow{});
  Sample();
  EXPECT_EQ(metrics_.open, (ports::OpenWorkflows{.running = 2}));
  Send(first->id, core::TerminateWorkflow{});
  Sample();
  EXPECT_EQ(metrics_.open, (ports::OpenWorkflows{.running = 1}));
}

TEST_F(LoopMetricsTest, AbandonedSagaIsParkedNoLonger) {
  Boot();
  const core::WorkflowId id = Park();
  Sample();
  ASSERT_EQ(store_.AllWorkflows()[0].saga_status, core::SagaStatus::kParked);
  EXPECT_EQ(metrics_.open, (ports::OpenWorkflows{.paused = 1, .sagas_parked = 1}));
  const auto abandoned = Send(
      id, core::OperateSaga{.verb = core::Verb::kAbandon, .actor = "ann", .reason = "given up"});
  Sample();
  EXPECT_THAT(**abandoned, IsOk());
  EXPECT_EQ(metrics_.open, ports::OpenWorkflows());
}

TEST_F(LoopMetricsTest, RestartFindsTheCountsAgain) {
  Boot();
  const core::WorkflowId id = Park();
  Start(Define(Simple("c")));
  Start(Define(R"({"name":"w","taskReferenceName":"w","type":"WAIT",)"
               R"("inputParameters":{"duration":"1 h"}})"));
  Sample();
  const ports::OpenWorkflows before{.running = 2, .paused = 1, .sagas_parked = 1};
  EXPECT_EQ(metrics_.open, before);
  journal_->Crash(true);
  loop_ = nullptr;
  metrics_.open = {};
  Boot();
  Sample();
  EXPECT_EQ(metrics_.open, before);
  Send(id, core::OperateSaga{.verb = core::Verb::kAbandon, .actor = "ann", .reason = "given up"});
  Sample();
  EXPECT_EQ(metrics_.open, (ports::OpenWorkflows{.running = 2}));
}

// What was decided and lost is not counted: the store says what there is.
TEST_F(LoopMetricsTest, CommitThatWasLostLeavesNoCount) {
  const auto definition = Define(Simple("a"));
  Boot();
  Start(definition);
  Settle();
  commit_fates_.push_back({.kind = memory::Fate::Kind::kUnknownLost, .answered_after_us = 1'000});
  Start(definition);
  Sample();
  EXPECT_EQ(metrics_.open, (ports::OpenWorkflows{.running = 1}));
}

// The queues of a type differ by namespace and domain; its metric is one.
TEST_F(LoopMetricsTest, QueuesOfATypeAreAddedUp) {
  const auto definition = Define(Simple("a"));
  Boot();
  for (int i = 0; i < 3; ++i) Start(definition);
  WorkerHello hello{.name_space = "default", .worker_id = "w", .incarnation = "w"};
  hello.task_types = {{"a", "eu", true}, {"a", "us", true}};
  EXPECT_THAT(loop_->Attach(hello, std::make_shared<RecordingSink>()), IsOk());
  RunFor(10 * kSecond);
  ASSERT_THAT(loop_->state().matcher.queues(), SizeIs(3));
  ASSERT_THAT(metrics_.queues, SizeIs(1));
  EXPECT_EQ(metrics_.queues[0].first, "a");
  EXPECT_EQ(metrics_.queues[0].second.depth, 3u);
  EXPECT_GE(metrics_.queues[0].second.oldest_us, 8 * kSecond);
}

// Neither the wait for a worker nor the one for the next attempt is the step's.
TEST_F(LoopMetricsTest, StepTakesFromTheStartOfItsAttemptToItsEnd) {
  const auto definition = Define(Simple("a"));
  Boot();
  Start(definition);
  RunFor(5 * kSecond);
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  RunFor(2 * kSecond);
  Answer(worker, worker.sink->assignments[0], core::TaskStatus::kFailed);
  RunFor(3 * kSecond);
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  ASSERT_THAT(metrics_.ended, SizeIs(2));
  EXPECT_NEAR(static_cast<double>(metrics_.ended[0].second.value_or(0)), 2.0 * kSecond,
              0.1 * kSecond);
  EXPECT_NEAR(static_cast<double>(metrics_.ended[1].second.value_or(0)), 2.0 * kSecond,
              0.1 * kSecond);
}

TEST_F(LoopMetricsTest, StepThatWasNeverStartedTakesNoTime) {
  const auto definition = Define(Simple("a"));
  Boot();
  const auto start = Start(definition);
  Settle();
  Send(start->id, core::TerminateWorkflow{});
  Settle();
  EXPECT_THAT(metrics_.ended, ElementsAre(Pair("a", std::nullopt)));
}

}  // namespace
}  // namespace skald::runtime
