#include "engine/core/definition_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "engine/core/json_scan.h"
#include "engine/core/task_limits.h"
#include "tests/unit/core/definition_builder.h"

namespace skald::core {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kForked[] = R"(
  {"name":"quote","taskReferenceName":"quote"},
  {"name":"f","taskReferenceName":"both","type":"FORK_JOIN","forkTasks":[
    [{"name":"hold","taskReferenceName":"flight"},{"name":"pay","taskReferenceName":"paid"}],
    [{"name":"hold","taskReferenceName":"hotel"}]]},
  {"name":"j","taskReferenceName":"joined","type":"JOIN","joinOn":["paid","hotel"]},
  {"name":"s","taskReferenceName":"choose","type":"SWITCH","evaluatorType":"value-param",
   "expression":"way","inputParameters":{"way":"${hotel.output.way}"},
   "decisionCases":{"car":[{"name":"car","taskReferenceName":"car"}],"none":[]},
   "defaultCase":[{"name":"train","taskReferenceName":"train"}]})";

TEST(DefinitionParserTest, BuildsTheFlatTree) {
  const Definition definition =
      Good(Of(kForked, R"(,"version":7,"outputParameters":{"x":"${car}"})"));
  ASSERT_THAT(definition.steps, SizeIs(9));
  const auto at = [&](std::string_view reference) -> const Step& {
    return definition.steps[definition.Find(reference)];
  };
  EXPECT_EQ(definition.version, 7);
  EXPECT_EQ(definition.name_space, "default");
  EXPECT_THAT(definition.roots, ElementsAre(at("quote").index, at("both").index, at("joined").index,
                                            at("choose").index));
  EXPECT_EQ(at("quote").next, at("both").index);
  EXPECT_EQ(at("choose").next, kNoStep);
  ASSERT_THAT(at("both").branches, SizeIs(2));
  EXPECT_THAT(at("both").branches[0].steps, ElementsAre(at("flight").index, at("paid").index));
  EXPECT_EQ(at("hotel").parent, at("both").index);
  EXPECT_EQ(at("hotel").branch, 1u);
  EXPECT_EQ(at("flight").next, at("paid").index);
  EXPECT_EQ(at("paid").next, kNoStep);
  EXPECT_THAT(at("joined").join_on, ElementsAre(at("paid").index, at("hotel").index));
  EXPECT_THAT(at("paid").joined_by, ElementsAre(at("joined").index));
  ASSERT_THAT(at("choose").branches, SizeIs(2));
  EXPECT_EQ(at("choose").branches[0].key, "car");
  EXPECT_THAT(at("choose").branches[1].steps, IsEmpty());
  ASSERT_TRUE(at("choose").otherwise.has_value());
  EXPECT_EQ(at("train").branch, 2u);
  EXPECT_EQ(at("choose").switch_parameter, "way");
  EXPECT_THAT(at("choose").reads, ElementsAre(at("hotel").index));
  EXPECT_THAT(definition.output_reads, ElementsAre(at("car").index));
  EXPECT_EQ(definition.Find("nobody"), kNoStep);
  for (const Step& step : definition.steps) {
    EXPECT_TRUE(step.parent == kNoStep || step.parent < step.index);
  }
}

