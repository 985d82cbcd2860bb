// Workflows that have ended are deleted, or removed when they are old; and payloads that stand
// apart come back from the store.
#include <gmock/gmock.h>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::testing::HasSubstr;

class RemovalTest : public LoopFixture {
 protected:
  core::WorkflowId Run(const TestWorker& worker,
                       const std::shared_ptr<const core::Definition>& definition,
                       const std::string& output = "{}") {
    const core::WorkflowId id = Start(definition)->id;
    Settle();
    Answer(worker, worker.sink->assignments.back(), core::TaskStatus::kCompleted, output);
    Settle();
    return id;
  }
  Answered<core::Answer> Delete(const core::WorkflowId& id,
                                const std::string& name_space = "default") {
    auto result = std::make_shared<std::optional<absl::StatusOr<core::Answer>>>();
    loop_->Delete({.name_space = name_space, .id = id, .actor = "eva", .reason = "test"},
                  [result](absl::StatusOr<core::Answer> answer) { *result = answer; });
    Settle();
    return result;
  }
  static absl::StatusCode Code(const Answered<core::Answer>& answer) {
    return answer->has_value() ? (*answer)->status().code() : absl::StatusCode::kUnknown;
  }
};

TEST_F(RemovalTest, DeletesAWorkflowThatHasEnded) {
  Boot();
  const TestWorker worker = Connect({"a"}, 10);
  const core::WorkflowId id = Run(worker, Define(Simple("a")));
  EXPECT_EQ(Code(Delete(id, "other")), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(Delete(id)), absl::StatusCode::kOk);
  EXPECT_TRUE(store_.WorkflowIds().empty());
  EXPECT_EQ(Code(Delete(id)), absl::StatusCode::kNotFound);
  EXPECT_EQ(loop_->state().shards.workflow_count(), 0U);
}

TEST_F(RemovalTest, RefusesOneThatRuns) {
  Boot();
  const core::WorkflowId id = Start(Define(Simple("a")))->id;
  Settle();
  const auto answer = Delete(id);
  EXPECT_EQ(Code(answer), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string((*answer)->status().message()), HasSubstr("it is RUNNING"));
}

// A late result meets a workflow that is being deleted: nothing is written.
TEST_F(RemovalTest, NothingIsDecidedOnWhatIsBeingDeleted) {
  Boot();
  const TestWorker worker = Connect({"a"}, 10);
  const core::WorkflowId id = Run(worker, Define(Simple("a")));
  auto deleted = std::make_shared<std::optional<absl::StatusOr<core::Answer>>>();
  loop_->Delete({.name_space = "default", .id = id},
                [deleted](absl::StatusOr<core::Answer> answer) { *deleted = answer; });
  // Loaded, and the store is asked.
  RunFor(kCommitUs + kCommitUs / 4);
  const auto paused = Send(id, core::PauseWorkflow{.actor = "eva"});
  Settle();
  EXPECT_EQ(Code(paused), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(deleted), absl::StatusCode::kOk);
  EXPECT_TRUE(History(id).empty());
}

TEST_F(RemovalTest, RetentionRemovesWhatEndedLongAgo) {
  options_.retention_us = 3'600 * core::kSecondUs;
  Boot();
  const TestWorker worker = Connect({"a"}, 10);
  const auto definition = Define(Simple("a"));
  Run(worker, definition);
  RunFor(1'800 * core::kSecondUs);
  const core::WorkflowId younger = Run(worker, definition);
  RunFor(2'400 * core::kSecondUs);
  EXPECT_THAT(store_.WorkflowIds(), ::testing::ElementsAre(younger));
  RunFor(3'600 * core::kSecondUs);
  EXPECT_TRUE(store_.WorkflowIds().empty());
}

TEST_F(RemovalTest, BigPayloadsComeBackFromTheStore) {
  Boot();
  const TestWorker worker = Connect({"a", "b"}, 10);
  const std::string big = "{\"x\":\"" + std::string(200'000, 'x') + "\"}";
  const auto definition =
      Define(Simple("a") + "," + Simple("b", R"(,"inputParameters":{"all":"${r_a.output}"})"));
  const core::WorkflowId id = Run(worker, definition, big);
  const auto stored = store_.Load(id);
  ASSERT_TRUE(stored.has_value());
  std::size_t bytes = 0;
  for (const ports::HistoryRow& row : stored->rows) bytes += row.events.size();
  EXPECT_LT(bytes, 10'000U) << "the rows hold names only";

  journal_->Crash(true);
  loop_ = nullptr;
  Boot();
  const auto view = Get(id);
  Settle();
  ASSERT_TRUE(view->has_value() && (*view)->ok());
  const core::State& state = (**view).value()->state;
  EXPECT_EQ(state.task(1).output.text(), big);
  EXPECT_EQ(state.task(2).input.text(), "{\"all\":" + big + "}");
}

}  // namespace
}  // namespace skald::runtime
