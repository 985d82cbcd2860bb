// Workflows that have ended go on: they come back from the store, and families agree about it, also
// when the node loses its memory between any two commits.
#include <gtest/gtest.h>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::testing::SizeIs;

class LoopReopenTest : public LoopFixture {
 protected:
  static std::string Sub(const std::string& name) {
    return absl::StrCat(R"({"name":"sub","taskReferenceName":"sub","type":"SUB_WORKFLOW",)",
                        R"("retryCount":0,"subWorkflowParam":{"name":")", name,
                        R"(","version":1}})");
  }

  std::shared_ptr<const core::State> Read(const core::WorkflowId& id) {
    auto folded = Fold(*store_.Load(id), [this](std::int64_t number) { return ById(number); });
    EXPECT_THAT(folded, IsOk());
    return std::make_shared<const core::State>((*folded)->state);
  }
  core::WorkflowStatus StatusOf(const core::WorkflowId& id) { return Read(id)->status; }
  core::WorkflowId ChildOf(const core::WorkflowId& parent) {
    core::WorkflowId child;
    const auto state = Read(parent);
    for (const core::Task& task : state->tasks) {
      if (!task.child.is_nil()) child = task.child;
    }
    return child;
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
  void LoseMemoryAt(int commit) {
    for (int i = 1; i < commit; ++i) {
      commit_fates_.push_back({.carried_out_after_us = 500, .answered_after_us = 1'000});
    }
    commit_fates_.push_back({.kind = memory::Fate::Kind::kUnknownLost, .answered_after_us = 1'000});
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
    commit_fates_.clear();
    loop_.reset();
    if (definitions_.empty()) {
      Define(Simple("a"));
      Define(Sub("d1"));
      Define(Sub("d2"));
    }
    options_.batch_workflows_max = 1;
    Boot();
    const TestWorker worker = Connect({"a"}, 1, absl::StrCat("w", commit));
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
    commit_fates_.clear();
    loop_.reset();
    if (definitions_.empty()) {
      Define(Simple("a"));
      Define(Sub("d1"));
      Define(Sub("d2"));
    }
    options_.batch_workflows_max = 1;
    Boot();
    const TestWorker worker = Connect({"a"}, 1, absl::StrCat("w", commit));
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

}  // namespace
}  // namespace skald::runtime