// conductor.md 1.5: a missing task definition is not an error.
TEST(DefinitionParserTest, DefaultsAreThoseOfTheReference) {
  const Definition definition = Good(Of(R"({"name":"a","taskReferenceName":"a"},
      {"name":"w","taskReferenceName":"w","type":"WAIT"})"));
  const Step& step = definition.steps[0];
  EXPECT_EQ(step.type, StepType::kSimple);
  EXPECT_EQ(step.task.retry.retry_count, 3);
  EXPECT_EQ(step.task.retry.delay_us, 60 * kSecondUs);
  EXPECT_EQ(step.task.response_timeout_us, 3600 * kSecondUs);
  EXPECT_EQ(step.task.timeout_policy, TimeoutPolicy::kTimeOutWorkflow);
  EXPECT_EQ(definition.steps[1].task.retry.retry_count, 0);
  EXPECT_EQ(definition.steps[1].task.response_timeout_us, 0);
  EXPECT_EQ(definition.version, 1);
  EXPECT_EQ(definition.timeout_us, 0);
  EXPECT_FALSE(definition.timeout_ends_workflow);
  EXPECT_FALSE(definition.output.has_value());
  EXPECT_FALSE(definition.saga.declared);
  EXPECT_EQ(definition.saga.undeclared, UndeclaredPolicy::kIgnore);
}

TEST(DefinitionParserTest, TaskDefinitionsOverrideInOrder) {
  const std::map<std::string, std::string> tasks = {
      {"a", R"({"name":"a","retryCount":5,"retryDelaySeconds":2,"inputTemplate":{"k":1}})"}};
  const Definition definition = Good(Of(R"({"name":"a","taskReferenceName":"a1"},
                 {"name":"a","taskReferenceName":"a2","retryCount":0},
                 {"name":"a","taskReferenceName":"a3","taskDefinition":{"retryCount":9}})"),
                                     tasks);
  EXPECT_EQ(definition.steps[0].task.retry.retry_count, 5);
  EXPECT_EQ(definition.steps[0].task.retry.delay_us, 2 * kSecondUs);
  EXPECT_EQ(definition.steps[0].task.input_template.text(), R"({"k":1})");
  EXPECT_EQ(definition.steps[1].task.retry.retry_count, 0);
  EXPECT_EQ(definition.steps[2].task.retry.retry_count, 9);
  EXPECT_EQ(definition.steps[2].task.retry.delay_us, 60 * kSecondUs);
  EXPECT_EQ(definition.steps[2].task.name, "a");
}

TEST(DefinitionParserTest, UnknownFieldsAreKept) {
  const std::string json =
      Of(R"({"name":"a","taskReferenceName":"a","colour":"red"})", R"(,"x-team":{"a":[1, 2]})");
  EXPECT_EQ(Good("  " + json + "\n").source.text(), json);
}

TEST(DefinitionParserTest, EveryMistakeIsReportedAtOnceWithItsPath) {
  const Parsed<Definition> parsed = Parse(R"({
    "version": "x", "schemaVersion": 1, "timeoutSeconds": -1, "timeoutPolicy": "NEVER",
    "inputTemplate": [], "outputParameters": {"o": "${nobody.output}"},
    "tasks": [
      {"taskReferenceName": "a", "inputParameters": {"x": "${workflow.input[y]}"}},
      {"name": "b", "type": "KAFKA_PUBLISH", "taskReferenceName": "a"},
      {"name": "c", "type": "BANANA", "taskReferenceName": "c", "startDelay": -1},
      {"name": "d", "taskReferenceName": "d", "inputParameters": {"x": "${workflow.input.a}",
         "y": {"z": ["${gone.output}"]}}, "optional": "maybe"},
      7
    ]})");
  EXPECT_FALSE(parsed.ok());
  const auto& mistakes = parsed.mistakes;
  EXPECT_THAT(mistakes, Contains(At("name", "WorkflowDef name cannot be null or empty")));
  EXPECT_THAT(mistakes, Contains(At("version", "must be a whole number")));
  EXPECT_THAT(mistakes, Contains(At("schemaVersion", "schemaVersion: 2 is only supported")));
  EXPECT_THAT(mistakes, Contains(At("timeoutSeconds", "from 0")));
  EXPECT_THAT(mistakes, Contains(At("timeoutPolicy", "one of TIME_OUT_WF, ALERT_ONLY")));
  EXPECT_THAT(mistakes, Contains(At("inputTemplate", "must be an object, not a list")));
  EXPECT_THAT(parsed.warnings, Contains(At("outputParameters.o", "nobody")));
  EXPECT_THAT(mistakes, Contains(At("tasks[0].name", "name cannot be empty or null")));
  EXPECT_THAT(mistakes, Contains(At("tasks[0].inputParameters.x", "is expected in brackets")));
  EXPECT_THAT(mistakes,
              Contains(At("tasks[1].type", "step type KAFKA_PUBLISH is not supported yet")));
  EXPECT_THAT(mistakes, Contains(At("tasks[1].taskReferenceName", "should be unique")));
  EXPECT_THAT(mistakes, Contains(At("tasks[2].type", "unknown step type BANANA")));
  EXPECT_THAT(mistakes,
              Contains(At("tasks[3].inputParameters.y.z[0]",
                          "taskReferenceName: gone for given task: d input value: y.z[0]")));
  EXPECT_THAT(mistakes, Contains(At("tasks[3].optional", "true or false")));
  EXPECT_THAT(mistakes, Contains(At("tasks[4]", "must be an object, not a number")));
  EXPECT_THAT(mistakes, SizeIs(14));
}

