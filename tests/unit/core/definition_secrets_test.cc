// Where a definition may name secrets, and what its maskedFields may be.
#include "engine/core/definition_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/core/definition_added.h"
#include "tests/unit/core/definition_builder.h"

namespace skald::core {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What the decision itself reads would have to be stored.
TEST(DefinitionSecretsTest, SecretsStandWhereTheyAreHandedOver) {
  const std::string input = R"("inputParameters":{"k":"${workflow.secrets.key}")";
  const auto step = [&](const std::string& type, const std::string& more) {
    return R"({"name":"a","taskReferenceName":"a","type":")" + type + "\"," + input + more + "}";
  };
  for (const auto& [type, more] : std::map<std::string, std::string>{
           {"SIMPLE", "}"},
           {"HTTP", R"(,"uri":"x","method":"GET"})"},
           {"INLINE", R"(,"expression":"1"})"},
           {"DYNAMIC", R"(},"dynamicTaskNameParam":"n")"},
           {"SWITCH",
            R"(},"evaluatorType":"javascript","expression":"1","decisionCases":{"x":[]})"},
           {"DO_WHILE", R"(},"loopCondition":"false","loopOver":[{"name":"b",)"
                        R"("taskReferenceName":"b"}])"}}) {
    EXPECT_THAT(Parse(Of(step(type, more))).mistakes, IsEmpty()) << type;
  }
  for (const auto& [type, more] : std::map<std::string, std::string>{
           {"SUB_WORKFLOW", R"(},"subWorkflowParam":{"name":"c"})"},
           {"START_WORKFLOW", R"(,"startWorkflow":{"name":"c"}})"},
           {"SET_VARIABLE", "}"},
           {"EVENT", R"(},"sink":"conductor")"},
           {"HUMAN", "}"},
           {"WAIT", "}"},
           {"UPDATE_TASK", "}"},
           {"GET_WORKFLOW", "}"},
           {"TERMINATE", R"(,"terminationStatus":"COMPLETED"})"},
           {"SWITCH",
            R"(},"evaluatorType":"value-param","expression":"k","decisionCases":{"x":[]})"}}) {
    EXPECT_THAT(Parse(Of(step(type, more))).mistakes,
                Contains(At("tasks[0].inputParameters", "${workflow.secrets.key}: what a " + type)))
        << type;
  }
  const auto output = Parse(R"({"name":"w","tasks":[{"name":"a","taskReferenceName":"a"}],
      "outputParameters":{"k":"${workflow.secrets.key}"}})");
  EXPECT_THAT(output.mistakes,
              ElementsAre(At("outputParameters", "a workflow's output is stored")));
}

TEST(DefinitionMaskedTest, MaskedFieldsAreNames) {
  const auto with = [](const std::string& value) {
    return Parse(R"({"name":"w","tasks":[{"name":"a","taskReferenceName":"a"}],"maskedFields":)" +
                 value + "}");
  };
  EXPECT_EQ(with(R"(["b","a"])").value->masked.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(with("null").value->masked.empty());
  EXPECT_THAT(with(R"(["a",1])").mistakes, ElementsAre(At("maskedFields[1]", "must be a string")));
  EXPECT_THAT(with("7").mistakes, ElementsAre(At("maskedFields", "")));
}

TEST(DefinitionMaskedTest, CacheOfAWorkflowIsWarnedOf) {
  const auto parsed = Parse(Of(R"({"name":"a","taskReferenceName":"a"})",
                               R"(,"cacheConfig":{"key":"k","ttlInSecond":5})"));
  EXPECT_TRUE(parsed.ok());
  EXPECT_THAT(parsed.warnings, ElementsAre(At("cacheConfig", "does nothing for a workflow")));
}

// A DYNAMIC step may turn out to be one that must not have any: it is asked again then.
TEST(DefinitionSecretsTest, MadeStepsAreAskedToo) {
  const Definition definition = Good(
      R"({"name":"w","tasks":[{"name":"d","taskReferenceName":"d","type":"DYNAMIC",
          "dynamicTaskNameParam":"n","inputParameters":{"n":"HUMAN"}}]})");
  const Payload steps(
      R"({"tasks":[{"name":"d","taskReferenceName":"d","type":"HUMAN",
          "inputParameters":{"k":"${workflow.secrets.key}"}}],"inputs":{},"taskDefinitions":{}})");
  EXPECT_THAT(CompileStepList(definition, {}, 0, steps, false).mistakes,
              ElementsAre(At("tasks[0].inputParameters", "what a HUMAN step is given")));
  EXPECT_THAT(CompileStepList(definition, {}, 0, steps, true).mistakes, IsEmpty());
}

// An undo by a person or a workflow is stored with its input; a worker's is not.
TEST(DefinitionSecretsTest, UndosAreAskedToo) {
  const auto undo = [](const std::string& compensation) {
    return Parse(
        Of(R"({"name":"a","taskReferenceName":"a","saga":{"compensation":)" + compensation + "}}"));
  };
  const std::string input = R"("inputParameters":{"k":"${workflow.secrets.key}"})";
  EXPECT_THAT(undo(R"({"name":"u",)" + input + "}").mistakes, IsEmpty());
  EXPECT_THAT(undo(R"({"name":"u","type":"HUMAN",)" + input + "}").mistakes,
              ElementsAre(At("tasks[0].saga.compensation.inputParameters", "an undo by HUMAN")));
}

}  // namespace
}  // namespace skald::core
