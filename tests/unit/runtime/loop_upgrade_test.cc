// Workflows go on with another definition: what is stored says which, and no loss of memory parts
// them from it.
#include <gtest/gtest.h>

#include "engine/codec/state_json.h"
#include "engine/core/checker.h"
#include "engine/core/replay.h"
#include "engine/runtime/fold.h"
#include "tests/unit/runtime/family_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LoopUpgradeTest : public FamilyFixture {
 protected:
  std::unique_ptr<Workflow> ReadWorkflow(const core::WorkflowId& id) {
    auto folded = Fold(*store_.Load(id), [this](std::int64_t number) { return ById(number); });
    EXPECT_THAT(folded, IsOk());
    return *std::move(folded);
  }

  // The whole history, from the start, comes to what the store has now and keeps the invariants.
  void ExpectHistoryFits(const core::WorkflowId& id) {
    std::vector<core::Event> events = History(id);
    for (core::Event& event : events) {
      ASSERT_THAT(AttachDefinition([this](std::int64_t number) { return ById(number); }, event),
                  IsOk());
    }
    const auto began = ById(std::get<core::WorkflowStarted>(events.front().body).definition_id);
    const auto replayed = core::Replay(**began, id, events);
    ASSERT_THAT(replayed, IsOk());
    EXPECT_EQ(codec::EncodeState(*replayed), codec::EncodeState(ReadWorkflow(id)->state));
    EXPECT_THAT(core::CheckHistory(**began, events), IsEmpty());
  }

  void DefineBoth() {
    if (!definitions_.empty()) return;
    DefineVersion("d", 1, Simple("a") + "," + Simple("b"));
    DefineVersion("d", 2, Simple("n") + "," + Simple("a") + "," + Simple("c"));
    DefineVersion("d", 3, Simple("a") + "," + Simple("n") + "," + Simple("c"));
  }
};

TEST_F(LoopUpgradeTest, TheRowHasTheDefinitionAndASnapshotOfIt) {
  DefineBoth();
  Boot();
  const TestWorker worker = Connect({"a", "n", "c"}, 1);
  const auto start = Start(definitions_[0]);
  Settle();
  EXPECT_EQ(store_.Load(start->id)->definition_id, 1);
  const auto answer =
      Send(start->id, core::UpgradeWorkflow{.definition = definitions_[2], .actor = "ann"});
  Settle();
  ASSERT_TRUE(answer->has_value());
  ASSERT_THAT(**answer, IsOk());
  const auto stored = store_.Load(start->id);
  EXPECT_EQ(stored->definition_id, 3);
  EXPECT_GT(stored->snapshot_seq, 0u);
  EXPECT_THAT(stored->rows, IsEmpty());
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(2));
  EXPECT_EQ(worker.sink->assignments[1].task_type, "n");
  ExpectHistoryFits(start->id);
}

TEST_F(LoopUpgradeTest, ARefusedOneChangesNothing) {
  DefineBoth();
  Boot();
  const auto start = Start(definitions_[0]);
  Settle();
  const auto answer =
      Send(start->id, core::UpgradeWorkflow{.definition = definitions_[1], .actor = "ann"});
  Settle();
  ASSERT_TRUE(answer->has_value());
  EXPECT_THAT((*answer)->status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReadWorkflow(start->id)->definition->version, 1);
}

// The memory is lost at each commit in turn: before, with and after the one that upgrades.
TEST_F(LoopUpgradeTest, SurvivesTheLossOfMemoryAtAnyCommit) {
  for (int commit = 1; commit <= 6; ++commit) {
    SCOPED_TRACE(commit);
    commit_fates_.clear();
    loop_.reset();
    DefineBoth();
    Boot();
    const TestWorker worker = Connect({"a", "n", "c"}, 1, absl::StrCat("w", commit));
    const auto start = Start(definitions_[0], std::nullopt, true);
    RunFor(core::kSecondUs);
    LoseMemoryAt(commit);
    for (int i = 0; i < 6 && ReadWorkflow(start->id)->definition->version == 1; ++i) {
      Send(start->id, core::UpgradeWorkflow{.definition = definitions_[2], .actor = "ann"});
      RunFor(5 * core::kSecondUs);
    }
    EXPECT_EQ(ReadWorkflow(start->id)->definition->version, 3);
    for (int i = 0; i < 12 && !ReadWorkflow(start->id)->ended(); ++i) {
      Answer(worker, worker.sink->assignments.back());
      RunFor(5 * core::kSecondUs);
    }
    const std::unique_ptr<Workflow> workflow = ReadWorkflow(start->id);
    EXPECT_EQ(workflow->state.status, core::WorkflowStatus::kCompleted)
        << ::testing::PrintToString(HistoryNames(start->id));
    EXPECT_NE(workflow->state.LatestRun(workflow->definition->Find("r_c")), 0u);
    ExpectHistoryFits(start->id);
  }
}

TEST_F(LoopUpgradeTest, ARestartGoesOverToTheNewestAtAnyCommit) {
  for (int commit = 1; commit <= 4; ++commit) {
    SCOPED_TRACE(commit);
    commit_fates_.clear();
    loop_.reset();
    DefineBoth();
    Boot();
    const TestWorker worker = Connect({"a", "n", "c"}, 1, absl::StrCat("w", commit));
    const auto start = Start(definitions_[0], std::nullopt, true);
    RunFor(core::kSecondUs);
    Answer(worker, worker.sink->assignments[0], core::TaskStatus::kFailedWithTerminalError);
    RunFor(core::kSecondUs);
    ASSERT_TRUE(ReadWorkflow(start->id)->ended());
    LoseMemoryAt(commit);
    for (int i = 0; i < 6 && ReadWorkflow(start->id)->ended(); ++i) {
      Send(start->id, core::RestartWorkflow{.actor = "ann", .definition = definitions_[1]});
      RunFor(5 * core::kSecondUs);
    }
    EXPECT_EQ(ReadWorkflow(start->id)->definition->version, 2);
    for (int i = 0; i < 12 && !ReadWorkflow(start->id)->ended(); ++i) {
      Answer(worker, worker.sink->assignments.back());
      RunFor(5 * core::kSecondUs);
    }
    EXPECT_EQ(ReadWorkflow(start->id)->state.status, core::WorkflowStatus::kCompleted)
        << ::testing::PrintToString(HistoryNames(start->id));
    EXPECT_EQ(store_.Load(start->id)->definition_id, 2);
    ExpectHistoryFits(start->id);
  }
}

// What a store without the snapshot has to say: the history alone leads to the same state.
TEST_F(LoopUpgradeTest, TheHistoryAloneLeadsThere) {
  DefineBoth();
  Boot();
  Connect({"a", "n", "c"}, 1);
  const auto start = Start(definitions_[0]);
  Settle();
  Send(start->id, core::UpgradeWorkflow{.definition = definitions_[2], .actor = "ann"});
  Settle();
  ports::StoredWorkflow stored = *store_.Load(start->id);
  stored.snapshot.clear();
  stored.snapshot_seq = 0;
  stored.rows = *store_.ReadHistory(start->id, 0, 100);
  const auto folded = Fold(stored, [this](std::int64_t number) { return ById(number); });
  ASSERT_THAT(folded, IsOk());
  EXPECT_EQ((*folded)->definition->version, 3);
  EXPECT_EQ(codec::EncodeState((*folded)->state),
            codec::EncodeState(ReadWorkflow(start->id)->state));
}

}  // namespace
}  // namespace skald::runtime