TEST(DefinitionParserTest, MalformedJsonSaysWhere) {
  const auto parsed = Parse("{\"name\": \"x\",\n \"tasks\": [}");
  EXPECT_THAT(parsed.mistakes,
              ElementsAre(At("", "malformed JSON at byte 25 (line 2, column 12)")));
  EXPECT_THAT(Parse("").mistakes, ElementsAre(At("", "unexpected end")));
  EXPECT_THAT(Parse("[]").mistakes, ElementsAre(At("", "not an object")));
  EXPECT_THAT(Parse("{}").mistakes,
              ElementsAre(At("name", "cannot be null"), At("tasks", "list cannot be empty")));
  EXPECT_THAT(Parse(R"({"name":"a","tasks":{}})").mistakes,
              ElementsAre(At("tasks", "must be a list")));
  EXPECT_THAT(Parse(R"({"name":"a","name":"b","tasks":[]})").mistakes,
              Contains(At("name", "given twice")));
}

TEST(DefinitionParserTest, AbsurdSizesAreRefused) {
  EXPECT_THAT(
      Parse(std::string(kDefinitionBytesMax + 1, ' ')).mistakes,
      ElementsAre(At("", "at most kDefinitionBytesMax (1048576; fixed in engine/core/limits.h)")));
  EXPECT_THAT(Parse(std::string(500'000, '[')).mistakes,
              ElementsAre(At("", "nested too deep, beyond kJsonDepthMax")));
  std::string steps;
  for (std::size_t i = 0; i <= kStepsMax; ++i) {
    if (i > 0) steps.push_back(',');
    steps.append(R"({"name":"a","taskReferenceName":"r)" + std::to_string(i) + "\"}");
  }
  EXPECT_THAT(Parse(Of(steps)).mistakes,
              ElementsAre(At("tasks[2000]", "more than kStepsMax (2000; fixed")));
  std::string nested = R"({"name":"a","taskReferenceName":"leaf"})";
  for (std::size_t i = 0; i <= kStepNestingMax; ++i) {
    nested = R"({"name":"f","type":"FORK_JOIN","taskReferenceName":"f)" + std::to_string(i) +
             R"(","forkTasks":[[)" + nested +
             R"(]]},{"name":"j","type":"JOIN","taskReferenceName":"j)" + std::to_string(i) + "\"}";
  }
  EXPECT_THAT(Parse(Of(nested)).mistakes, Contains(Field(&Mistake::message, HasSubstr("deeper"))));
  const std::string name(kNameBytesMax + 1, 'n');
  EXPECT_THAT(Parse(R"({"name":")" + name + R"(","tasks":[]})").mistakes,
              Contains(At("name", "longer than")));
}

TEST(DefinitionParserTest, MistakesAreCounted) {
  std::string steps;
  for (int i = 0; i < 500; ++i) steps.append(i > 0 ? ",{}" : "{}");
  EXPECT_THAT(Parse(Of(steps)).mistakes, SizeIs(kMistakesMax));
  const auto mistakes = Parse("{}").mistakes;
  EXPECT_EQ(FormatMistakes(mistakes, 1),
            "name: WorkflowDef name cannot be null or empty\n… and 1 more");
  EXPECT_EQ(InvalidDefinition(mistakes).message(),
            "the definition has 2 mistakes:\nname: WorkflowDef name cannot be null or empty\n"
            "tasks: WorkflowTask list cannot be empty");
}

struct Case {
  std::string steps;
  std::string path;
  std::string message;
};

void ExpectMistakes(const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    EXPECT_THAT(Parse(Of(test.steps)).mistakes, Contains(At(test.path, test.message)))
        << test.steps;
  }
}

TEST(DefinitionParserTest, StepsThatMakeStepsWantTheirFields) {
  ExpectMistakes({
      {R"({"name":"d","taskReferenceName":"d","type":"DYNAMIC"})", "tasks[0].dynamicTaskNameParam",
       "dynamicTaskNameParam field is required for taskType: DYNAMIC taskName: d"},
      {R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN_DYNAMIC"})",
       "tasks[0].dynamicForkTasksParam",
       "dynamicForkTasksParam field is required for taskType: FORK_JOIN_DYNAMIC taskName: f"},
      {R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN_DYNAMIC",
           "dynamicForkTasksParam":"t"})",
       "tasks[0].dynamicForkTasksInputParamName", "field is required"},
      {R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN_DYNAMIC",
           "dynamicForkJoinTasksParam":"x","dynamicForkTasksParam":"t"})",
       "tasks[0].dynamicForkJoinTasksParam", "cam be used for taskType: FORK_JOIN_DYNAMIC"},
      {R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN_DYNAMIC",
           "inputParameters":{"forkTaskInputs":[]}},{"name":"a","taskReferenceName":"a"})",
       "tasks[0]",
       "Dynamic join definition is not followed by a join task.  Check the workflow definition."},
      {R"({"name":"e","taskReferenceName":"e","type":"EXCLUSIVE_JOIN","joinOn":["nobody"]})",
       "tasks[0].joinOn[0]", "no step has the reference 'nobody'"},
  });
}

