// What compiling steps made at run time takes, refuses, numbers and links.
#include "engine/core/definition_added.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/core/java_text.h"
#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kDynamic[] =
    R"({"name":"w","tasks":[{"name":"a","taskReferenceName":"a"},)"
    R"({"name":"d","taskReferenceName":"d","type":"DYNAMIC","dynamicTaskNameParam":"n"},)"
    R"({"name":"b","taskReferenceName":"b"}]})";

Payload ListOf(const std::string& tasks, const std::string& inputs = "{}",
               const TaskDefinitions& definitions = {}) {
  return ComposeStepList(tasks, inputs, definitions);
}

std::string FirstMistake(const Definition& definition, const Payload& source) {
  const auto parsed = CompileStepList(definition, AddedSteps(), 1, source, false);
  return parsed.ok() ? "" : parsed.mistakes.front().path + ": " + parsed.mistakes.front().message;
}

TEST(DefinitionAddedTest, AStepStandsInForItsMaker) {
  const Definition definition = MustParse(kDynamic);
  const auto parsed = CompileStepList(
      definition, AddedSteps(), 1,
      ListOf(R"([{"name":"t","taskReferenceName":"d","inputParameters":{"x":"${a.output.x}"}}])",
             R"({"d":{"given":1}})",
             {{"t", Payload(R"({"name":"t","retryCount":7})")}, {"other", Payload()}}),
      false);
  ASSERT_TRUE(parsed.ok());
  const StepList& list = **parsed.value;
  EXPECT_EQ(list.first, 3U);
  EXPECT_THAT(list.heads, ElementsAre(3U));
  const Step& step = list.steps.front();
  EXPECT_EQ(step.index, 3U);
  EXPECT_EQ(step.instead_of, 1U);
  EXPECT_EQ(step.next, 2U);
  EXPECT_EQ(step.parent, kNoStep);
  EXPECT_THAT(step.reads, ElementsAre(0U));
  EXPECT_EQ(step.task.retry.retry_count, 7);
  EXPECT_EQ(step.given_input.text(), R"({"given":1})");
}

TEST(DefinitionAddedTest, AddedStepsAreFoundByNumberAndName) {
  const Definition definition = MustParse(kDynamic);
  AddedSteps added;
  EXPECT_EQ(added.count(), 0U);
  for (const char* type : {"t", "u"}) {
    const std::string tasks =
        R"([{"name":")" + std::string(type) + R"(","taskReferenceName":"d"}])";
    StepsAdded event{.step = 1, .steps = ListOf(tasks, "{}", {{type, Payload()}})};
    ASSERT_TRUE(CompileSteps(definition, added, event).ok());
    added.Append(event.compiled);
  }
  EXPECT_EQ(added.count(), 2U);
  EXPECT_TRUE(HasStep(definition, added, 4));
  EXPECT_FALSE(HasStep(definition, added, 5));
  EXPECT_EQ(StepOf(definition, added, 3).name, "t");
  EXPECT_EQ(StepOf(definition, added, 4).name, "u");
  EXPECT_EQ(StepOf(definition, added, 2).name, "b");
  EXPECT_EQ(added.NewestOf(1)->first, 4U);
  EXPECT_EQ(added.NewestOf(0), nullptr);
  // The name means the DYNAMIC step, whatever it turned out to be.
  EXPECT_EQ(FindStep(definition, added, "d"), 1U);
  EXPECT_EQ(FindStep(definition, added, "nobody"), kNoStep);
  ASSERT_NE(added.TaskDefinition("u"), nullptr);
  EXPECT_TRUE(added.TaskDefinition("u")->empty());
  EXPECT_EQ(added.TaskDefinition("v"), nullptr);
  const AddedSteps copy = added;
  EXPECT_TRUE(copy == added);
  EXPECT_FALSE(copy == AddedSteps());
}

TEST(DefinitionAddedTest, NamesThatAreNotKnownAreWanted) {
  const Definition definition = MustParse(kDynamic);
  const std::string tasks =
      R"([{"name":"t","taskReferenceName":"x","compensateWith":"undo_t"},)"
      R"({"name":"s","taskReferenceName":"y","taskDefinition":{"retryCount":1}}])";
  EXPECT_THAT(TaskDefinitionsWanted(definition, tasks, {}), ElementsAre("t", "undo_t"));
  EXPECT_THAT(TaskDefinitionsWanted(definition, tasks, {{"t", Payload()}}), ElementsAre("undo_t"));
  EXPECT_THAT(TaskDefinitionsWanted(definition, "[]", {}), IsEmpty());
  // The undo that a known task definition names.
  EXPECT_THAT(TaskDefinitionsWanted(definition, R"([{"name":"t","taskReferenceName":"x"}])",
                                    {{"t", Payload(R"({"name":"t","compensateWith":"z"})")}}),
              ElementsAre("z"));
}

TEST(DefinitionAddedTest, MistakesAreSaidWithTheirPlace) {
  const Definition definition = MustParse(kDynamic);
  EXPECT_THAT(FirstMistake(definition, ListOf("[1]")), HasSubstr("tasks[0]: must be an object"));
  EXPECT_THAT(FirstMistake(definition, ListOf(R"([{"name":"t"}])")),
              HasSubstr("tasks[0].taskReferenceName"));
  EXPECT_THAT(FirstMistake(definition, ListOf(R"([{"name":"t","taskReferenceName":"x"},)"
                                              R"({"name":"t","taskReferenceName":"x"}])")),
              HasSubstr("should be unique"));
  EXPECT_THAT(FirstMistake(definition, Payload("{}")), HasSubstr("tasks"));
  EXPECT_THAT(FirstMistake(definition, Payload()), HasSubstr("tasks"));
}

TEST(DefinitionAddedTest, APivotIsMadeAlone) {
  const Definition definition = MustParse(kDynamic);
  const std::string pivot = R"({"name":"t","taskReferenceName":"x","saga":{"kind":"PIVOT"}})";
  const std::string reading = R"({"name":"t","taskReferenceName":"y","saga":{"kind":"READ_ONLY"}})";
  EXPECT_EQ(FirstMistake(definition, ListOf("[" + pivot + "]")), "");
  EXPECT_THAT(FirstMistake(definition, ListOf("[" + pivot + "," + reading + "]")),
              HasSubstr("(V3)"));
}

TEST(DefinitionAddedTest, DamagedEventsAreErrors) {
  const Definition definition = MustParse(kDynamic);
  StepsAdded nowhere{.step = 9, .steps = ListOf("[]")};
  EXPECT_EQ(CompileSteps(definition, AddedSteps(), nowhere).code(),
            absl::StatusCode::kInvalidArgument);
  StepsAdded damaged{.step = 1, .steps = Payload(R"({"tasks":7})")};
  EXPECT_EQ(CompileSteps(definition, AddedSteps(), damaged).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(JavaTextTest, MapsAndListsAreShownAsJavaDoes) {
  EXPECT_EQ(JavaText(R"({"a" : 1, "b" :["x y",null,{"c":true}], "d":{}})"),
            "{a=1, b=[x y, null, {c=true}], d={}}");
  EXPECT_EQ(JavaText("null"), "null");
  EXPECT_EQ(JavaText(R"("t\n")"), "t\n");
}

}  // namespace
}  // namespace skald::core
