#include "engine/script/task_plan.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace skald::script {
namespace {

using core::TaskStatus;
using ports::RunnerResult;
using ports::RunnerTask;
using ::testing::HasSubstr;

RunnerTask Task(std::string type, std::string settings, std::string input) {
  return {.task_type = std::move(type),
          .settings = core::Payload(std::move(settings)),
          .input = core::Payload(std::move(input))};
}

TaskPlan PlanOf(const RunnerTask& task) {
  auto planned = PlanTask(task, {});
  if (auto* result = std::get_if<RunnerResult>(&planned)) {
    ADD_FAILURE() << "ended already: " << result->reason;
    return {};
  }
  return std::get<TaskPlan>(planned);
}

RunnerResult ResultOf(const RunnerTask& task) {
  auto planned = PlanTask(task, {});
  if (std::holds_alternative<TaskPlan>(planned)) {
    ADD_FAILURE() << "wants an evaluation";
    return {};
  }
  return std::get<RunnerResult>(planned);
}

RunnerResult Finish(const RunnerTask& task, Verdict verdict) {
  return FinishTask(PlanOf(task), verdict, {});
}

std::string OutputOf(const RunnerTask& task, std::string value) {
  const RunnerResult result = Finish(task, {.text = std::move(value)});
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  return std::string(result.output.text());
}

const Verdict kThrown = {.outcome = Outcome::kScriptError, .text = "Error: boom (line 1)"};

// ---- INLINE (2.17) ----

TEST(InlineTest, ReadsItsInputAndWritesResult) {
  const RunnerTask task = Task("INLINE", "", R"({"evaluatorType":"graaljs","expression":"$.a"})");
  const TaskPlan plan = PlanOf(task);
  EXPECT_EQ(plan.source, "$.a");
  EXPECT_EQ(plan.language, Language::kJavaScript);
  EXPECT_EQ(plan.input, task.input);
  EXPECT_EQ(plan.time_ms, kEvaluationMsMax);
  EXPECT_EQ(OutputOf(task, R"({"x":[1]})"), R"({"result":{"x":[1]}})");
}

TEST(InlineTest, ExpressionOfTheSettingsComesFirst) {
  const RunnerTask task =
      Task("INLINE", R"({"evaluatorType":"javascript","expression":"$.expression + '!'"})",
           R"({"evaluatorType":"cobol","expression":"of the input"})");
  EXPECT_EQ(PlanOf(task).source, "$.expression + '!'");
  EXPECT_EQ(OutputOf(task, R"("x")"), R"({"result":"x"})");
  EXPECT_EQ(PlanOf(Task("INLINE", "{}", R"({"expression":"1"})")).source, "1");
  EXPECT_EQ(PlanOf(Task("INLINE", R"({"expression":null})", R"({"expression":"1"})")).source, "1");
}

TEST(InlineTest, EvaluatorIsJavaScriptUnlessNamed) {
  EXPECT_EQ(PlanOf(Task("INLINE", "", R"({"expression":"1"})")).source, "1");
  EXPECT_EQ(PlanOf(Task("INLINE", "", R"({"evaluatorType":null,"expression":"1"})")).source, "1");
  EXPECT_EQ(PlanOf(Task("INLINE", "", R"({"evaluatorType":"","expression":"1"})")).source, "1");
}

TEST(InlineTest, UnknownEvaluatorIsNamed) {
  const auto result = ResultOf(Task("INLINE", "", R"({"evaluatorType":"cobol","expression":"1"})"));
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.reason, "No evaluator registered for type: cobol");
  EXPECT_EQ(result.output.text(), R"({"error":"No evaluator registered for type: cobol"})");
  EXPECT_EQ(result.effect, core::Effect::kNone);
}

TEST(InlineTest, PythonIsRefusedByName) {
  const auto result =
      ResultOf(Task("INLINE", "", R"({"evaluatorType":"python","expression":"1"})"));
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_THAT(result.reason, HasSubstr("'python' is not available"));
}

TEST(InlineTest, MissingExpressionIsNamed) {
  for (const char* input :
       {"", "{}", R"({"expression":null})", R"({"expression":"  \n"})", R"({"expression":7})"}) {
    const auto result = ResultOf(Task("INLINE", "", input));
    EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError) << input;
    EXPECT_THAT(result.reason, HasSubstr("Empty 'expression' in INLINE task's input parameters"));
  }
}

TEST(InlineTest, ValueParamNeedsNoScript) {
  const auto result = ResultOf(
      Task("INLINE", "", R"({"evaluatorType":"value-param","expression":"k","k":{"a":1}})"));
  EXPECT_EQ(result.status, TaskStatus::kCompleted);
  EXPECT_EQ(result.output.text(), R"({"result":{"a":1}})");
  EXPECT_EQ(ResultOf(Task("INLINE", "", R"({"evaluatorType":"value-param","expression":"k"})"))
                .output.text(),
            R"({"result":null})");
}