// docs/grpc-step.md: what the runner reads of the step beside its input.
TEST(DefinitionParserTest, AGrpcStepAndAGrpcUndoHandTheirFieldsToTheRunner) {
  const Definition definition = Good(Of(R"({"name":"g","taskReferenceName":"g","type":"GRPC",
      "inputParameters":{"target":"a:1"},"descriptorSet":"CgA=","outcome":{"ABORTED":"NONE"},
      "saga":{"compensation":{"name":"u","type":"GRPC","outcome":{"INTERNAL":"APPLIED"}}}})"));
  EXPECT_EQ(definition.steps[0].runner, "GRPC");
  EXPECT_EQ(definition.steps[0].settings.text(),
            R"({"descriptorSet":"CgA=","outcome":{"ABORTED":"NONE"}})");
  EXPECT_EQ(definition.steps[0].saga.undo->runner, "GRPC");
  EXPECT_EQ(definition.steps[0].saga.undo->settings.text(),
            R"({"outcome":{"INTERNAL":"APPLIED"}})");
}

TEST(DefinitionParserTest, StepTypesWantTheirFields) {
  const std::vector<Case> cases = {
      {R"({"name":"s","taskReferenceName":"s","type":"SWITCH"})", "tasks[0].evaluatorType",
       "evaluatorType field is required for taskType: SWITCH taskName: s"},
      {R"({"name":"s","taskReferenceName":"s","type":"SWITCH"})", "tasks[0].expression",
       "expression field is required"},
      {R"({"name":"s","taskReferenceName":"s","type":"SWITCH","decisionCases":{}})",
       "tasks[0].decisionCases", "decisionCases should have atleast one task"},
      {R"({"name":"s","taskReferenceName":"s","type":"SWITCH","evaluatorType":"python"})",
       "tasks[0].evaluatorType", "No evaluator registered for type: python"},
      {R"({"name":"d","taskReferenceName":"d","type":"DECISION","decisionCases":{"a":[]}})",
       "tasks[0].caseValueParam", "caseValueParam or caseExpression field is required"},
      {R"({"name":"e","taskReferenceName":"e","type":"EVENT"})", "tasks[0].sink",
       "sink field is required for taskType: EVENT taskName: e"},
      {R"({"name":"h","taskReferenceName":"h","type":"HTTP"})", "tasks[0].inputParameters",
       "inputParameters.http_request or inputParameters.uri field is required"},
      {R"({"name":"g","taskReferenceName":"g","type":"GRPC","outcome":{"OK":"NONE"}})",
       "tasks[0].outcome.OK", "no status code of a failed gRPC call"},
      {R"({"name":"g","taskReferenceName":"g","type":"GRPC","outcome":{"ABORTED":"GONE"}})",
       "tasks[0].outcome.ABORTED", "NONE, APPLIED, UNKNOWN"},
      {R"({"name":"g","taskReferenceName":"g","type":"GRPC","descriptorSet":{}})",
       "tasks[0].descriptorSet", "must be a string"},
      {R"({"name":"q","taskReferenceName":"q","type":"JSON_JQ_TRANSFORM"})",
       "tasks[0].inputParameters", "queryExpression field is required"},
      {R"({"name":"s","taskReferenceName":"s","type":"SWITCH","decisionCases":{"a":1}})",
       "tasks[0].decisionCases.a", "must be a list"},
      {R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[]})",
       "tasks[0].forkTasks", "forkTasks should have atleast one task"},
      {R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[{}]})",
       "tasks[0].forkTasks[0]", "must be a list of steps"},
      {R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN",
           "forkTasks":[[{"name":"a","taskReferenceName":"a"}]]})",
       "tasks[0]", "Fork task definition is not followed by a join task.  Check the blueprint"},
      {R"({"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["nobody"]})",
       "tasks[0].joinOn[0]", "no step has the reference 'nobody'"},
      {R"({"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["j"]})", "tasks[0].joinOn[0]",
       "wait for ever"},
      {R"({"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["z"]},
          {"name":"z","taskReferenceName":"z"})",
       "tasks[0].joinOn[0]", "does not come before"},
      {R"({"name":"t","taskReferenceName":"t","type":"TERMINATE"})",
       "tasks[0].inputParameters.terminationStatus", "field is required"},
      {R"({"name":"t","taskReferenceName":"t","type":"TERMINATE","optional":true,
           "inputParameters":{"terminationStatus":"FAILED"}})",
       "tasks[0].optional", "terminate task cannot be optional, taskName: t"},
      {R"({"name":"t","taskReferenceName":"t","type":"TERMINATE",
           "inputParameters":{"terminationStatus":"${workflow.input.x}"}})",
       "tasks[0].inputParameters.terminationStatus", "literally"},
      {R"({"name":"w","taskReferenceName":"w","type":"WAIT",
           "inputParameters":{"duration":"1 h","until":"2030-01-01"}})",
       "tasks[0].inputParameters", "Both 'duration' and 'until' specified"},
      {R"({"name":"w","taskReferenceName":"w","type":"WAIT",
           "inputParameters":{"duration":"soon"}})",
       "tasks[0].inputParameters.duration", "Wait time specified is invalid"},
      {R"({"name":"w","taskReferenceName":"w","type":"WAIT","inputParameters":{"until":"soon"}})",
       "tasks[0].inputParameters.until", "Unable to parse date"},
      {R"({"name":"a","taskReferenceName":"workflow"})", "tasks[0].taskReferenceName", "reserved"},
      {R"({"name":"a","taskReferenceName":"a","permissive":true,"saga":{"kind":"PIVOT"}})",
       "tasks[0].permissive", "cannot be passed over"},
      {R"({"name":"a","taskReferenceName":"a","type":"KAFKA_PUBLISH"})", "tasks[0].type",
       "not supported yet"},
      {R"({"name":"a","taskReferenceName":"a","inputParameters":{"x":"${saga.reason}"}})",
       "tasks[0].inputParameters.x", "only be read in the input of an undo"},
      {R"({"name":"a","taskReferenceName":"a","inputParameters":"x"})", "tasks[0].inputParameters",
       "must be an object"},
      {R"({"name":"a","taskReferenceName":"a","taskDefinition":{"retryCount":-1}})",
       "tasks[0].taskDefinition.retryCount", "TaskDef retryCount: 0 must be >= 0"},
  };
  ExpectMistakes(cases);
}

