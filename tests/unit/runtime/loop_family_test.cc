// Workflows within workflows: starts, ends and requests between them, also when the node loses its
// memory between any two commits.
#include <gtest/gtest.h>

#include "tests/unit/runtime/family_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class LoopFamilyTest : public FamilyFixture {
 protected:
  static constexpr char kWait[] = R"({"name":"w","taskReferenceName":"w","type":"WAIT"})";
};

TEST_F(LoopFamilyTest, ChildRunsInItsParentsSlotAndItsOutputComesBack) {
  const auto child = Define(Simple("a"));
  const auto parent = Define(Sub("d1"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(parent);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  const Assignment& assignment = worker.sink->assignments[0];
  EXPECT_EQ(assignment.workflow, ChildOf(start->id));
  EXPECT_EQ(assignment.workflow.Slot(), start->id.Slot());
  Answer(worker, assignment, core::TaskStatus::kCompleted, R"({"x":1})");
  Settle();
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kCompleted);
  EXPECT_THAT(std::string(Read(start->id)->output.text()), HasSubstr(R"("x":1)"));
  EXPECT_EQ(Read(assignment.workflow)->start.parent, start->id);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  EXPECT_FALSE(store_.Load(assignment.workflow)->parked);
}

TEST_F(LoopFamilyTest, FamilyWithoutWorkersTakesOneCommit) {
  Define(R"({"name":"s","taskReferenceName":"s","type":"SET_VARIABLE"})");
  const auto parent = Define(Sub("d1"));
  options_.batch_workflows_max = 100;
  Boot();
  // The first child's definition is looked up away from the loop.
  const auto first = Start(parent);
  Settle();
  EXPECT_EQ(Read(first->id)->status, core::WorkflowStatus::kCompleted);
}

TEST_F(LoopFamilyTest, UnknownDefinitionFailsTheTask) {
  const auto parent = Define(Sub("nobody"));
  Boot();
  const auto start = Start(parent);
  RunFor(2 * core::kSecondUs);
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kFailed);
  EXPECT_THAT(Read(start->id)->reason,
              HasSubstr("No such workflow defined. name=nobody, version=1"));
}

TEST_F(LoopFamilyTest, FailedChildIsRetriedAsANewOne) {
  Define(Simple("a"));
  const auto parent = Define(Sub("d1"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(parent);
  Settle();
  const core::WorkflowId first = ChildOf(start->id);
  Answer(worker, worker.sink->assignments[0], core::TaskStatus::kFailedWithTerminalError);
  RunFor(2 * core::kSecondUs);
  EXPECT_EQ(Read(first)->status, core::WorkflowStatus::kFailed);
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  EXPECT_NE(worker.sink->assignments[1].workflow, first);
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kCompleted);
}

TEST_F(LoopFamilyTest, TerminatingAParentTerminatesItsDescendants) {
  Define(kWait);
  Define(Sub("d1"));
  const auto parent = Define(Sub("d2"));
  Boot();
  const auto start = Start(parent);
  Settle();
  const core::WorkflowId child = ChildOf(start->id);
  const core::WorkflowId grandchild = ChildOf(child);
  EXPECT_EQ(Read(grandchild)->start.depth, 2);
  Send(start->id, core::TerminateWorkflow{.actor = "ann", .reason = "enough"});
  Settle();
  Settle();
  EXPECT_EQ(Read(child)->status, core::WorkflowStatus::kTerminated);
  EXPECT_EQ(Read(child)->reason, "Parent workflow has been terminated with reason: enough");
  EXPECT_EQ(Read(grandchild)->status, core::WorkflowStatus::kTerminated);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  for (const core::WorkflowId& id : {start->id, child, grandchild}) {
    EXPECT_FALSE(store_.Load(id)->parked);
  }
}

TEST_F(LoopFamilyTest, FamilyThatOnlyWaitsLeavesMemoryAndComesBack) {
  Define(kWait);
  Define(Sub("d1"));
  const auto parent = Define(Sub("d2"));
  Boot();
  const auto start = Start(parent);
  Settle();
  Settle();
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  const core::WorkflowId grandchild = ChildOf(ChildOf(start->id));
  Send(grandchild, core::SignalWorkflow{.payload = core::Payload(R"({"y":2})"), .actor = "me"});
  Settle();
  Settle();
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kCompleted);
  EXPECT_THAT(std::string(Read(start->id)->output.text()), HasSubstr(R"("y":2)"));
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
}