TEST(InlineTest, WhatTheScriptThrowsIsFinal) {
  const auto result = Finish(Task("INLINE", "", R"({"expression":"1"})"), kThrown);
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.reason, "Error: boom (line 1)");
  EXPECT_EQ(result.output.text(), R"x({"error":"Error: boom (line 1)"})x");
  EXPECT_EQ(result.effect, core::Effect::kNone);
}

TEST(InlineTest, WhatIsNotTheScriptsFaultMayBeTriedAgain) {
  for (const Outcome outcome : {Outcome::kHostLost, Outcome::kCanceled}) {
    const auto result = Finish(Task("INLINE", "", R"({"expression":"1"})"), {.outcome = outcome});
    EXPECT_EQ(result.status, TaskStatus::kFailed);
    EXPECT_EQ(result.effect, core::Effect::kNone);
  }
}

TEST(InlineTest, EveryLimitIsNamed) {
  const RunnerTask task = Task("INLINE", "", R"({"expression":"1"})");
  EXPECT_EQ(Finish(task, {.outcome = Outcome::kOutOfTime}).reason,

            "the script took longer than 4000 ms: script_time_limit_ms (4000; raised by "
            "--script-time-limit-ms)");
  EXPECT_EQ(Finish(task, {.outcome = Outcome::kOutOfMemory}).reason,

            "the script took more than 64 MiB of memory: script_memory_mib (64; raised by "
            "--script-memory-mib)");
  EXPECT_EQ(Finish(task, {.outcome = Outcome::kHostCrashed, .text = "signal 11"}).reason,
            "the script ended the process that ran it: signal 11");
  EXPECT_EQ(Finish(task, {.outcome = Outcome::kOutputTooLarge, .text = "too large"}).reason,
            "too large");
}

TEST(InlineTest, SourceIsBounded) {
  const std::string source(kSourceBytesMax + 1, '1');
  const auto result = ResultOf(Task("INLINE", "", R"({"expression":")" + source + R"("})"));
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.reason,
            "'expression' has 262145 bytes; at most kSourceBytesMax (262144; fixed in "
            "engine/script/limits.h) are allowed");
}

TEST(InlineTest, OutputIsBounded) {
  const RunnerTask task = Task("INLINE", "", R"({"expression":"1"})");
  const auto result =
      FinishTask(PlanOf(task), {.text = '"' + std::string(100, 'x') + '"'}, {.output_bytes = 100});
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.reason,
            "the output has 113 bytes; at most kStepOutputBytesMax (100; fixed in "
            "engine/core/limits.h) are allowed");
}

TEST(InlineTest, WhatAHostSaysIsCheckedToBeJson) {
  const RunnerTask task = Task("INLINE", "", R"({"expression":"1"})");
  for (const char* text : {"", "{", "1}", "\"\xFF\"", "NaN"}) {
    const auto result = Finish(task, {.text = text});
    EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError) << text;
    EXPECT_THAT(result.reason, HasSubstr("malformed JSON")) << text;
  }
}

TEST(InlineTest, DepthOfTheOutputIsBounded) {
  const RunnerTask task = Task("INLINE", "", R"({"expression":"1"})");
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(Finish(task, {.text = nested(kJsonDepthMax - 1)}).status, TaskStatus::kCompleted);
  EXPECT_EQ(Finish(task, {.text = nested(kJsonDepthMax)}).status,
            TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(Finish(task, {.text = nested(kJsonDepthMax + 1)}).status,
            TaskStatus::kFailedWithTerminalError);
}

TEST(InlineTest, AttemptsOwnTimeLowersTheBoundOnly) {
  RunnerTask task = Task("INLINE", "", R"({"expression":"1"})");
  task.timeout_us = 1'500'000;
  EXPECT_EQ(PlanOf(task).time_ms, 1'500U);
  task.timeout_us = 1;
  EXPECT_EQ(PlanOf(task).time_ms, 1U);
  task.timeout_us = 60 * core::kSecondUs;
  EXPECT_EQ(PlanOf(task).time_ms, kEvaluationMsMax);
}

// ---- LAMBDA (2.17) ----

TEST(LambdaTest, ScriptIsTheBodyOfAFunction) {
  const RunnerTask task = Task("LAMBDA", "", R"({"scriptExpression":"return 1 // one"})");
  EXPECT_EQ(PlanOf(task).source, "(function(){return 1 // one\n})()");
  EXPECT_EQ(OutputOf(task, "1"), R"({"result":1})");
}

TEST(LambdaTest, FaultsMayBeTriedAgain) {
  const auto result = Finish(Task("LAMBDA", "", R"({"scriptExpression":"1"})"), kThrown);
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.output.text(), R"x({"error":"Error: boom (line 1)"})x");
  EXPECT_EQ(ResultOf(Task("LAMBDA", "", "{}")).status, TaskStatus::kFailed);
}

// ---- JSON_JQ_TRANSFORM (2.18) ----

TEST(JqPlanTest, FirstResultAndAllResults) {
  const RunnerTask task = Task("JSON_JQ_TRANSFORM", "", R"({"queryExpression":".a"})");
  EXPECT_EQ(PlanOf(task).language, Language::kJq);
  EXPECT_EQ(OutputOf(task, R"([{"a":1},2])"), R"({"result":{"a":1},"resultList":[{"a":1},2]})");
  EXPECT_EQ(OutputOf(task, "[]"), R"({"result":null,"resultList":[]})");
}

TEST(JqPlanTest, MissingQueryIsNamed) {
  const auto result = ResultOf(Task("JSON_JQ_TRANSFORM", "", "{}"));
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.reason, "Missing 'queryExpression' in input parameters");
}

TEST(JqPlanTest, FaultsMayBeTriedAgain) {
  const auto result = Finish(Task("JSON_JQ_TRANSFORM", "", R"({"queryExpression":".a"})"), kThrown);
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.output.text(), R"x({"error":"Error: boom (line 1)"})x");
}