// conductor.md 1.2.
TEST(DefinitionParserTest, RateLimitConfigOfAWorkflow) {
  const auto with = [](const std::string& config) {
    return Of(R"({"name":"a","taskReferenceName":"a"})", R"(,"rateLimitConfig":)" + config);
  };
  const Definition definition =
      Good(with(R"({"rateLimitKey":"k","concurrentExecLimit":3,"policy":"REJECT"})"));
  EXPECT_EQ(definition.turns.running_max, 3);
  EXPECT_TRUE(definition.turns.key.has_value());
  EXPECT_TRUE(definition.turns.rejects);
  EXPECT_EQ(Good(with(R"({"rateLimitKey":"k","concurrentExecLimit":null})")).turns.running_max, 0);
  EXPECT_EQ(Good(with("null")).turns.running_max, 0);
  EXPECT_THAT(Parse(with(R"({"concurrentExecLimit":-1})")).mistakes,
              ElementsAre(At("rateLimitConfig.concurrentExecLimit", "must be from 0")));
  EXPECT_THAT(Parse(with(R"({"policy":"DROP"})")).mistakes,
              ElementsAre(At("rateLimitConfig.policy", "one of QUEUE")));
  EXPECT_THAT(Parse(with(R"({"concurrentExecLimit":1,"rateLimitKey":7})")).mistakes,
              ElementsAre(At("rateLimitConfig.rateLimitKey", "must be a string")));
}

// conductor.md 1.6: an expression names `workflow` or a step; below the top level, where it may
// mean a step made at run time, another name is only warned of.
TEST(DefinitionParserTest, ExpressionsAreCheckedAtEveryDepth) {
  const auto parsed =
      Parse(Of(R"({"name":"s","taskReferenceName":"s","type":"SWITCH","evaluatorType":"value-param",
          "expression":"k","inputParameters":{"k":"${workflow.input.k}"},
          "decisionCases":{"x":[{"name":"a","taskReferenceName":"a",
              "inputParameters":{"p":{"q":["${gone.output}"]}}}]},
          "defaultCase":[{"name":"b","taskReferenceName":"b",
              "inputParameters":{"p":"${workflow.input[}"}}]})"));
  EXPECT_THAT(parsed.warnings, Contains(At("tasks[0].decisionCases.x[0].inputParameters.p.q[0]",
                                           "taskReferenceName: gone")));
  EXPECT_THAT(parsed.mistakes,
              ElementsAre(At("tasks[0].defaultCase[0].inputParameters.p", "'[' is not closed")));
}

