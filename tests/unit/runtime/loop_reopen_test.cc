// Workflows that have ended go on: they come back from the store, and families agree about it, also
// when the node loses its memory between any two commits.
#include <gtest/gtest.h>

#include "tests/unit/runtime/family_fixture.h"

namespace skald::runtime {
namespace {

using ::testing::SizeIs;

class LoopReopenTest : public FamilyFixture {
 protected:
  core::WorkflowStatus StatusOf(const core::WorkflowId& id) { return Read(id)->status; }
  // A new node, each decision in a batch of its own, and a worker for the innermost of three
  // workflows within one another.
  TestWorker BootAnew(int round) {
    commit_fates_.clear();
    loop_.reset();
    if (definitions_.empty()) {
      Define(Simple("a"));
      Define(SubOnce("d1"));
      Define(SubOnce("d2"));
    }
    options_.batch_workflows_max = 1;
    Boot();
    return Connect({"a"}, 1, absl::StrCat("w", round));
  }
  // A worker sends its newest task's result again while it is not recorded.
  void AnswerUntilRecorded(const TestWorker& worker) {
    for (int i = 0; i < 4; ++i) {
      worker.sink->receipts.clear();
      Answer(worker, worker.sink->assignments.back());
      RunFor(5 * core::kSecondUs);
      const std::vector<Receipt>& receipts = worker.sink->receipts;
      if (!receipts.empty() && receipts.back().status.ok()) return;
    }
    ADD_FAILURE() << "the result was never recorded";
  }
};

TEST_F(LoopReopenTest, RestartBringsAnEndedWorkflowBackFromTheStore) {
  const auto definition = Define(Simple("a"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  ASSERT_EQ(StatusOf(start->id), core::WorkflowStatus::kCompleted);
  ASSERT_EQ(loop_->state().shards.workflow_count(), 0u);
  Send(start->id, core::RestartWorkflow{.actor = "ann", .reason = "again"});
  Settle();
  EXPECT_EQ(StatusOf(start->id), core::WorkflowStatus::kRunning);
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  EXPECT_NE(worker.sink->assignments[1].step_key, worker.sink->assignments[0].step_key);
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  EXPECT_EQ(StatusOf(start->id), core::WorkflowStatus::kCompleted);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
}

// The deepest one is retried, all above wait for it again; the memory is lost at each commit in
// turn.
TEST_F(LoopReopenTest, RetryDownAFamilySurvivesTheLossOfMemoryAtAnyCommit) {
  for (int commit = 1; commit <= 8; ++commit) {
    SCOPED_TRACE(commit);
    const TestWorker worker = BootAnew(commit);
    const auto start = Start(definitions_[2], std::nullopt, true);
    RunFor(core::kSecondUs);
    ASSERT_THAT(worker.sink->assignments, SizeIs(1));
    Answer(worker, worker.sink->assignments[0], core::TaskStatus::kFailedWithTerminalError);
    RunFor(core::kSecondUs);
    const core::WorkflowId child = ChildOf(start->id);
    const core::WorkflowId grandchild = ChildOf(child);
    ASSERT_EQ(StatusOf(start->id), core::WorkflowStatus::kFailed);
    LoseMemoryAt(commit);
    for (int i = 0; i < 6 && StatusOf(start->id) == core::WorkflowStatus::kFailed; ++i) {
      Send(start->id,
           core::RetryWorkflow{.actor = "ann", .reason = "mended", .resume_sub_workflows = true});
      RunFor(5 * core::kSecondUs);
    }
    EXPECT_EQ(ChildOf(start->id), child);
    EXPECT_EQ(ChildOf(child), grandchild);
    for (const core::WorkflowId& id : {start->id, child, grandchild}) {
      EXPECT_EQ(StatusOf(id), core::WorkflowStatus::kRunning)
          << ::testing::PrintToString(HistoryNames(id));
    }
    AnswerUntilRecorded(worker);
    for (const core::WorkflowId& id : {start->id, child, grandchild}) {
      EXPECT_EQ(StatusOf(id), core::WorkflowStatus::kCompleted)
          << ::testing::PrintToString(HistoryNames(id));
    }
  }
}

TEST_F(LoopReopenTest, ReopeningAChildReopensItsParentsAtAnyCommit) {
  for (int commit = 1; commit <= 8; ++commit) {
    SCOPED_TRACE(commit);
    const TestWorker worker = BootAnew(commit);
    const auto start = Start(definitions_[2], std::nullopt, true);
    RunFor(core::kSecondUs);
    ASSERT_THAT(worker.sink->assignments, SizeIs(1));
    Answer(worker, worker.sink->assignments[0]);
    RunFor(core::kSecondUs);
    const core::WorkflowId child = ChildOf(start->id);
    const core::WorkflowId grandchild = ChildOf(child);
    ASSERT_EQ(StatusOf(start->id), core::WorkflowStatus::kCompleted);
    LoseMemoryAt(commit);
    for (int i = 0; i < 6 && StatusOf(grandchild) == core::WorkflowStatus::kCompleted; ++i) {
      Send(grandchild, core::RestartWorkflow{.actor = "ann", .reason = "again"});
      RunFor(5 * core::kSecondUs);
    }
    for (const core::WorkflowId& id : {start->id, child, grandchild}) {
      EXPECT_EQ(StatusOf(id), core::WorkflowStatus::kRunning)
          << ::testing::PrintToString(HistoryNames(id));
    }
    AnswerUntilRecorded(worker);
    for (const core::WorkflowId& id : {start->id, child, grandchild}) {
      EXPECT_EQ(StatusOf(id), core::WorkflowStatus::kCompleted)
          << ::testing::PrintToString(HistoryNames(id));
    }
  }
}

// A re-opened workflow forgets that it failed: its failure workflow would be lost with the memory.
TEST_F(LoopReopenTest, NotBeforeTheFailureWorkflowIsStarted) {
  const auto care = Define(Simple("a"));
  const auto failing = Define(Simple("b"), R"(,"failureWorkflow":"d1")");
  options_.queued_tasks_max = 1;
  Boot();
  const TestWorker first = Connect({"b"}, 1);
  const auto start = Start(failing);
  Settle();
  ASSERT_THAT(first.sink->assignments, SizeIs(1));
  Start(care);
  Settle();
  Answer(first, first.sink->assignments[0], core::TaskStatus::kFailedWithTerminalError);
  RunFor(2 * core::kSecondUs);
  ASSERT_EQ(StatusOf(start->id), core::WorkflowStatus::kFailed);
  const core::WorkflowId owed = Read(start->id)->failure_workflow;
  ASSERT_FALSE(store_.Load(owed).has_value());
  const auto refused = Send(start->id, core::RestartWorkflow{.actor = "ann", .reason = "again"});
  Settle();
  ASSERT_TRUE(refused->has_value());
  EXPECT_THAT((*refused)->status(), ::skald::testing::StatusIs(absl::StatusCode::kUnavailable));
  const TestWorker second = Connect({"a"}, 2);
  RunFor(core::kSecondUs);
  EXPECT_TRUE(store_.Load(owed).has_value());
  Send(start->id, core::RestartWorkflow{.actor = "ann", .reason = "again"});
  Settle();
  EXPECT_EQ(StatusOf(start->id), core::WorkflowStatus::kRunning);
}

}  // namespace
}  // namespace skald::runtime
