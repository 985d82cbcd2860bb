#include "engine/runtime/runner_host.h"

#include <deque>
#include <functional>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::skald::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A runner whose answers the test gives; shared with the host that owns the runner's front.
struct Script {
  struct Begun {
    ports::RunnerTask task;
    ports::TaskRunner::Done done;
  };
  std::vector<std::string> types = {"INLINE"};
  std::size_t capacity = 4;
  std::deque<Begun> begun;
  std::vector<std::string> canceled;
  // Set: answers within Run().
  std::function<ports::RunnerResult(const ports::RunnerTask&)> at_once;

  void Answer(ports::RunnerResult result) {
    const Begun first = std::move(begun.front());
    begun.pop_front();
    first.done(std::move(result));
  }
};

class FakeRunner final : public ports::TaskRunner {
 public:
  explicit FakeRunner(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  ~FakeRunner() override {
    while (!script_->begun.empty()) script_->Answer({.status = core::TaskStatus::kFailed});
  }
  std::vector<std::string> TaskTypes() const override { return script_->types; }
  std::size_t Capacity() const override { return script_->capacity; }
  void Run(ports::RunnerTask task, Done done) override {
    EXPECT_LT(script_->begun.size(), script_->capacity);
    if (script_->at_once) return done(script_->at_once(task));
    script_->begun.push_back({std::move(task), std::move(done)});
  }
  void Cancel(std::string_view task_id) override { script_->canceled.emplace_back(task_id); }

 private:
  std::shared_ptr<Script> script_;  // shared with the test
};

ports::RunnerResult Completed(const std::string& output) {
  return {.output = core::Payload(output)};
}

class RunnerHostTest : public LoopFixture {
 protected:
  ~RunnerHostTest() override { host_.reset(); }

  void Host(RunnerHostOptions options = {.incarnation = "scripts"}) {
    host_ = std::make_unique<RunnerHost>(*loop_, std::make_unique<FakeRunner>(script_),
                                         std::move(options));
    ASSERT_THAT(host_->Attach(), IsOk());
    Settle();
  }
  static std::string Inline(const std::string& reference, const std::string& more = "") {
    return absl::StrCat(R"({"name":"i","taskReferenceName":")", reference,
                        R"(","type":"INLINE","inputParameters":{"expression":"1"})", more, "}");
  }
  static std::string Http(const std::string& reference) {
    return absl::StrCat(R"({"name":"h","taskReferenceName":")", reference,
                        R"(","type":"HTTP","inputParameters":{"uri":"u","method":"GET"}})");
  }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();  // shared with the runner
  std::unique_ptr<RunnerHost> host_;
};

TEST_F(RunnerHostTest, RunsTasksOfAnyNamespaceAndReportsTheirResults) {
  const auto definition = Define(Inline("a") + "," + Inline("b"));
  Boot();
  Host();
  const auto start = Start(definition);
  Settle();
  ASSERT_THAT(script_->begun, SizeIs(1));
  const ports::RunnerTask& task = script_->begun[0].task;
  EXPECT_EQ(task.name_space, "default");
  EXPECT_EQ(task.task_type, "INLINE");
  EXPECT_EQ(task.task_id, start->id.ToString() + ".1");
  EXPECT_EQ(task.step_key, start->id.ToString() + "/a/0/1");
  EXPECT_EQ(task.input.text(), R"({"expression":"1"})");
  EXPECT_EQ(task.settings.text(), "{}");
  script_->Answer(Completed(R"({"result":1})"));
  Settle();
  ASSERT_THAT(script_->begun, SizeIs(1));
  script_->Answer(Completed(R"({"result":2})"));
  Settle();
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
  EXPECT_EQ(loop_->state().workers.lease_count(), 0u);
}

