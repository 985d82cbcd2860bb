// Rehearsals: a definition against mocks, in virtual time (docs/testing-workflows.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/app/system_clock.h"
#include "engine/memory/memory_catalog.h"
#include "engine/memory/memory_store.h"
#include "engine/rehearsal/expectation.h"
#include "engine/rehearsal/workflow_rehearser.h"
#include "fmt/format.h"
#include "tests/support/status_matchers.h"

namespace skald::rehearsal {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Define(const std::string& tasks, const std::string& more = "") {
  return fmt::format(R"({{"name":"w","version":1,"schemaVersion":2,"tasks":[{}]{}}})", tasks, more);
}
std::string Simple(const std::string& reference, const std::string& more = "") {
  return fmt::format(R"({{"name":"{0}","taskReferenceName":"{0}","type":"SIMPLE"{1}}})", reference,
                     more);
}

// Answers every task with its settings, as a script host would with the value of the script.
class FakeRunner final : public ports::TaskRunner {
 public:
  explicit FakeRunner(std::function<std::string(const ports::RunnerTask&)> result)
      : result_(std::move(result)) {}
  std::vector<std::string> TaskTypes() const override { return {"INLINE"}; }
  std::size_t Capacity() const override { return 2; }
  void Run(ports::RunnerTask task, Done done) override {
    ++runs;
    done({.output = core::Payload(fmt::format(R"({{"result":{}}})", result_(task)))});
  }
  void Cancel(std::string_view) override {}

  int runs = 0;

 private:
  std::function<std::string(const ports::RunnerTask&)> result_;
};

absl::StatusOr<ports::RehearsalReport> Rehearse(const std::string& definition,
                                                const std::string& mocks,
                                                std::vector<std::string> others = {},
                                                ports::TaskRunner* runner = nullptr) {
  const app::DatabaseClock clock;
  WorkflowRehearser rehearser({.real_clock = clock, .runner = runner});
  return rehearser.Rehearse(
      {.definition = definition, .mocks = mocks, .definitions = std::move(others)});
}

TEST(RehearsalTest, ChainCompletesInVirtualTime) {
  const auto report = Rehearse(
      Define(Simple("a") + "," + Simple("b"), R"(,"outputParameters":{"x":"${b.output.x}"})"),
      R"({"mocks":{"a":{"after":"30m"},"b":{"output":{"x":7}}},
          "expect":{"output":{"x":7},"executed":["a","b"],"steps":{"a":"COMPLETED"}}})");
  ASSERT_THAT(report, testing::IsOk());
  EXPECT_TRUE(report->passed) << report->differences.front();
  EXPECT_EQ(report->virtual_us, 1'800 * core::kSecondUs);
  EXPECT_EQ(report->timeline.front().event, "WorkflowStarted");
  EXPECT_EQ(report->timeline.back().event, "WorkflowEnded");
}

TEST(RehearsalTest, TheSameEveryTime) {
  const std::string definition = Define(Simple("a", R"(,"retryCount":3)"));
  const std::string mocks = R"({"mocks":{"a":[{"status":"FAILED"},{}]}})";
  const auto first = Rehearse(definition, mocks);
  const auto second = Rehearse(definition, mocks);
  ASSERT_THAT(first, testing::IsOk());
  ASSERT_THAT(second, testing::IsOk());
  ASSERT_EQ(first->timeline.size(), second->timeline.size());
  for (std::size_t i = 0; i < first->timeline.size(); ++i) {
    EXPECT_EQ(first->timeline[i].at_us, second->timeline[i].at_us);
    EXPECT_EQ(first->timeline[i].result, second->timeline[i].result);
  }
}

TEST(RehearsalTest, DifferencesAreTold) {
  const auto report =
      Rehearse(Define(Simple("a")),
               R"({"mocks":{"a":{"status":"FAILED_WITH_TERMINAL_ERROR","reason":"no"},"b":{}},
          "expect":{"output":{"x":1},"executed":["a","b"],"undone":["a"],"steps":{"a":"COMPLETED",
          "c":"COMPLETED"},"reason":"none"}})");
  ASSERT_THAT(report, testing::IsOk());
  EXPECT_FALSE(report->passed);
  EXPECT_THAT(report->differences, Contains(HasSubstr("status: expected COMPLETED, found FAILED")));
  EXPECT_THAT(report->differences, Contains("output.x: expected 1, found nothing"));
  EXPECT_THAT(report->differences, Contains("executed: expected [a, b], found [a]"));
  EXPECT_THAT(report->differences, Contains("undone: expected [a], found []"));
  EXPECT_THAT(report->differences,
              Contains("steps.a: expected COMPLETED, found FAILED_WITH_TERMINAL_ERROR"));
  EXPECT_THAT(report->differences, Contains("steps.c: expected COMPLETED, found no such step"));
  EXPECT_THAT(report->warnings, ElementsAre("mocks.b: no task asked for it"));
}

