// What a jq program may rely on (conductor.md 2.18), on a real host.

#include <string>

#include "gmock/gmock.h"
#include "tests/unit/script/runner_fixture.h"

namespace skald::script {
namespace {

using core::TaskStatus;
using ::testing::HasSubstr;
using ::testing::Not;

class JqTest : public RunnerTest {};

TEST_F(JqTest, FirstResultAndAll) {
  EXPECT_EQ(JqValueOf("{sum: (.a | add)}, (.a[] | select(. > 1))", R"(,"a":[1,2,3])"),
            R"({"result":{"sum":6},"resultList":[{"sum":6},2,3]})");
  EXPECT_EQ(JqValueOf("empty"), R"({"result":null,"resultList":[]})");
}

TEST_F(JqTest, WholeInputIsThere) {
  EXPECT_EQ(JqValueOf(".queryExpression"),
            R"({"result":".queryExpression","resultList":[".queryExpression"]})");
}

TEST_F(JqTest, WholeNumbersAreIntegers) {
  EXPECT_EQ(JqValueOf("[3.0, 1e17, .a / 2, -1e15, 0.1, 1e30]", R"(,"a":10)"),
            R"({"result":[3,100000000000000000,5,-1000000000000000,0.1,1e+30],)"
            R"("resultList":[[3,100000000000000000,5,-1000000000000000,0.1,1e+30]]})");
}

TEST_F(JqTest, NumbersThatAreNoneBecomeNullOrTheLargest) {
  EXPECT_EQ(JqValueOf("nan, infinite, -infinite"),
            R"({"result":null,"resultList":[null,1.7976931348623157e+308,)"
            R"(-1.7976931348623157e+308]})");
}

TEST_F(JqTest, TextSurvives) {
  EXPECT_EQ(JqValueOf(".t | ascii_upcase, test(\"^\\\\w+$\")", ",\"t\":\"a\xC3\xA9\""),
            "{\"result\":\"A\xC3\xA9\",\"resultList\":[\"A\xC3\xA9\",true]}");
}

TEST_F(JqTest, ErrorsFail) {
  const auto result = Run(JqTask(".a.b", R"(,"a":1)"));
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.reason, "Cannot index number with string \"b\"");
  EXPECT_EQ(result.output.text(), R"({"error":"Cannot index number with string \"b\""})");
  EXPECT_EQ(result.effect, core::Effect::kNone);
  EXPECT_EQ(Run(JqTask("1, error({a: 1})")).reason, R"({"a":1})");
}

TEST_F(JqTest, ProgramThatDoesNotCompileFails) {
  const auto result = Run(JqTask(".a |"));
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("syntax error"));
  EXPECT_THAT(result.reason, Not(HasSubstr("not available here")));
  EXPECT_THAT(Run(JqTask("nope(1)")).reason, HasSubstr("nope/1 is not defined"));
}

TEST_F(JqTest, WorldOutsideIsRefusedByName) {
  for (const char* name : {"input", "inputs", "input_filename", "env", "halt", "halt_error",
                           "input_line_number", "modulemeta", "get_search_list"}) {
    const auto result = Run(JqTask(name));
    EXPECT_EQ(result.status, TaskStatus::kFailed) << name;
    EXPECT_EQ(result.reason, std::string(name) + " is not available here");
  }
  EXPECT_EQ(JqValueOf("$ENV"), R"({"result":{},"resultList":[{}]})");
  EXPECT_THAT(Run(JqTask(R"(import "a" as a; .)")).reason, HasSubstr("syntax error"));
  EXPECT_THAT(Run(JqTask(R"(include "a"; .)")).reason, HasSubstr("syntax error"));
}

TEST_F(JqTest, HaltTouchesNoOtherTask) {
  ScriptRunnerOptions options = Options();
  options.hosts = options.hosts_max = 1;
  Start(options);
  EXPECT_EQ(JqValueOf("1"), R"({"result":1,"resultList":[1]})");
  const auto pids = runner_->HostPids();
  EXPECT_EQ(Run(JqTask("halt")).status, TaskStatus::kFailed);
  EXPECT_EQ(JqValueOf("1"), R"({"result":1,"resultList":[1]})");
  EXPECT_EQ(runner_->HostPids(), pids);
}

TEST_F(JqTest, ProgramThatWasStoppedHalfWayStartsAnew) {
  ScriptRunnerOptions options = Options();
  options.hosts = options.hosts_max = 1;
  options.bounds.output_bytes = 1'000;
  Start(options);
  constexpr std::string_view kProgram = "range(.n)";
  EXPECT_EQ(Run(JqTask(kProgram, R"(,"n":100000)")).status, TaskStatus::kFailed);
  EXPECT_EQ(JqValueOf(kProgram, R"(,"n":2)"), R"({"result":0,"resultList":[0,1]})");
}

TEST_F(JqTest, ResultIsBounded) {
  ScriptRunnerOptions options = Options();
  options.hosts = options.hosts_max = 1;
  options.bounds.output_bytes = 1 << 20;
  Start(options);
  const auto wide = Run(JqTask("[range(1000000)]"));
  EXPECT_EQ(wide.status, TaskStatus::kFailed);
  EXPECT_THAT(wide.reason, HasSubstr("more bytes than kStepOutputBytesMax (1048576; fixed in"));
  const auto deep = Run(JqTask("reduce range(200) as $i (1; [.])"));
  EXPECT_EQ(deep.status, TaskStatus::kFailed);
  EXPECT_THAT(deep.reason, HasSubstr("nested deeper than kJsonDepthMax (100; fixed"));
}

}  // namespace
}  // namespace skald::script
