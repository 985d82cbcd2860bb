// What the log says of workflows: nothing before it is durable, nothing of payloads.
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class LoopLogTest : public LoopFixture {
 protected:
  void SetUp() override { ::testing::internal::CaptureStderr(); }
  void TearDown() override {
    base::SetLogLevel(base::LogLevel::kInfo);
    ::testing::internal::GetCapturedStderr();
  }
  // What was written since the last call.
  std::string Lines() {
    std::string lines = ::testing::internal::GetCapturedStderr();
    ::testing::internal::CaptureStderr();
    return lines;
  }

  // A worker that completes "a" and fails all else for good, until nothing more is asked of it.
  void Fail(const TestWorker& worker) {
    for (std::size_t i = 0; i < worker.sink->assignments.size(); ++i) {
      const Assignment assignment = worker.sink->assignments[i];
      const bool first = assignment.task_type == "a";
      Answer(worker, assignment,
             first ? core::TaskStatus::kCompleted : core::TaskStatus::kFailedWithTerminalError,
             R"({"card":"4711"})");
      RunFor(core::kSecondUs);
    }
  }
};

TEST_F(LoopLogTest, ParkedSagaIsAnErrorThatNamesTheWorkflow) {
  const auto definition = Define(Simple("a", R"(,"compensateWith":"undo_a")") + "," +
                                     Simple("b", R"(,"compensateWith":"undo_b")"),
                                 R"(,"saga":{"compensation":{"retryCount":0}})");
  Boot();
  const TestWorker worker = Connect({"a", "b", "undo_a"}, 1);
  const auto start = Start(definition);
  Settle();
  Lines();
  Fail(worker);
  const std::string id = start->id.ToString();
  const std::string lines = Lines();
  EXPECT_THAT(lines, HasSubstr("ERROR saga.parked workflow=" + id + " reason="));
  EXPECT_THAT(
      lines, HasSubstr("WARN saga.faulted workflow=" + id + " step=r_b cause=TASK_FAILED reason="));
  EXPECT_THAT(lines, HasSubstr("WARN saga.undo_parked workflow=" + id + " step=r_a reason="));
  EXPECT_THAT(lines, AllOf(Not(HasSubstr("4711")), Not(HasSubstr("workflow.changed"))));
}

TEST_F(LoopLogTest, OrphanEffectIsAnError) {
  const auto definition = Define(Simple("a", R"(,"compensateWith":"undo_a","retryCount":0)"));
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  RunFor(60 * core::kSecondUs);
  const TestWorker undoer = Connect({"undo_a"}, 1, "w2");
  Settle();
  ASSERT_THAT(undoer.sink->assignments, SizeIs(1));
  const Assignment undo = undoer.sink->assignments[0];
  loop_->Report(undoer.session, {{KeyOf(undo),
                                  {.task = undo.task,
                                   .fence = undo.fence,
                                   .status = core::TaskStatus::kCompleted,
                                   .verdict = core::Verdict::kNulled}}});
  Settle();
  Lines();
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  EXPECT_THAT(Lines(), HasSubstr("ERROR saga.orphan_effect workflow=" + start->id.ToString() +
                                 " step=r_a\n"));
}

TEST_F(LoopLogTest, EachChangeIsALineAtDebugOnly) {
  const auto definition = Define(Simple("a"));
  Boot();
  Lines();
  Start(definition);
  Settle();
  EXPECT_EQ(Lines(), "");
  base::SetLogLevel(base::LogLevel::kDebug);
  const std::string id = Start(definition)->id.ToString();
  Settle();
  EXPECT_THAT(Lines(), HasSubstr("DEBUG workflow.changed workflow=" + id +
                                 " event=TaskScheduled seq=2 step=r_a attempt=1\n"));
}

// Nobody hears of a thing before it is durable; what never became so is not told at all.
TEST_F(LoopLogTest, NothingIsSaidBeforeItIsDurable) {
  const auto definition = Define(Simple("a"));
  Boot();
  base::SetLogLevel(base::LogLevel::kDebug);
  Lines();
  commit_fates_.push_back(
      {.kind = memory::Fate::Kind::kUnknownLost, .answered_after_us = core::kSecondUs});
  const std::string id = Start(definition)->id.ToString();
  Settle();
  EXPECT_THAT(Lines(), Not(HasSubstr(id)));
  RunFor(5 * core::kSecondUs);
  EXPECT_THAT(Lines(), Not(HasSubstr("workflow.changed workflow=" + id)));
}

TEST_F(LoopLogTest, RefusedDecisionIsALineAtDebugOnly) {
  const auto definition = Define(Simple("a"));
  Boot();
  const auto start = Start(definition);
  Settle();
  Lines();
  Send(start->id, core::ResumeWorkflow{});
  Settle();
  EXPECT_EQ(Lines(), "");
  base::SetLogLevel(base::LogLevel::kDebug);
  Send(start->id, core::ResumeWorkflow{});
  Settle();
  EXPECT_THAT(Lines(), HasSubstr("DEBUG decision.refused workflow=" + start->id.ToString() +
                                 " trigger=resume status="));
}

}  // namespace
}  // namespace skald::runtime