TEST_F(RunnerHostTest, AScriptedSwitchIsARunnersTask) {
  const auto definition =
      Define(R"({"name":"s","taskReferenceName":"s","type":"SWITCH","evaluatorType":"javascript",)"
             R"("expression":"$.n","inputParameters":{"n":1},"decisionCases":{"1":[)" +
             Inline("one") + "]}}");
  Boot();
  Host();
  const auto start = Start(definition);
  Settle();
  ASSERT_THAT(script_->begun, SizeIs(1));
  EXPECT_EQ(script_->begun[0].task.task_type, "INLINE");
  EXPECT_EQ(script_->begun[0].task.settings.text(),
            R"({"evaluatorType":"javascript","expression":"$.n"})");
  script_->Answer(Completed(R"({"result":1})"));
  Settle();
  ASSERT_THAT(script_->begun, SizeIs(1));
  EXPECT_THAT(script_->begun[0].task.step_key, HasSubstr("/one/"));
}

TEST_F(RunnerHostTest, GivesTheRunnerNoMoreThanItTakes) {
  const auto definition = Define(Inline("a"));
  Boot();
  script_->capacity = 2;
  Host();
  std::vector<core::WorkflowId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Start(definition)->id);
  Settle();
  EXPECT_THAT(script_->begun, SizeIs(2));
  for (int i = 0; i < 5; ++i) {
    script_->Answer(Completed("{}"));
    Settle();
  }
  for (const core::WorkflowId& id : ids) EXPECT_EQ(HistoryNames(id).back(), "WorkflowEnded");
}

