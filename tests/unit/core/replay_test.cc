#include "engine/core/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

using ::testing::HasSubstr;

constexpr char kTwoSteps[] = R"({"name": "w", "version": 1, "tasks": [
  {"name": "a", "taskReferenceName": "a"}, {"name": "b", "taskReferenceName": "b"}]})";

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() : world_(MustParse(kTwoSteps)) {
    world_.Start();
    world_.Succeed("a");
    history_ = world_.history();
  }

  absl::Status Fold() const {
    return Replay(world_.definition(), world_.state().id, history_).status();
  }

  void ExpectDamage(const std::string& message) const {
    const absl::Status status = Fold();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }

  template <typename Body>
  Body& First() {
    for (Event& event : history_) {
      if (auto* body = std::get_if<Body>(&event.body)) return *body;
    }
    ADD_FAILURE() << "no such event";
    return std::get<Body>(history_.front().body = Body());
  }

  SagaWorld world_;
  std::vector<Event> history_;
};

TEST_F(ReplayTest, GivesTheStateThatTheDecisionsLeft) {
  const absl::StatusOr<State> state = Replay(world_.definition(), world_.state().id, history_);

  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->seq, world_.state().seq);
  EXPECT_EQ(state->tasks.size(), 2U);
  EXPECT_EQ(state->open, world_.state().open);
}

TEST_F(ReplayTest, GoesOnFromALaterState) {
  const std::span<const Event> events(history_);
  absl::StatusOr<State> state = Replay(world_.definition(), world_.state().id, events.first(3));
  ASSERT_TRUE(state.ok()) << state.status();

  EXPECT_TRUE(Replay(world_.definition(), events.subspan(3), *state).ok());
  EXPECT_EQ(state->seq, world_.state().seq);
}

TEST_F(ReplayTest, RefusesAGap) {
  history_.erase(history_.begin() + 1);
  ExpectDamage("event 3 (TaskStarted) after 1: out of sequence");
}

TEST_F(ReplayTest, RefusesAHistoryWithoutItsStart) {
  history_.erase(history_.begin());
  for (Event& event : history_) --event.seq;
  ExpectDamage("no start before it");
}

TEST_F(ReplayTest, RefusesASecondStart) {
  Event again = history_.front();
  again.seq = history_.back().seq + 1;
  history_.push_back(again);
  ExpectDamage("a second start");
}

TEST_F(ReplayTest, RefusesStepsThatAreNotInTheDefinition) {
  First<TaskScheduled>().step = 77;
  ExpectDamage("no such step in the definition");
}

TEST_F(ReplayTest, RefusesTasksOutOfOrder) {
  First<TaskScheduled>().task = 2;
  ExpectDamage("not the next task");
}

TEST_F(ReplayTest, RefusesUnknownRuns) {
  First<TaskScheduled>().run = 5;
  ExpectDamage("no such run");
}

TEST_F(ReplayTest, RefusesPredecessorsThatDidNotRun) {
  First<TaskScheduled>().after = {9};
  ExpectDamage("follows a run that is not there");
}

TEST_F(ReplayTest, RefusesUnknownTasks) {
  First<TaskCompleted>().task = 12;
  ExpectDamage("no such task");
}

TEST_F(ReplayTest, RefusesEndsOfWhatHasEnded) {
  Event again = history_[3];
  ASSERT_TRUE(std::holds_alternative<TaskCompleted>(again.body));
  again.seq = history_.back().seq + 1;
  history_.push_back(again);
  ExpectDamage("the task has ended");
}

TEST_F(ReplayTest, RefusesAnUndoOfNoRun) {
  First<TaskScheduled>().operation = Operation::kCompensate;
  ExpectDamage("an undo of no run");
}

TEST_F(ReplayTest, RefusesUnknownRunsAtTheEnd) {
  history_.push_back({history_.back().seq + 1, 0, WorkflowEnded{.unresolved = {44}}});
  ExpectDamage("no such run");
}

}  // namespace
}  // namespace skald::core