TEST(RehearsalTest, TaskWithoutAMockIsNamed) {
  const auto simple = Rehearse(Define(Simple("a")), "{}");
  EXPECT_EQ(simple.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(simple.status().message(),
              HasSubstr("'a' of workflow 'w' (task type a) has no mock"));
  const auto http =
      Rehearse(Define(R"({"name":"h","taskReferenceName":"call","type":"HTTP","inputParameters":)"
                      R"({"http_request":{"uri":"http://localhost/x","method":"GET"}}})"),
               "{}");
  EXPECT_THAT(http.status().message(), HasSubstr("'call' of workflow 'w' (task type HTTP)"));
}

TEST(RehearsalTest, MistakesInMocksSayWhere) {
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"[]", "mocks"},
      {"{", "mocks: malformed JSON"},
      {R"({"mock":{}})", "mock: no such member; there are actions, barrier"},
      {R"({"mocks":{"a":[{"status":"DONE"}]}})", "mocks.a[0].status: COMPLETED, FAILED"},
      {R"({"mocks":{"a":{"after":"soon"}}})", "mocks.a.after: a duration such as"},
      {R"({"mocks":{"a":[]}})", "mocks.a: at least one result"},
      {R"({"actions":[{"at":"1s","do":"dance"}]})", "actions[0].do: signal, update"},
      {R"({"expect":{"status":"FINE"}})", "expect.status: one of RUNNING"},
      {R"({"expect":{"executed":"a"}})", "expect.executed: a list expected"},
      {R"({"limits":{"events":0}})", "limits.events: a whole number from 1"},
      {R"({"priority":100})", "priority: a whole number from 0 to 99"}};
  for (const auto& [mocks, message] : mistakes) {
    const auto report = Rehearse(Define(Simple("a")), mocks);
    EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument) << mocks;
    EXPECT_THAT(report.status().message(), HasSubstr(message)) << mocks;
  }
}

