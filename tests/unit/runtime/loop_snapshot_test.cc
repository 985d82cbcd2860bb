// Snapshots grow rarer as a workflow grows, so that they cost no more than its history.
#include "engine/runtime/fold.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

class SnapshotTest : public LoopFixture {
 protected:
  // A chain of so many steps, all done by one worker; returns how many snapshots were written.
  std::size_t SnapshotsOfChain(std::size_t steps) {
    std::string tasks;
    for (std::size_t i = 0; i < steps; ++i) {
      absl::StrAppend(&tasks, i > 0 ? "," : "", R"({"name":"a","taskReferenceName":"s)", i,
                      R"(","type":"SIMPLE"})");
    }
    Boot();
    const TestWorker worker = Connect({"a"}, 10);
    id_ = Start(Define(tasks))->id;
    std::size_t snapshots = 0;
    core::EventSeq newest = 0;
    for (std::size_t i = 0; i < steps; ++i) {
      Settle();
      Answer(worker, worker.sink->assignments.back());
      Settle();
      const auto stored = store_.Load(id_);
      if (stored->snapshot_seq == newest) continue;
      newest = stored->snapshot_seq;
      ++snapshots;
    }
    return snapshots;
  }
  core::WorkflowId id_;
};

TEST_F(SnapshotTest, GrowRarerAsTheStateGrows) {
  options_.snapshot_every_events = 5;
  const std::size_t snapshots = SnapshotsOfChain(100);
  EXPECT_GE(snapshots, 3U);
  EXPECT_LE(snapshots, 12U) << "300 events: one for every fifth would be 60";
}

TEST_F(SnapshotTest, SmallWorkflowsWaitForTheEvents) {
  options_.snapshot_every_events = 500;
  EXPECT_EQ(SnapshotsOfChain(20), 0U);
}

// Loaded again, a workflow knows how far its snapshot is.
TEST_F(SnapshotTest, TheSpacingOutlivesARestart) {
  options_.snapshot_every_events = 5;
  SnapshotsOfChain(40);
  const auto before = store_.Load(id_);
  const auto loaded = Fold(*before, [this](std::int64_t id) { return ById(id); });
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ((*loaded)->snapshot_seq, before->snapshot_seq);
  EXPECT_EQ((*loaded)->snapshot_bytes, before->snapshot.size());
  EXPECT_GT((*loaded)->snapshot_history_bytes, 0U);
  EXPECT_LT((*loaded)->snapshot_history_bytes, (*loaded)->state.history_bytes);
}

}  // namespace
}  // namespace skald::runtime