// Each decision in a batch of its own, and the memory lost at each commit in turn.
TEST_F(LoopFamilyTest, MemoryLostAtAnyCommitOfAFamilyLosesNothing) {
  for (int commit = 1; commit <= 12; ++commit) {
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
    LoseMemoryAt(commit);
    const auto start = Start(definitions_[2], std::nullopt, true);
    std::size_t answered = 0;
    for (int i = 0; i < 40; ++i) {
      RunFor(500 * core::kMillisecondUs);
      if (!store_.Load(start->id).has_value()) Start(definitions_[2], start->id, true);
      // A worker sends again what was not recorded.
      for (const Receipt& receipt : std::exchange(worker.sink->receipts, {})) {
        if (receipt.status.ok()) continue;
        for (const Assignment& assignment : worker.sink->assignments) {
          if (KeyOf(assignment) == receipt.task) Answer(worker, assignment);
        }
      }
      while (answered < worker.sink->assignments.size()) {
        Answer(worker, worker.sink->assignments[answered++]);
      }
    }
    EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kCompleted)
        << ::testing::PrintToString(HistoryNames(start->id));
    EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
    const core::WorkflowId child = ChildOf(start->id);
    for (const core::WorkflowId& id : {start->id, child, ChildOf(child)}) {
      EXPECT_EQ(Read(id)->status, core::WorkflowStatus::kCompleted)
          << ::testing::PrintToString(HistoryNames(id));
      EXPECT_FALSE(store_.Load(id)->parked);
    }
  }
}

TEST_F(LoopFamilyTest, EndedParentStillOwesItsChildrenTheirEnd) {
  Define(kWait);
  const auto parent = Define(Sub("d1"));
  options_.batch_workflows_max = 1;
  Boot();
  const auto start = Start(parent);
  Settle();
  Settle();
  const core::WorkflowId child = ChildOf(start->id);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
  // The parent's end is stored, the child's is lost.
  LoseMemoryAt(2);
  Send(start->id, core::TerminateWorkflow{.actor = "ann", .reason = "enough"});
  RunFor(5 * core::kSecondUs);
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kTerminated);
  EXPECT_EQ(Read(child)->status, core::WorkflowStatus::kTerminated);
  EXPECT_FALSE(store_.Load(start->id)->parked);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0u);
}

// No worker holds a step that another workflow carries out: none can be lost.
TEST_F(LoopFamilyTest, ParentThatIsLoadedGivesItsChildAllTheTimeItTakes) {
  Define(Simple("a"));
  const auto parent = Define(Sub("d1"));
  Boot();
  const auto start = Start(parent);
  Settle();
  loop_.reset();
  options_.node_id = "second";
  clock_.Set(clock_.Now() + options_.node_lease_us);
  Boot();
  RunFor(4 * options_.default_task_lease_us);
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  EXPECT_THAT(HistoryNames(start->id), Not(Contains("TaskCancelRequested")));
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kCompleted);
}

// saga.md 2.8, E5: visible above, also past a workflow that is no saga itself.
TEST_F(LoopFamilyTest, ParkedGrandchildParksTheSagaAboveAPlainChild) {
  Define(absl::StrCat(Simple("a", R"(,"compensateWith":"u")"), ",", Simple("b")),
         R"(,"saga":{"undeclared":"READ_ONLY","compensation":{"retryCount":0}})");
  Define(Sub("d1", R"(,"retryCount":0)"));
  const auto parent =
      Define(Sub("d2", R"(,"retryCount":0)"), R"(,"saga":{"undeclared":"READ_ONLY"})");
  Boot();
  const TestWorker worker = Connect({"a", "b", "u"}, 1);
  const auto start = Start(parent);
  const auto answer_next = [&](core::TaskStatus status) {
    Settle();
    Settle();
    const std::vector<Assignment> assignments = std::exchange(worker.sink->assignments, {});
    ASSERT_THAT(assignments, SizeIs(1));
    Answer(worker, assignments[0], status);
    Settle();
    Settle();
  };
  answer_next(core::TaskStatus::kCompleted);
  answer_next(core::TaskStatus::kFailedWithTerminalError);
  answer_next(core::TaskStatus::kFailedWithTerminalError);
  const core::WorkflowId child = ChildOf(start->id);
  const core::WorkflowId grandchild = ChildOf(child);
  EXPECT_EQ(Read(grandchild)->saga_status, core::SagaStatus::kParked);
  EXPECT_EQ(Read(child)->saga_status, core::SagaStatus::kNone);
  EXPECT_EQ(Read(start->id)->saga_status, core::SagaStatus::kParked);

  Send(grandchild,
       core::OperateSaga{.verb = core::Verb::kRetry, .actor = "ann", .reason = "it is back"});
  answer_next(core::TaskStatus::kCompleted);
  EXPECT_EQ(Read(grandchild)->saga_status, core::SagaStatus::kCompensated);
  EXPECT_EQ(Read(child)->status, core::WorkflowStatus::kFailed);
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kFailed);
  EXPECT_THAT(HistoryNames(start->id), Contains("SagaResumed"));
}