TEST(RehearsalTest, MalformedDefinitionIsRefused) {
  EXPECT_EQ(Rehearse("{", "{}").status().code(), absl::StatusCode::kInvalidArgument);
  const auto mistake =
      Rehearse(Define(R"({"name":"a","taskReferenceName":"a","type":"JOINT"})"), "");
  EXPECT_EQ(mistake.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(mistake.status().message(), HasSubstr("tasks[0].type"));
  EXPECT_EQ(Rehearse(Define(Simple("a")), R"({"definitions":[{"retryCount":-1}]})").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RehearsalTest, SignalEndsAWaitAndWithoutOneItStaysOpen) {
  const std::string definition =
      Define(R"({"name":"w","taskReferenceName":"approval","type":"WAIT"})",
             R"(,"outputParameters":{"by":"${approval.output.by}"})");
  const auto signaled = Rehearse(
      definition, R"({"actions":[{"at":"2h","reference":"approval","payload":{"by":"Eve"}}],
                      "expect":{"output":{"by":"Eve"}}})");
  ASSERT_THAT(signaled, testing::IsOk());
  EXPECT_TRUE(signaled->passed);
  EXPECT_EQ(signaled->virtual_us, 7'200 * core::kSecondUs);
  const auto open = Rehearse(definition, R"({"expect":{"status":"RUNNING"}})");
  ASSERT_THAT(open, testing::IsOk());
  EXPECT_TRUE(open->passed);
  EXPECT_THAT(open->warnings, ElementsAre("nothing more can happen; open: approval"));
}

constexpr char kPull[] =
    R"({"name":"pull","taskReferenceName":"pull","type":"PULL_WORKFLOW_MESSAGES",)"
    R"("inputParameters":{"batchSize":2}})";

TEST(RehearsalTest, MessagesComeAsActions) {
  const std::string definition = Define(Simple("a") + "," + kPull + "," + Simple("b"),
                                        R"(,"outputParameters":{"got":"${pull.output.messages}"})");
  const auto pulled = Rehearse(definition, R"({"mocks":{"a":{"after":"30m"},"b":{}},"actions":[
      {"at":"1s","do":"message","payload":{"n":1}},
      {"at":"2s","do":"message","payload":{"n":2},"id":"two"},
      {"at":"3s","do":"message","payload":{"n":3},"id":"two"}],
      "expect":{"steps":{"pull":"COMPLETED"}}})");
  ASSERT_THAT(pulled, testing::IsOk());
  EXPECT_TRUE(pulled->passed);
  EXPECT_THAT(pulled->output, HasSubstr(R"("id":"message-1")"));
  EXPECT_THAT(pulled->output, HasSubstr(R"("n":2)"));
  EXPECT_THAT(pulled->output, ::testing::Not(HasSubstr(R"("n":3)"))) << "the same message again";
  EXPECT_THAT(pulled->warnings, IsEmpty());
  const auto none = Rehearse(Define(kPull), R"({"expect":{"status":"RUNNING"}})");
  ASSERT_THAT(none, testing::IsOk());
  EXPECT_TRUE(none->passed);
}

TEST(RehearsalTest, AMessageThatNobodyMayGetIsAnError) {
  const auto late = Rehearse(Define(Simple("a")),
                             R"({"mocks":{"a":{"after":"1h"}},"actions":[
      {"at":"0s","do":"pause"},{"at":"1s","do":"message","payload":{"n":1}}]})");
  EXPECT_EQ(late.status().code(), absl::StatusCode::kFailedPrecondition) << late.status();
  EXPECT_THAT(late.status().message(), HasSubstr("action at 1000 ms"));
  EXPECT_THAT(Rehearse(Define(Simple("a")), R"({"actions":[{"do":"message","payload":7}]})")
                  .status()
                  .message(),
              HasSubstr("actions[0].payload"));
}

TEST(RehearsalTest, ARegisteredDefinitionIsMeantByItsName) {
  const app::DatabaseClock clock;
  memory::MemoryStore store(clock, 1);
  memory::MemoryCatalog registered(store);
  const auto put = [&](std::int32_t version, const std::string& step) {
    return registered.PutDefinition(
        {.name_space = "default",
         .name = "w",
         .version = version,
         .source =
             fmt::format(R"({{"name":"w","version":{},"tasks":[{}]}})", version, Simple(step))},
        false);
  };
  ASSERT_THAT(put(1, "a"), testing::IsOk());
  ASSERT_THAT(put(2, "b"), testing::IsOk());
  WorkflowRehearser rehearser({.real_clock = clock, .registered = &registered});
  const auto newest = rehearser.Rehearse({.name = "w", .mocks = R"({"mocks":{"b":{}}})"});
  ASSERT_THAT(newest, testing::IsOk());
  EXPECT_THAT(newest->executed, ElementsAre("b"));
  const auto first =
      rehearser.Rehearse({.name = "w", .version = 1, .mocks = R"({"mocks":{"a":{}}})"});
  ASSERT_THAT(first, testing::IsOk());
  EXPECT_THAT(first->executed, ElementsAre("a"));
  const auto code = [&](const ports::RehearsalRequest& request) {
    return rehearser.Rehearse(request).status().code();
  };
  EXPECT_EQ(code({.name = "w", .version = 3}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code({.name = "v"}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code({.name = "w", .version = -1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.definition = Define(Simple("a")), .name = "w"}),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.definition = Define(Simple("a")), .version = 1}),
            absl::StatusCode::kInvalidArgument);
}