TEST(DefinitionParserTest, ExpressionsAreRefusedWithTheirPlace) {
  const std::map<std::string, std::string> wrong = {
      {"${workflow.secrets}", "a secret is written workflow.secrets.NAME"},
      {"${workflow.env}", "workflow.env.NAME expected"},
      {"${HOME}", "is not defined in workflow definition"},
      {"${workflow.input[?(@.y]}", "filter: '[?(' is not closed"},
      {"${workflow.input[?(@.y == $.gone.output.z)]}", "taskReferenceName: gone"},
      {"${workflow.input.${gone.output.z}}", "taskReferenceName: gone"},
  };
  for (const auto& [text, message] : wrong) {
    const std::string step = R"({"name":"a","taskReferenceName":"a","inputParameters":{"x":[")";
    EXPECT_THAT(Parse(Of(step + text + "\"]}}")).mistakes,
                Contains(At("tasks[0].inputParameters.x[0]", message)))
        << text;
  }
}

TEST(DefinitionParserTest, EnvironmentNamesAreKnownOrWarnedOf) {
  auto environment = std::make_shared<Environment>();
  environment->values = {{"REGION", "eu"}};
  const auto parse = [&](const std::string& text) {
    return ParseDefinition(
        Of(R"({"name":"a","taskReferenceName":"a","inputParameters":{"x":")" + text + "\"}}"),
        nullptr, {.environment = environment});
  };
  EXPECT_TRUE(parse("${workflow.env.REGION}${REGION}${NETFLIX_ENV}${CPEWF_TASK_ID}").ok());
  EXPECT_TRUE(parse("${workflow.env.REGION}").warnings.empty());
  EXPECT_THAT(parse("${workflow.env.ZONE}").warnings,
              Contains(At("tasks[0].inputParameters.x", "the environment has no ZONE")));
  EXPECT_FALSE(parse("${ZONE}").ok());
}

// An expression whose first name only the evaluation shows may read every step.
TEST(DefinitionParserTest, ComputedNamesReadEveryStep) {
  const std::string steps =
      R"({"name":"a","taskReferenceName":"a"},{"name":"b","taskReferenceName":"b",
          "inputParameters":{"x":"${${workflow.input.step}.output.y}"}})";
  const Definition definition = Good(Of(steps));
  EXPECT_EQ(definition.steps[1].reads, (std::vector<StepIndex>{0, 1}));
}

// The expressions of a task definition's inputTemplate are evaluated (conductor.md 3.13).
TEST(DefinitionParserTest, InputTemplatesMayHoldExpressions) {
  const Definition definition =
      Good(Of(R"({"name":"a","taskReferenceName":"a","inputParameters":{"x":1}})"),
           {{"a", R"({"name":"a","inputTemplate":{"x":2,"y":"${workflow.input.y}"}})"}});
  EXPECT_EQ(definition.steps[0].input.source(), R"({"x":1,"y":"${workflow.input.y}"})");
}

// A JOIN in one branch that waits for another branch could wait for one that waits for it.
TEST(DefinitionParserTest, JoinsDoNotReachAcrossBranches) {
  const auto parsed = Parse(Of(R"(
      {"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[
        [{"name":"a","taskReferenceName":"a"},
         {"name":"j","taskReferenceName":"ja","type":"JOIN","joinOn":["b"]}],
        [{"name":"b","taskReferenceName":"b"}]]},
      {"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["ja","b"]})"));
  EXPECT_THAT(parsed.mistakes,
              ElementsAre(At("tasks[0].forkTasks[0][1].joinOn[0]", "does not come before")));
}

