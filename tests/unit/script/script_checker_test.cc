#include "engine/script/script_checker.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/unit/script/runner_fixture.h"

namespace skald::script {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using ScriptCheckerTest = RunnerTest;

std::vector<std::string> Messages(ScriptRunner& runner, const std::vector<std::string>& scripts) {
  const auto messages = ScriptChecker(runner).Check(scripts);
  EXPECT_TRUE(messages.ok()) << messages.status();
  return messages.value_or(std::vector<std::string>());
}

TEST_F(ScriptCheckerTest, WhatDoesNotParseIsSaid) {
  Start();
  EXPECT_THAT(Messages(*runner_, {"((( ", "$.a > 1", "let x;\nlet x;", "return 1",
                                  "(function(){return 1})()"}),
              ElementsAre(StartsWith("SyntaxError: "), "",
                          AllOf(StartsWith("SyntaxError: "), HasSubstr("(line 2)")),
                          StartsWith("SyntaxError: "), ""));
}

TEST_F(ScriptCheckerTest, NoScriptIsRun) {
  Start();
  EXPECT_THAT(Messages(*runner_, {"while (true) {}", "throw new SyntaxError('mine')", "gone()",
                                  "function SyntaxError() {}", "function eval() {} (((", "(((",
                                  "const a = 1", "const a = 2"}),
              ElementsAre("", "", "", "", StartsWith("SyntaxError: "), StartsWith("SyntaxError: "),
                          "", ""));
}

// What the checker asks is answered with `result_`, or never.
class StillRunner : public ports::TaskRunner {
 public:
  std::vector<std::string> TaskTypes() const override { return {"INLINE"}; }
  std::size_t Capacity() const override { return 1; }
  void Run(ports::RunnerTask task, Done done) override {
    asked_ = std::move(task);
    if (answers_) done(result_);
  }
  void Cancel(std::string_view task_id) override { canceled_ = task_id; }

  bool answers_ = true;
  ports::RunnerResult result_;
  ports::RunnerTask asked_;
  std::string canceled_;
};

TEST(ScriptCheckerWithoutHostTest, NobodyWaitsForLong) {
  StillRunner runner;
  runner.answers_ = false;
  ScriptChecker checker(runner, 1);
  const auto messages = checker.Check({"1"});
  EXPECT_EQ(messages.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(messages.status().message()), HasSubstr("kCheckWaitMsMax (1; fixed"));
  EXPECT_EQ(runner.canceled_, runner.asked_.task_id);
}

TEST(ScriptCheckerWithoutHostTest, HostsThatCannotAreNotBelieved) {
  StillRunner runner;
  ScriptChecker checker(runner);
  runner.result_.status = core::TaskStatus::kFailed;
  runner.result_.reason = "no host";
  EXPECT_THAT(std::string(checker.Check({"1"}).status().message()), HasSubstr("no host"));
  runner.result_ = {.output = core::Payload(R"({"result":["",""]})")};
  EXPECT_EQ(checker.Check({"1"}).status().code(), absl::StatusCode::kUnavailable);
  runner.asked_ = {};
  EXPECT_TRUE(checker.Check({}).ok());
  EXPECT_EQ(runner.asked_.task_id, "");
}

}  // namespace
}  // namespace skald::script