// A runner may answer before Run returns; a long chain of such answers does not grow the stack.
TEST_F(RunnerHostTest, AnswersWithinRun) {
  std::string tasks = Inline("r0");
  for (int i = 1; i < 300; ++i) tasks += "," + Inline(absl::StrCat("r", i));
  const auto definition = Define(tasks);
  Boot();
  script_->at_once = [](const ports::RunnerTask&) { return Completed("{}"); };
  Host();
  const auto start = Start(definition);
  // What is posted within a tick is looked at in the next one, here at the latest after a second.
  RunFor(400 * core::kSecondUs);
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

TEST_F(RunnerHostTest, ATerminatedWorkflowCancelsItsTask) {
  const auto definition = Define(Inline("a"));
  Boot();
  Host();
  const auto start = Start(definition);
  Settle();
  Send(start->id, core::TerminateWorkflow{.actor = "ann", .reason = "enough"});
  Settle();
  EXPECT_THAT(script_->canceled, ElementsAre(start->id.ToString() + ".1"));
  script_->Answer({.status = core::TaskStatus::kFailed, .reason = "canceled"});
  Settle();
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
  EXPECT_EQ(loop_->state().workers.lease_count(), 0u);
}

// Asked to stop and stopped: the attempt is canceled, with the effect that the runner tells.
TEST_F(RunnerHostTest, ACancelThatIsObeyedIsReportedAsSuch) {
  script_->types = {"HTTP"};
  const auto definition =
      Define(R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[[)" +
                 Http("h") + "],[" + Simple("a", R"(,"retryCount":0)") +
                 R"(]]},{"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["h","r_a"]})",
             R"(,"saga":{"undeclared":"READ_ONLY"})");
  Boot();
  Host();
  const TestWorker worker = Connect({"a"}, 1);
  const auto start = Start(definition);
  Settle();
  Answer(worker, worker.sink->assignments[0], core::TaskStatus::kFailedWithTerminalError);
  Settle();
  ASSERT_THAT(script_->canceled, SizeIs(1));
  script_->Answer(
      {.status = core::TaskStatus::kFailed, .reason = "canceled", .effect = core::Effect::kNone});
  Settle();
  const std::vector<core::Event> events = History(start->id);
  const auto canceled = std::find_if(events.begin(), events.end(), [](const core::Event& event) {
    return std::holds_alternative<core::TaskCanceled>(event.body);
  });
  ASSERT_NE(canceled, events.end());
  EXPECT_EQ(std::get<core::TaskCanceled>(canceled->body).effect, core::Effect::kNone);
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

TEST_F(RunnerHostTest, AnOutputBeyondTheBoundFailsTheTask) {
  const auto definition = Define(Inline("a"));
  Boot();
  Host({.incarnation = "scripts", .output_bytes_max = 10});
  const auto start = Start(definition);
  Settle();
  script_->Answer(Completed(R"({"result":"much too long"})"));
  Settle();
  const std::vector<core::Event> events = History(start->id);
  const auto& failed = std::get<core::TaskFailed>(events[3].body);
  EXPECT_TRUE(failed.terminal);
  EXPECT_EQ(failed.effect, core::Effect::kNone);
  EXPECT_EQ(
      failed.reason,
      "output of 26 bytes, more than kStepOutputBytesMax (10; fixed in engine/core/limits.h)");
}

// The lease bounds a runner that never answers: a script is run again, after ten times it fails.
TEST_F(RunnerHostTest, ARunnerThatNeverAnswersLosesTheTask) {
  const auto definition = Define(Inline("a", R"(,"retryCount":0)"));
  Boot();
  Host({.incarnation = "scripts", .answer_us_max = 5 * core::kSecondUs});
  const auto start = Start(definition);
  RunFor(6 * core::kSecondUs);
  EXPECT_THAT(HistoryNames(start->id), ::testing::Contains("TaskRequeued"));
  EXPECT_THAT(script_->canceled, ::testing::Not(IsEmpty()));
  RunFor(150 * core::kSecondUs);
  const std::vector<std::string> names = HistoryNames(start->id);
  EXPECT_EQ(std::count(names.begin(), names.end(), "TaskRequeued"), core::kPureStartsMax - 1);
  EXPECT_THAT(names, ::testing::Contains("WorkflowEnded"));
}

TEST_F(RunnerHostTest, ACallThatIsNeverAnsweredIsOfUnknownEffect) {
  script_->types = {"HTTP"};
  const auto definition = Define(Http("h"));
  Boot();
  Host({.incarnation = "calls", .answer_us_max = 5 * core::kSecondUs});
  const auto start = Start(definition);
  RunFor(6 * core::kSecondUs);
  const std::vector<core::Event> events = History(start->id);
  const auto& lost = std::get<core::TaskTimedOut>(events[3].body);
  EXPECT_EQ(lost.effect, core::Effect::kUnknown);
  EXPECT_EQ(lost.timeout, core::Timeout::kLease);
}

// A process died with a script: the next one is given it again, under the same fence.
TEST_F(RunnerHostTest, AfterACrashAScriptIsRunAgainAtOnce) {
  const auto definition = Define(Inline("a"));
  Boot();
  Host();
  const auto start = Start(definition);
  Settle();
  ASSERT_THAT(script_->begun, SizeIs(1));
  const std::size_t before = HistoryNames(start->id).size();
  script_->begun.clear();
  host_.reset();
  loop_.reset();
  options_.node_id = "second";
  clock_.Set(clock_.Now() + options_.node_lease_us);
  Boot();
  Host();
  ASSERT_THAT(script_->begun, SizeIs(1));
  EXPECT_THAT(HistoryNames(start->id), SizeIs(before));
  script_->Answer(Completed(R"({"result":1})"));
  Settle();
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

// The commit that would have recorded the result is lost: the engine says so, and it is sent again.
TEST_F(RunnerHostTest, AResultThatWasNotRecordedIsSentAgain) {
  const auto definition = Define(Inline("a"));
  Boot();
  Host();
  const auto start = Start(definition);
  Settle();
  commit_fates_.push_back(
      {.kind = memory::Fate::Kind::kUnknownLost, .answered_after_us = kCommitUs});
  script_->Answer(Completed(R"({"result":1})"));
  RunFor(2 * core::kSecondUs);
  host_->Tick();
  RunFor(core::kSecondUs);
  EXPECT_EQ(HistoryNames(start->id).back(), "WorkflowEnded");
}

TEST_F(RunnerHostTest, DrainEndsWhenAllIsRecorded) {
  const auto definition = Define(Inline("a"));
  Boot();
  Host();
  const auto first = Start(definition);
  Settle();
  host_->Drain();
  const auto second = Start(definition);
  Settle();
  EXPECT_FALSE(host_->drained());
  EXPECT_THAT(script_->begun, SizeIs(1));
  script_->Answer(Completed("{}"));
  Settle();
  EXPECT_TRUE(host_->drained());
  EXPECT_EQ(HistoryNames(first->id).back(), "WorkflowEnded");
  EXPECT_EQ(HistoryNames(second->id).back(), "TaskScheduled");
}

}  // namespace
}  // namespace skald::runtime