// The reference does not know UPDATE_TASK: whoever defines a task of that name serves it. INLINE it
// knows, and its task definition only says how often it is tried.
TEST(DefinitionParserTest, ATaskDefinitionMakesATypeAWorkers) {
  const std::string tasks = R"({"name":"a","taskReferenceName":"a","type":"UPDATE_TASK"},
                               {"name":"b","taskReferenceName":"b","type":"RESIZE"},
                               {"name":"INLINE","taskReferenceName":"c","type":"INLINE"})";
  const auto lookup = [](const std::string& name) -> std::optional<std::string> {
    if (name == "a" || name == "b") return std::nullopt;
    return R"({"name":")" + name + R"(","retryCount":7})";
  };
  const auto parsed = ParseDefinition(Of(tasks), lookup, {});
  ASSERT_TRUE(parsed.ok()) << FormatMistakes(parsed.mistakes, 9);
  const std::vector<Step>& steps = parsed.value->steps;
  EXPECT_EQ(steps[0].type, StepType::kSimple);
  EXPECT_EQ(steps[0].task_type, "UPDATE_TASK");
  EXPECT_EQ(steps[1].task_type, "RESIZE");
  EXPECT_EQ(steps[1].task.retry.retry_count, 7);
  EXPECT_EQ(steps[2].type, StepType::kInline);
  EXPECT_EQ(steps[2].runner, "INLINE");
  EXPECT_EQ(steps[2].task.retry.retry_count, 7);
}

TEST(DefinitionParserTest, WaitsWithExpressionsAreLeftForLater) {
  Good(Of(R"({"name":"w","taskReferenceName":"w","type":"WAIT",
              "inputParameters":{"until":"${workflow.input.when}"}},
             {"name":"w","taskReferenceName":"v","type":"WAIT",
              "inputParameters":{"duration":"2 days"}})"));
}

TEST(DefinitionParserTest, WhatWasAcceptedBeforeIsNotJudgedAgain) {
  const std::string json = Of(R"({"name":"a","taskReferenceName":"a",
                                  "inputParameters":{"x":"${gone.output}"}})");
  EXPECT_FALSE(Parse(json).ok());
  const auto again = ParseDefinition(json, nullptr, {.accepted_before = true});
  EXPECT_TRUE(again.ok());
}

TEST(TaskDefinitionParserTest, ReadsEveryField) {
  const auto parsed = ParseTaskDefinition(R"({"name":"charge","retryCount":7,
      "retryLogic":"LINEAR_BACKOFF","retryDelaySeconds":4,"maxRetryDelaySeconds":40,
      "backoffJitterMs":250,"backoffScaleFactor":3,"timeoutSeconds":30,
      "responseTimeoutSeconds":20,"pollTimeoutSeconds":10,"totalTimeoutSeconds":60,
      "timeoutPolicy":"RETRY","inputTemplate":{"a":1},"compensateWith":"refund","x":1})");
  ASSERT_TRUE(parsed.ok()) << FormatMistakes(parsed.mistakes, 9);
  const TaskDefinition& task = *parsed.value;
  EXPECT_EQ(task.retry.retry_count, 7);
  EXPECT_EQ(task.retry.logic, RetryLogic::kLinearBackoff);
  EXPECT_EQ(task.retry.delay_us, 4 * kSecondUs);
  EXPECT_EQ(task.retry.delay_us_max, 40 * kSecondUs);
  EXPECT_EQ(task.retry.jitter_us_max, 250 * kMillisecondUs);
  EXPECT_EQ(task.retry.backoff_scale_factor, 3);
  EXPECT_EQ(task.timeout_us, 30 * kSecondUs);
  EXPECT_EQ(task.response_timeout_us, 20 * kSecondUs);
  EXPECT_EQ(task.poll_timeout_us, 10 * kSecondUs);
  EXPECT_EQ(task.total_timeout_us, 60 * kSecondUs);
  EXPECT_EQ(task.timeout_policy, TimeoutPolicy::kRetry);
  ASSERT_TRUE(task.compensate_with.has_value());
  EXPECT_EQ(task.compensate_with->task_type, "refund");
  EXPECT_THAT(std::string(task.source.text()), HasSubstr(R"("x":1)"));
}

