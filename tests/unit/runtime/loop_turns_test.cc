// Workflows that wait for their turn, at a whole loop (conductor.md 1.2, rateLimitConfig).
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LoopTurnsTest : public LoopFixture {
 protected:
  std::shared_ptr<const core::Definition> DefineLimited(int limit, const std::string& more = "") {
    return Define(Simple("a"), absl::StrCat(R"(,"rateLimitConfig":{"rateLimitKey":)",
                                            R"("${workflow.input.k}","concurrentExecLimit":)",
                                            limit, more, "}"));
  }
  core::WorkflowId StartWith(const std::shared_ptr<const core::Definition>& definition,
                             const std::string& key) {
    const core::WorkflowId id = NewId();
    loop_->Start({.name_space = "default",
                  .definition = definition,
                  .start = {.id = id, .input = core::Payload(R"({"k":")" + key + R"("})")}},
                 [this](const absl::StatusOr<Started>& answer) { answers_.push_back(answer); });
    Settle();
    return id;
  }
  static std::vector<core::WorkflowId> Assigned(const TestWorker& worker) {
    std::vector<core::WorkflowId> ids;
    for (const Assignment& one : worker.sink->assignments) ids.push_back(one.workflow);
    return ids;
  }
  std::vector<absl::StatusOr<Started>> answers_;
};

TEST_F(LoopTurnsTest, OneTooManyWaitsForItsTurnInOrder) {
  const auto definition = DefineLimited(2);
  Boot();
  const TestWorker worker = Connect({"a"}, 100);
  std::vector<core::WorkflowId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(StartWith(definition, "x"));
  const core::WorkflowId other = StartWith(definition, "y");
  EXPECT_THAT(answers_, SizeIs(6)) << "all have begun";
  EXPECT_THAT(Assigned(worker), ElementsAre(ids[0], ids[1], other));
  Answer(worker, worker.sink->assignments[1]);
  RunFor(2 * kCommitUs);
  EXPECT_THAT(Assigned(worker), ElementsAre(ids[0], ids[1], other, ids[2]));
  Answer(worker, worker.sink->assignments[0]);
  Answer(worker, worker.sink->assignments[3]);
  Settle();
  EXPECT_THAT(Assigned(worker), ElementsAre(ids[0], ids[1], other, ids[2], ids[3], ids[4]));
}

TEST_F(LoopTurnsTest, LineOutlivesARestart) {
  const auto definition = DefineLimited(1);
  Boot();
  const TestWorker before = Connect({"a"}, 100, "w1");
  const core::WorkflowId first = StartWith(definition, "x");
  const core::WorkflowId second = StartWith(definition, "x");
  const core::WorkflowId third = StartWith(definition, "x");
  ASSERT_THAT(Assigned(before), ElementsAre(first));
  RunFor(10 * core::kSecondUs);  // long enough to be parked, were it not counted
  EXPECT_EQ(loop_->state().shards.workflow_count(), 3u);
  loop_.reset();
  Boot();
  const TestWorker after = Connect({"a"}, 100, "w2");
  Settle();
  EXPECT_THAT(after.sink->assignments, IsEmpty()) << "the first one runs";
  Send(first, core::TerminateWorkflow{.actor = "me"});
  Settle();
  EXPECT_THAT(Assigned(after), ElementsAre(second));
  Answer(after, after.sink->assignments[0]);
  Settle();
  EXPECT_THAT(Assigned(after), ElementsAre(second, third));
}

TEST_F(LoopTurnsTest, PausedOneLetsOthersGoFirst) {
  const auto definition = DefineLimited(1);
  Boot();
  const TestWorker worker = Connect({"a"}, 100);
  const core::WorkflowId first = StartWith(definition, "x");
  const core::WorkflowId second = StartWith(definition, "x");
  const core::WorkflowId third = StartWith(definition, "x");
  Send(second, core::PauseWorkflow{.actor = "me"});
  Settle();
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  EXPECT_THAT(Assigned(worker), ElementsAre(first, third));
  Send(second, core::ResumeWorkflow{.actor = "me"});
  Settle();
  EXPECT_THAT(Assigned(worker), ElementsAre(first, third));
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  EXPECT_THAT(Assigned(worker), ElementsAre(first, third, second));
}

TEST_F(LoopTurnsTest, RejectRefusesOneTooMany) {
  const auto definition = DefineLimited(1, R"(,"policy":"REJECT")");
  Boot();
  const TestWorker worker = Connect({"a"}, 100);
  StartWith(definition, "x");
  StartWith(definition, "x");
  StartWith(definition, "y");
  ASSERT_THAT(answers_, SizeIs(3));
  EXPECT_THAT(answers_[0], IsOk());
  EXPECT_THAT(answers_[1], StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(answers_[2], IsOk());
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  StartWith(definition, "x");
  EXPECT_THAT(answers_[3], IsOk());
}

TEST_F(LoopTurnsTest, RestartedOneWaitsForItsTurn) {
  const auto definition = DefineLimited(1);
  Boot();
  const TestWorker worker = Connect({"a"}, 100);
  const core::WorkflowId first = StartWith(definition, "x");
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  const core::WorkflowId second = StartWith(definition, "x");
  Send(first, core::RestartWorkflow{.actor = "me"});
  Settle();
  ASSERT_THAT(Assigned(worker), ElementsAre(first, second));
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  EXPECT_THAT(Assigned(worker), ElementsAre(first, second, first));
}

TEST_F(LoopTurnsTest, RestartedOneThatEndedWaitingBeginsOnce) {
  const auto definition = DefineLimited(1);
  Boot();
  const TestWorker worker = Connect({"a"}, 100);
  const core::WorkflowId first = StartWith(definition, "x");
  const core::WorkflowId second = StartWith(definition, "x");
  Send(second, core::TerminateWorkflow{.actor = "me"});
  Settle();
  Send(second, core::RestartWorkflow{.actor = "me"});
  Settle();
  ASSERT_THAT(Assigned(worker), ElementsAre(first)) << "it waits again";
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  ASSERT_THAT(Assigned(worker), ElementsAre(first, second));
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  EXPECT_EQ(loop_->state().turns.Uses().size(), 0u) << "it has ended";
}

TEST_F(LoopTurnsTest, RetriedOneCountsAtOnce) {
  const auto definition = DefineLimited(1);
  Boot();
  const TestWorker worker = Connect({"a"}, 100);
  const core::WorkflowId first = StartWith(definition, "x");
  Send(first, core::TerminateWorkflow{.actor = "me"});
  Settle();
  const core::WorkflowId second = StartWith(definition, "x");
  const core::WorkflowId third = StartWith(definition, "x");
  Send(first, core::RetryWorkflow{.actor = "me"});
  Settle();
  ASSERT_THAT(Assigned(worker), ElementsAre(first, second, first)) << "it does not wait";
  Answer(worker, worker.sink->assignments[1]);
  Settle();
  ASSERT_THAT(Assigned(worker), ElementsAre(first, second, first)) << "but others wait for it";
  Answer(worker, worker.sink->assignments[2]);
  Settle();
  EXPECT_THAT(Assigned(worker), ElementsAre(first, second, first, third));
}

}  // namespace
}  // namespace skald::runtime