// ---- SWITCH and DECISION (2.8) ----

TEST(SwitchTest, ValueIsWrittenAsText) {
  const RunnerTask task = Task("SWITCH", R"({"evaluatorType":"javascript","expression":"$.a"})",
                               R"({"expression":"no"})");
  EXPECT_EQ(PlanOf(task).source, "$.a");
  EXPECT_EQ(OutputOf(task, R"("x\"y")"), R"({"evaluationResult":["x\"y"],"selectedCase":"x\"y"})");
  EXPECT_EQ(OutputOf(task, "3"), R"({"evaluationResult":["3"],"selectedCase":"3"})");
  EXPECT_EQ(OutputOf(task, "true"), R"({"evaluationResult":["true"],"selectedCase":"true"})");
  EXPECT_EQ(OutputOf(task, "null"), R"({"evaluationResult":["null"],"selectedCase":"null"})");
}

TEST(SwitchTest, ValueParamIsAKeyOfTheInput) {
  const auto result = ResultOf(Task(
      "SWITCH", R"({"evaluatorType":"value-param","expression":"kind"})", R"({"kind":"air"})"));
  EXPECT_EQ(result.output.text(), R"({"evaluationResult":["air"],"selectedCase":"air"})");
}

TEST(SwitchTest, FaultFailsAndUnknownEvaluatorIsFinal) {
  const auto thrown = Finish(Task("SWITCH", R"({"expression":"x"})", "{}"), kThrown);
  EXPECT_EQ(thrown.status, TaskStatus::kFailed);
  EXPECT_EQ(thrown.effect, core::Effect::kNone);
  const auto unknown =
      ResultOf(Task("SWITCH", R"({"evaluatorType":"cobol","expression":"x"})", "{}"));
  EXPECT_EQ(unknown.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(unknown.reason, "No evaluator registered for type: cobol");
}

TEST(DecisionTest, ValueIsKeptAsItIs) {
  const RunnerTask task = Task("DECISION", R"({"caseExpression":"$.a"})", R"({"a":1})");
  EXPECT_EQ(OutputOf(task, "1"), R"({"caseOutput":[1]})");
  EXPECT_EQ(Finish(task, kThrown).status, TaskStatus::kFailed);
}

// ---- DO_WHILE (2.9) ----

TEST(DoWhileTest, OnlyTrueAndPositiveNumbersGoOn) {
  const RunnerTask task = Task("DO_WHILE", R"({"loopCondition":"$.n < 3"})", R"({"n":1})");
  const std::string yes = R"({"result":true})";
  const std::string no = R"({"result":false})";
  EXPECT_EQ(OutputOf(task, "true"), yes);
  EXPECT_EQ(OutputOf(task, "false"), no);
  for (const char* value : {"1", "0.5", "1e-7", "12e3"}) EXPECT_EQ(OutputOf(task, value), yes);
  for (const char* value : {"0", "-1", "-0.5", "0.0", "0e5", "null", "\"true\"", "[1]", "{}"}) {
    EXPECT_EQ(OutputOf(task, value), no) << value;
  }
}

TEST(DoWhileTest, NoConditionEndsTheLoop) {
  EXPECT_EQ(ResultOf(Task("DO_WHILE", "{}", "{}")).output.text(), R"({"result":false})");
  EXPECT_EQ(ResultOf(Task("DO_WHILE", R"({"loopCondition":null})", "{}")).output.text(),
            R"({"result":false})");
}

TEST(DoWhileTest, FaultNamesTheCondition) {
  const auto result = Finish(Task("DO_WHILE", R"({"loopCondition":"$.n <"})", "{}"), kThrown);
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.reason, "Unable to evaluate condition $.n <, exception Error: boom (line 1)");
  EXPECT_EQ(result.effect, core::Effect::kNone);
}

TEST(TaskPlanTest, UnknownTypeIsRefused) {
  EXPECT_EQ(ResultOf(Task("HTTP", "{}", "{}")).status, TaskStatus::kFailedWithTerminalError);
}

}  // namespace
}  // namespace skald::script
