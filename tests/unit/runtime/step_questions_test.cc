// How questions about steps made at run time are asked and answered.
#include "engine/runtime/step_questions.h"

#include <gtest/gtest.h>

#include "engine/memory/memory_catalog.h"
#include "engine/runtime/task_definition_reader.h"
#include "tests/support/eventually.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kDynamic[] =
    R"({"name":"d","taskReferenceName":"d","type":"DYNAMIC","dynamicTaskNameParam":"what",)"
    R"("inputParameters":{"what":"a"}})";

class StepQuestionsTest : public LoopFixture {};

TEST_F(StepQuestionsTest, WhatIsKnownIsAnsweredWithTheStartItself) {
  registered_["a"] = *TaskJson("a");
  const auto definition = Define(kDynamic);
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  const auto start = Start(definition);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_EQ(worker.sink->assignments[0].task_type, "a");
  EXPECT_EQ(worker.sink->assignments[0].reference, "d");
  EXPECT_EQ(worker.sink->assignments[0].response_timeout_us, 10 * core::kSecondUs);
  EXPECT_THAT(HistoryNames(start->id), ElementsAre("WorkflowStarted", "StepsRequested",
                                                   "StepsAdded", "TaskScheduled", "TaskStarted"));
  Answer(worker, worker.sink->assignments[0]);
  Settle();
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

TEST_F(StepQuestionsTest, WithoutAnAnswerItIsAskedAgain) {
  registered_["a"] = *TaskJson("a");
  unanswered_ = 3;
  const auto definition = Define(kDynamic);
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Start(definition);
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(0));
  EXPECT_EQ(loop_->state().shards.workflow_count(), 1u);
  RunFor(4 * core::kSecondUs);
  EXPECT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_EQ(unanswered_, 0);
}

TEST_F(StepQuestionsTest, AnUnknownNameEndsTheWorkflow) {
  const auto definition = Define(kDynamic);
  Boot();
  const auto start = Start(definition);
  Settle();
  EXPECT_THAT(HistoryNames(start->id),
              ElementsAre("WorkflowStarted", "StepsRequested", "WorkflowEnded"));
}

TEST_F(StepQuestionsTest, ItIsAskedAgainAfterARestart) {
  unanswered_ = 1'000'000;
  const auto definition = Define(kDynamic);
  Boot();
  Start(definition);
  Settle();
  loop_.reset();
  unanswered_ = 0;
  registered_["a"] = *TaskJson("a");
  clock_.Set(clock_.Now() + 20 * core::kSecondUs);
  Boot();
  const TestWorker worker = Connect({"a"}, 1);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  EXPECT_EQ(worker.sink->assignments[0].reference, "d");
}

class ReaderTest : public ::testing::Test {
 protected:
  ReaderTest() : store_(clock_, 1), catalog_(store_) {}

  void Register(const std::string& name, const std::string& more = "") {
    ports::StoredDefinition definition;
    definition.name_space = "default";
    definition.name = name;
    definition.source = R"({"name":")" + name + "\"" + more + "}";
    ASSERT_THAT(catalog_.PutTaskDefinition(definition), IsOk());
  }

  // Asks and waits for the answer.
  core::TaskDefinitions Ask(TaskDefinitionReader& reader, const std::vector<std::string>& names) {
    base::Mutex mutex;
    bool answered = false;
    core::TaskDefinitions result;
    reader.Ask("default", names, [&](absl::StatusOr<core::TaskDefinitions> answer) {
      base::MutexLock lock(mutex);
      if (answer.ok()) result = *std::move(answer);
      answered = true;
    });
    EXPECT_TRUE(skald::testing::Eventually([&] {
      base::MutexLock lock(mutex);
      return answered;
    }));
    return result;
  }

  ManualClock clock_;
  memory::MemoryStore store_;
  memory::MemoryCatalog catalog_;
};

TEST_F(ReaderTest, TheUndoComesAlong) {
  Register("a", R"(,"compensateWith":"undo_a")");
  Register("undo_a", R"(,"timeoutSeconds":9)");
  TaskDefinitionReader reader(catalog_);
  const core::TaskDefinitions found = Ask(reader, {"a", "nobody"});
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_FALSE(found.at("undo_a").empty());
  EXPECT_TRUE(found.at("nobody").empty());
}

TEST_F(ReaderTest, AChangeInTheCatalogIsSeen) {
  TaskDefinitionReader reader(catalog_);
  EXPECT_TRUE(Ask(reader, {"a"}).at("a").empty());
  Register("a");
  EXPECT_FALSE(Ask(reader, {"a"}).at("a").empty());
  EXPECT_FALSE(Ask(reader, {"a"}).at("a").empty());
}

}  // namespace
}  // namespace skald::runtime