TEST(RehearsalTest, RefusedActionEndsTheRehearsal) {
  const auto report =
      Rehearse(Define(Simple("a")),
               R"({"mocks":{"a":{"after":"1m"}},"actions":[{"at":"5s","do":"resume"}]})");
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(report.status().message(), HasSubstr("action at 5000 ms"));
  const auto unknown =
      Rehearse(Define(Simple("a")),
               R"({"mocks":{"a":{"after":"1m"}},"actions":[{"at":"5s","workflow":"child"}]})");
  EXPECT_THAT(unknown.status().message(), HasSubstr("no workflow 'child' has begun by then"));
}

TEST(RehearsalTest, SubWorkflowsAreRunToo) {
  const std::string child = R"({"name":"child","version":1,"schemaVersion":2,"tasks":[)" +
                            Simple("inner") + R"(],"outputParameters":{"y":"${inner.output.y}"}})";
  const std::string parent =
      Define(R"({"name":"s","taskReferenceName":"sub","type":"SUB_WORKFLOW","subWorkflowParam":)"
             R"({"name":"child"}})",
             R"(,"outputParameters":{"z":"${sub.output.y}"})");
  const auto report = Rehearse(parent, R"({"mocks":{"child/inner":{"output":{"y":3},"after":"10s"}},
                  "expect":{"output":{"z":3},"executed":["sub"]}})",
                               {child});
  ASSERT_THAT(report, testing::IsOk());
  EXPECT_TRUE(report->passed) << report->differences.front();
  bool seen = false;
  for (const auto& entry : report->timeline) seen |= entry.workflow == "child";
  EXPECT_TRUE(seen);
  EXPECT_EQ(Rehearse(parent, "{}").status().code(), absl::StatusCode::kNotFound);
}

// As on the reference, whose closer look is for definitions that are registered.
TEST(RehearsalTest, DefinitionInPlaceMayReadWhatIsNotThere) {
  const std::string reads = Simple("inner", R"(,"inputParameters":{"n":"${nobody.output.n}"})");
  const auto in_place = Rehearse(
      Define(R"({"name":"s","taskReferenceName":"sub","type":"SUB_WORKFLOW","subWorkflowParam":)"
             R"({"name":"c","version":1,"workflowDefinition":{"name":"c","version":1,"tasks":[)" +
             reads + "]}}}"),
      R"({"mocks":{"inner":{}}})");
  ASSERT_THAT(in_place, testing::IsOk());
  EXPECT_TRUE(in_place->passed) << in_place->differences.front();
  EXPECT_THAT(Rehearse(Define(reads), "{}").status().message(), HasSubstr("is not defined"));
}

TEST(RehearsalTest, TaskDefinitionsRuleRetries) {
  const auto report =
      Rehearse(Define(Simple("a")),
               R"({"definitions":[{"name":"a","retryCount":1,"retryDelaySeconds":7}],
          "mocks":{"a":[{"status":"FAILED"},{}]}})");
  ASSERT_THAT(report, testing::IsOk());
  EXPECT_TRUE(report->passed) << report->differences.front();
  EXPECT_EQ(report->virtual_us, 7 * core::kSecondUs);
}

TEST(RehearsalTest, LostTasksAndTimeoutsComeAtTheirTimes) {
  const auto lost = Rehearse(Define(Simple("a")),
                             R"({"definitions":[{"name":"a","retryCount":1,"retryDelaySeconds":0}],
          "mocks":{"a":[{"status":"LOST"},{}]}})");
  ASSERT_THAT(lost, testing::IsOk());
  EXPECT_TRUE(lost->passed) << lost->differences.front();
  EXPECT_EQ(lost->virtual_us / core::kSecondUs, 30);
  const auto late = Rehearse(
      Define(Simple("a")),
      R"({"definitions":[{"name":"a","retryCount":0,"timeoutSeconds":20,"responseTimeoutSeconds":10,
          "timeoutPolicy":"TIME_OUT_WF"}],
          "mocks":{"a":{"after":"1h"}},"expect":{"status":"TIMED_OUT"}})");
  ASSERT_THAT(late, testing::IsOk());
  EXPECT_TRUE(late->passed) << late->differences.front();
}