TEST_F(LoopFamilyTest, StartWorkflowBeginsAnotherAndGoesOn) {
  Define(kWait);
  const auto starter =
      Define(R"({"name":"s","taskReferenceName":"s","type":"START_WORKFLOW","inputParameters":{)"
             R"("startWorkflow":{"name":"d1","version":1,"input":{"k":1}}}})");
  Boot();
  const auto start = Start(starter);
  Settle();
  Settle();
  EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kCompleted);
  const core::WorkflowId started = ChildOf(start->id);
  EXPECT_THAT(std::string(Read(start->id)->output.text()), HasSubstr(started.ToString()));
  EXPECT_EQ(Read(started)->status, core::WorkflowStatus::kRunning);
  EXPECT_TRUE(Read(started)->start.parent.is_nil());
  EXPECT_EQ(Read(started)->start.input.text(), R"({"k":1})");
}

// conductor.md 3.12.
TEST_F(LoopFamilyTest, StartWorkflowWithAKeyInUseGivesTheWorkflowThatHasIt) {
  Define(kWait);
  const auto starter =
      Define(R"({"name":"s","taskReferenceName":"s","type":"START_WORKFLOW","inputParameters":{)"
             R"("startWorkflow":{"name":"d1","version":1,"idempotencyKey":"k"}}})");
  Boot();
  const auto first = Start(starter);
  Settle();
  const auto second = Start(starter);
  Settle();
  const core::WorkflowId begun = ChildOf(first->id);
  EXPECT_EQ(Read(begun)->start.idempotency_key, "k");
  EXPECT_THAT(std::string(Read(second->id)->output.text()), HasSubstr(begun.ToString()));
  EXPECT_FALSE(store_.Load(ChildOf(second->id)).has_value());
}

TEST_F(LoopFamilyTest, SubWorkflowWithAKeyInUseFailsUntilThatOneHasEnded) {
  Define(kWait);
  const auto parent =
      Define(R"({"name":"sub","taskReferenceName":"sub","type":"SUB_WORKFLOW","retryCount":0,)"
             R"("subWorkflowParam":{"name":"d1","version":1,"idempotencyKey":"k",)"
             R"("idempotencyStrategy":"FAIL_ON_RUNNING"}})");
  Boot();
  const auto first = Start(parent);
  Settle();
  const core::WorkflowId child = ChildOf(first->id);
  const auto second = Start(parent);
  Settle();
  EXPECT_EQ(Read(second->id)->status, core::WorkflowStatus::kFailed);
  EXPECT_THAT(Read(second->id)->reason, HasSubstr("which has not ended"));
  Send(child, core::SignalWorkflow{.actor = "test"});
  Settle();
  EXPECT_EQ(Read(first->id)->status, core::WorkflowStatus::kCompleted);
  const auto third = Start(parent);
  Settle();
  EXPECT_EQ(Read(third->id)->status, core::WorkflowStatus::kRunning);
  EXPECT_EQ(Read(ChildOf(third->id))->start.idempotency_key, "k");
}

TEST_F(LoopFamilyTest, ChildWithAKeyIsStartedOnceWhereverTheMemoryIsLost) {
  for (int commit = 1; commit <= 3; ++commit) {
    SCOPED_TRACE(commit);
    Define(kWait);
    const auto parent = Define(absl::StrCat(
        R"({"name":"sub","taskReferenceName":"sub","type":"SUB_WORKFLOW","subWorkflowParam":{)",
        R"("name":"d)", definitions_.size(), R"(","version":1,"idempotencyKey":"k)", commit,
        R"(","idempotencyStrategy":"FAIL"}})"));
    if (loop_ == nullptr) Boot();
    LoseMemoryAt(commit);
    const auto start = Start(parent);
    RunFor(5 * core::kSecondUs);
    if (!store_.Load(start->id).has_value()) continue;  // the start itself was lost
    EXPECT_EQ(Read(start->id)->status, core::WorkflowStatus::kRunning);
    EXPECT_EQ(Read(ChildOf(start->id))->status, core::WorkflowStatus::kRunning);
  }
}

TEST_F(LoopFamilyTest, ChildWaitsForRoomInTheQueues) {
  const auto one = Define(Simple("a"));
  const auto parent = Define(Sub("d1", R"(,"startDelay":1)"));
  options_.queued_tasks_max = 1;
  Boot();
  const auto start = Start(parent);
  Settle();
  Start(one);
  RunFor(2 * core::kSecondUs);
  EXPECT_FALSE(store_.Load(ChildOf(start->id)).has_value());
  EXPECT_THAT(metrics_.refused, Contains("queued_tasks_max"));
  const TestWorker worker = Connect({"a"}, 2);
  RunFor(core::kSecondUs);
  EXPECT_THAT(worker.sink->assignments, SizeIs(2));
  EXPECT_EQ(worker.sink->assignments[1].workflow, ChildOf(start->id));
}

}  // namespace
}  // namespace skald::runtime