// conductor.md 1.6, the messages as given there.
TEST(TaskDefinitionParserTest, MistakesHaveTheReferencesWords) {
  const std::map<std::string, std::pair<std::string, std::string>> cases = {
      {R"({})", {"name", "TaskDef name cannot be null or empty"}},
      {R"({"name":"t","retryCount":-1})", {"retryCount", "TaskDef retryCount: 0 must be >= 0"}},
      {R"({"name":"t","responseTimeoutSeconds":0})",
       {"responseTimeoutSeconds", "TaskDef responseTimeoutSeconds: 0 should be minimum 1 second"}},
      {R"({"name":"t","pollTimeoutSeconds":-1})",
       {"pollTimeoutSeconds", "TaskDef pollTimeoutSeconds: 0 must be >= 0"}},
      {R"({"name":"t","backoffScaleFactor":0})",
       {"backoffScaleFactor", "Backoff scale factor. Applicable for LINEAR_BACKOFF"}},
      {R"({"name":"t","timeoutSeconds":10,"responseTimeoutSeconds":10})",
       {"responseTimeoutSeconds",
        "TaskDef: t responseTimeoutSeconds: 10 must be less than timeoutSeconds: 10"}},
      {R"({"name":"t","timeoutSeconds":10,"responseTimeoutSeconds":1,"totalTimeoutSeconds":9})",
       {"timeoutSeconds",
        "TaskDef: t timeoutSeconds: 10 must be less than or equal to totalTimeoutSeconds: 9"}},
      {R"({"name":"t","retryLogic":"SOMETIMES"})", {"retryLogic", "one of FIXED"}},
      {R"({"name":"t","retryDelaySeconds":99999999999})", {"retryDelaySeconds", "must be from 0"}},
      {R"({"name":"t","retryDelaySeconds":1e99})", {"retryDelaySeconds", "whole number"}},
      {R"({"name":["t"]})", {"name", "must be a string, not a list"}},
      {R"({"name":"t","concurrentExecLimit":-1})", {"concurrentExecLimit", "must be from 0 to"}},
      {R"({"name":"t","concurrentExecLimit":1000001})",
       {"concurrentExecLimit", "must be from 0 to 1000000, not 1000001"}},
      {R"({"name":"t","rateLimitPerFrequency":1e9})", {"rateLimitPerFrequency", "whole number"}},
      {R"({"name":"t","rateLimitFrequencyInSeconds":-5})",
       {"rateLimitFrequencyInSeconds", "must be from 0"}},
      {R"({"name":"t","concurrencyKey":"a"})",
       {"concurrencyKey", "needs concurrentExecLimitPerKey"}},
      {R"({"name":"t","concurrentExecLimitPerKey":1})",
       {"concurrentExecLimitPerKey", "needs concurrencyKey"}},
      {R"({"name":"t","concurrencyKey":"${a}","concurrentExecLimitPerKey":1})",
       {"concurrencyKey", "joined by '.'"}},
  };
  for (const auto& [json, mistake] : cases) {
    EXPECT_THAT(ParseTaskDefinition(json).mistakes, Contains(At(mistake.first, mistake.second)))
        << json;
  }
  EXPECT_TRUE(ParseTaskDefinition(R"({"name":"t","timeoutSeconds":10})").ok());
}

// conductor.md 1.4; a window of no length bounds nothing, as on the reference.
TEST(TaskDefinitionParserTest, ReadsLimits) {
  const auto parsed = ParseTaskDefinition(R"({"name":"t","concurrentExecLimit":5,
      "concurrencyKey":"customer.id","concurrentExecLimitPerKey":2,
      "rateLimitPerFrequency":7,"rateLimitFrequencyInSeconds":3})");
  ASSERT_TRUE(parsed.ok()) << FormatMistakes(parsed.mistakes, 9);
  const TaskLimits expected{.places = 5,
                            .places_per_key = 2,
                            .key = "customer.id",
                            .starts = 7,
                            .window_us = 3 * kSecondUs};
  EXPECT_EQ(parsed.value->limits, expected);
  EXPECT_EQ(
      ParseTaskDefinition(R"({"name":"t","rateLimitPerFrequency":7})").value->limits.window_us,
      kSecondUs);
  for (const char* none :
       {R"({"name":"t"})", R"({"name":"t","concurrentExecLimit":null,"rateLimitPerFrequency":0})",
        R"({"name":"t","rateLimitPerFrequency":7,"rateLimitFrequencyInSeconds":0})"}) {
    EXPECT_FALSE(ParseTaskDefinition(none).value->limits.any()) << none;
  }
}

TEST(TaskLimitsTest, KeyStandsInTheInput) {
  const Payload input(R"({"a":{"b":"x","n":7,"o":{},"nil":null},"c":true})");
  EXPECT_EQ(LimitKey("a.b", input), "\"x\"");
  EXPECT_EQ(LimitKey("a.n", input), "7");
  EXPECT_EQ(LimitKey("c", input), "true");
  for (const char* none : {"a", "a.o", "a.nil", "a.b.c", "x", "c.d"}) {
    EXPECT_EQ(LimitKey(none, input), "") << none;
  }
  EXPECT_EQ(LimitKey("a", Payload()), "");
}

}  // namespace
}  // namespace skald::core