TEST(RehearsalTest, LoopsTakeMocksByIteration) {
  FakeRunner conditions([](const ports::RunnerTask& task) {
    return task.input.text().find(R"("iteration":3)") == std::string_view::npos ? "true" : "false";
  });
  const auto report =
      Rehearse(Define(R"({"name":"l","taskReferenceName":"loop","type":"DO_WHILE","loopCondition":)"
                      R"("$.loop['iteration'] < 3","loopOver":[)" +
                          Simple("body") + "]}",
                      R"(,"outputParameters":{"second":"${loop.output.2.body.n}"})"),
               R"({"mocks":{"body":{"output":{"n":1}},"body__2":{"output":{"n":2}}},
          "expect":{"output":{"second":2},"executed":["body__1","body__2","body__3"]}})",
               {}, &conditions);
  ASSERT_THAT(report, testing::IsOk());
  EXPECT_TRUE(report->passed) << report->differences.front();
  EXPECT_EQ(conditions.runs, 3);
}

TEST(RehearsalTest, EndlessLoopMeetsABound) {
  const std::string loop =
      Define(R"({"name":"l","taskReferenceName":"loop","type":"DO_WHILE","loopCondition":"true",)"
             R"("loopOver":[)" +
             Simple("body") + "]}");
  const auto events =
      Rehearse(loop, R"({"mocks":{"body":{},"condition loop":{"output":{"result":true}}},
                "limits":{"events":500}})");
  EXPECT_EQ(events.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(events.status().message(), HasSubstr("more than 500 events"));
  const auto time = Rehearse(
      loop, R"({"mocks":{"body":{"after":"30m"},"condition loop":{"output":{"result":true}}},
                "limits":{"virtualTime":"1 day"}})");
  EXPECT_EQ(time.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(time.status().message(), HasSubstr("86400 s of virtual time"));
  FakeRunner scripts([](const ports::RunnerTask&) { return "true"; });
  const auto real = Rehearse(loop, R"({"mocks":{"body":{}}})", {}, &scripts);
  EXPECT_EQ(real.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(real.status().message(), HasSubstr("kRealTasksMax"));
}

TEST(RehearsalTest, ScriptsRunForRealUnlessMocked) {
  FakeRunner scripts([](const ports::RunnerTask&) { return "42"; });
  const std::string definition =
      Define(R"({"name":"i","taskReferenceName":"calc","type":"INLINE","inputParameters":)"
             R"({"evaluatorType":"javascript","expression":"6 * 7"}})",
             R"(,"outputParameters":{"r":"${calc.output.result}"})");
  const auto real = Rehearse(definition, R"({"expect":{"output":{"r":42}}})", {}, &scripts);
  ASSERT_THAT(real, testing::IsOk());
  EXPECT_TRUE(real->passed) << real->differences.front();
  const auto mocked = Rehearse(
      definition, R"({"mocks":{"calc":{"output":{"result":1}}},"expect":{"output":{"r":1}}})", {},
      &scripts);
  ASSERT_THAT(mocked, testing::IsOk());
  EXPECT_TRUE(mocked->passed) << mocked->differences.front();
  EXPECT_EQ(scripts.runs, 1);
}

TEST(FindDifferenceTest, ExpectedIsAPartOfWhatIsFound) {
  EXPECT_EQ(FindDifference("o", R"({"a":1})", R"({"a":1.0,"b":2})", false), "");
  EXPECT_EQ(FindDifference("o", R"({"a":1})", R"({"a":1,"b":2})", true),
            "o.b: expected nothing, found 2");
  EXPECT_EQ(FindDifference("o", R"([1,{"a":"\u0041"}])", R"([1, {"a":"A","b":0}])", false), "");
  EXPECT_EQ(FindDifference("o", "[1]", "[1,2]", false), "o[1]: expected nothing, found 2");
  EXPECT_EQ(FindDifference("o", "[1,2]", "[1]", false), "o[1]: expected 2, found nothing");
  EXPECT_EQ(FindDifference("o", R"({"a":{"b":null}})", R"({"a":{"b":0}})", false),
            "o.a.b: expected null, found 0");
}

}  // namespace
}  // namespace skald::rehearsal
