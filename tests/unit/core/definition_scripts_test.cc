#include "engine/core/definition_scripts.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace skald::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

auto Is(const std::string& path, const std::string& source) {
  return AllOf(Field(&StepScript::path, path), Field(&StepScript::source, source));
}

std::vector<StepScript> ScriptOf(const std::string& tasks) {
  return ScriptsIn(R"({"name":"w","tasks":)" + tasks + "}");
}

TEST(DefinitionScriptsTest, EachTypeSaysItsScript) {
  EXPECT_THAT(
      ScriptOf(R"([
      {"type":"SWITCH","evaluatorType":"javascript","expression":"a"},
      {"type":"DECISION","caseExpression":"b"},
      {"type":"DO_WHILE","loopCondition":"c"},
      {"type":"INLINE","inputParameters":{"evaluatorType":"graaljs","expression":"d"}},
      {"type":"LAMBDA","inputParameters":{"scriptExpression":"return e"}}])"),
      ElementsAre(Is("tasks[0].expression", "a"), Is("tasks[1].caseExpression", "b"),
                  Is("tasks[2].loopCondition", "c"), Is("tasks[3].inputParameters.expression", "d"),
                  Is("tasks[4].inputParameters.scriptExpression", "(function(){return e\n})()")));
}

TEST(DefinitionScriptsTest, WhatIsNoScriptIsLeftOut) {
  EXPECT_THAT(ScriptOf(R"([
      {"type":"SWITCH","evaluatorType":"value-param","expression":"((("},
      {"type":"INLINE","inputParameters":{"evaluatorType":"python","expression":"((("}},
      {"type":"INLINE","inputParameters":{"expression":"((( ${workflow.input.script}"}},
      {"type":"INLINE","inputParameters":{"expression":7}},
      {"type":"SIMPLE","expression":"(((","inputParameters":{"expression":"((("}},
      {"type":"DECISION","caseValueParam":"x"},{"type":"DO_WHILE","loopCondition":" "},7])"),
              IsEmpty());
}

TEST(DefinitionScriptsTest, NestedStepsHaveTheirPaths) {
  EXPECT_THAT(
      ScriptOf(R"([{"type":"FORK_JOIN","forkTasks":[[],[{"type":"DECISION","caseExpression":"a"}]]},
      {"type":"DO_WHILE","loopOver":[{"type":"SWITCH","expression":"b","decisionCases":
        {"x":[{"type":"DECISION","caseExpression":"c"}]},
        "defaultCase":[{"type":"DECISION","caseExpression":"d"}]}]}])"),
      ElementsAre(Is("tasks[0].forkTasks[1][0].caseExpression", "a"),
                  Is("tasks[1].loopOver[0].expression", "b"),
                  Is("tasks[1].loopOver[0].decisionCases.x[0].caseExpression", "c"),
                  Is("tasks[1].loopOver[0].defaultCase[0].caseExpression", "d")));
}

// The parser tells what is wrong with these.
TEST(DefinitionScriptsTest, MistakesOfOthersArePassedOver) {
  EXPECT_THAT(ScriptsIn(""), IsEmpty());
  EXPECT_THAT(ScriptsIn("{"), IsEmpty());
  EXPECT_THAT(ScriptsIn("[]"), IsEmpty());
  EXPECT_THAT(ScriptOf("{}"), IsEmpty());
  EXPECT_THAT(ScriptOf(R"([{"type":"FORK_JOIN","forkTasks":{}},{"type":"DO_WHILE","loopOver":7}])"),
              IsEmpty());
}

}  // namespace
}  // namespace skald::core
