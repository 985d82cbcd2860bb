#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/core/definition_parser.h"
#include "tests/unit/core/definition_builder.h"

namespace skald::core {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A SIMPLE step with more fields.
std::string Simple(const std::string& reference, const std::string& more = "") {
  return R"({"name":")" + reference + R"(_task","taskReferenceName":")" + reference + "\"" +
         (more.empty() ? "" : "," + more) + "}";
}
std::string Kind(const std::string& reference, const std::string& kind) {
  return Simple(reference, R"("saga":{"kind":")" + kind + "\"}");
}

// saga.md 2.11: exponential 1 s doubling to 300 s, jitter, 25 attempts, then PARK.
TEST(SagaParserTest, ShorthandHasTheDefaultsOfUndo) {
  const Definition definition = Good(Of(Simple("a", R"("compensateWith":"undo_a")")));
  EXPECT_TRUE(definition.saga.declared);
  EXPECT_EQ(definition.saga.undeclared, UndeclaredPolicy::kReject);
  const StepSaga& saga = definition.steps[0].saga;
  EXPECT_EQ(saga.kind, StepKind::kCompensable);
  ASSERT_TRUE(saga.undo.has_value());
  EXPECT_EQ(saga.undo->task_type, "undo_a");
  EXPECT_FALSE(saga.undo->input.has_value());
  EXPECT_EQ(saga.undo->retry.retry_count, 24);
  EXPECT_EQ(saga.undo->retry.logic, RetryLogic::kExponentialBackoff);
  EXPECT_EQ(saga.undo->retry.delay_us, kSecondUs);
  EXPECT_EQ(saga.undo->retry.delay_us_max, 300 * kSecondUs);
  EXPECT_GT(saga.undo->retry.jitter_us_max, 0);
  EXPECT_EQ(saga.undo->on_exhausted, OnExhausted::kPark);
  EXPECT_EQ(saga.undo->response_timeout_us, 3600 * kSecondUs);
}

// The full form of saga.compensation, in the place of the shorthand.
TEST(SagaParserTest, CompensateWithMayBeSpelledOut) {
  const std::string undo = R"({"name":"release","type":"GRPC","retryCount":3,
      "inputParameters":{"target":"localhost:1","method":"p.S/Undo",
                         "request":{"id":"${a.output.id}"}}})";
  const Definition short_form = Good(Of(Simple("a", R"("compensateWith":)" + undo)));
  const Definition long_form = Good(Of(Simple("a", R"("saga":{"compensation":)" + undo + "}")));
  const Undo& found = *short_form.steps[0].saga.undo;
  EXPECT_EQ(found.type, StepType::kGrpc);
  EXPECT_EQ(found.task_type, "release");
  EXPECT_EQ(found.runner, "GRPC");
  EXPECT_EQ(found.retry.retry_count, 3);
  EXPECT_EQ(found.settings.text(), long_form.steps[0].saga.undo->settings.text());
  EXPECT_EQ(found.input->source(), long_form.steps[0].saga.undo->input->source());
  EXPECT_EQ(short_form.steps[0].saga.kind, StepKind::kCompensable);
}

TEST(SagaParserTest, UndoRetriesComeFromStepThenWorkflowThenDefaults) {
  const Definition definition =
      Good(Of(Simple("a", R"("saga":{"compensation":{"name":"undo_a","retryCount":-1,"domain":"eu",
                        "timeoutSeconds":9,"onExhausted":"SKIP",
                        "inputParameters":{"id":"${a.output.id}","why":"${saga.reason}"}}})") +
                  "," + Simple("b", R"("compensateWith":"undo_b")"),
              R"(,"saga":{"compensation":{"retryCount":2,"retryDelaySeconds":7}})"),
           {{"undo_b", R"({"name":"undo_b","responseTimeoutSeconds":5,"retryCount":1})"}});
  const Undo& a = *definition.steps[0].saga.undo;
  EXPECT_EQ(a.retry.retry_count, -1);
  EXPECT_EQ(a.retry.delay_us, 7 * kSecondUs);
  EXPECT_EQ(a.domain, "eu");
  EXPECT_EQ(a.timeout_us, 9 * kSecondUs);
  EXPECT_EQ(a.on_exhausted, OnExhausted::kSkip);
  ASSERT_TRUE(a.input.has_value());
  EXPECT_THAT(a.input->roots(), ElementsAre("a", "saga"));
  const Undo& b = *definition.steps[1].saga.undo;
  EXPECT_EQ(b.retry.retry_count, 2);
  EXPECT_EQ(b.retry.logic, RetryLogic::kExponentialBackoff);
  EXPECT_EQ(b.response_timeout_us, 5 * kSecondUs);
}

TEST(SagaParserTest, TaskDefinitionsPassTheirUndoOnUnlessSwitchedOff) {
  const std::map<std::string, std::string> tasks = {
      {"a_task", R"({"name":"a_task","compensateWith":"undo_a"})"}};
  const Definition inherited = Good(Of(Simple("a")), tasks);
  ASSERT_TRUE(inherited.steps[0].saga.undo.has_value());
  EXPECT_EQ(inherited.steps[0].saga.undo->task_type, "undo_a");
  EXPECT_TRUE(inherited.saga.declared);

  const Definition off = Good(Of(Simple("a", R"("compensateWith":null)")), tasks);
  EXPECT_FALSE(off.steps[0].saga.undo.has_value());
  EXPECT_FALSE(off.saga.declared);

  const Definition own = Good(Of(Simple("a", R"("compensateWith":"other")")), tasks);
  EXPECT_EQ(own.steps[0].saga.undo->task_type, "other");
}

TEST(SagaParserTest, MetadataCarriesSagaWhereTheTopLevelHasNone) {
  const Definition definition = Good(
      Of(Simple("a", R"("metadata":{"saga":{"compensation":{"name":"undo_a"}}})") + "," +
             Simple("b", R"("metadata":{"saga":{"kind":"PIVOT"}},"saga":{"kind":"READ_ONLY"})"),
         R"(,"metadata":{"saga":{"siblings":"BARRIER"}})"));
  EXPECT_EQ(definition.steps[0].saga.undo->task_type, "undo_a");
  EXPECT_EQ(definition.steps[1].saga.kind, StepKind::kReadOnly);
  EXPECT_EQ(definition.saga.siblings, SiblingPolicy::kBarrier);
  EXPECT_THAT(Parse(Of(Simple("a", R"("metadata":{"saga":{"kind":"X"}})"))).mistakes,
              Contains(At("tasks[0].metadata.saga.kind", "one of COMPENSABLE")));
}

TEST(SagaParserTest, ReadsAllWorkflowSettings) {
  const Definition definition = Good(
      Of(Simple("a"), R"(,"saga":{"undeclared":"PARK","order":"STRICT_REVERSE","siblings":"DRAIN",
         "settleTimeoutSeconds":5,"maxParallelCompensations":3,"onTerminate":"IGNORE",
         "onTimeout":"IGNORE","compensationTimeoutSeconds":60})"));
  const WorkflowSaga& saga = definition.saga;
  EXPECT_EQ(saga.undeclared, UndeclaredPolicy::kPark);
  EXPECT_EQ(saga.order, UndoOrder::kStrictReverse);
  EXPECT_EQ(saga.siblings, SiblingPolicy::kDrain);
  EXPECT_EQ(saga.settle_timeout_us, 5 * kSecondUs);
  EXPECT_EQ(saga.parallel_undo_max, 3u);
  EXPECT_EQ(saga.on_terminate, OnAbort::kIgnore);
  EXPECT_EQ(saga.on_timeout, OnAbort::kIgnore);
  EXPECT_EQ(saga.compensation_timeout_us, 60 * kSecondUs);
}

TEST(SagaParserTest, ReadsAllStepSettings) {
  const Definition definition = Good(Of(Simple("a", R"("saga":{"kind":"COMPENSABLE",
      "compensation":{"name":"undo_a"},"compensateOnFailure":true,"unknown":"PROBE",
      "probe":{"name":"look","inputParameters":{"k":"${a.input.k}"},"retryCount":4},
      "inFlight":"COMPENSATE_NOW","onFailure":{"policy":"PROPAGATE"}})")));
  const StepSaga& saga = definition.steps[0].saga;
  EXPECT_TRUE(saga.compensate_on_failure);
  EXPECT_EQ(saga.unknown, UnknownPolicy::kProbe);
  EXPECT_EQ(saga.in_flight, InFlightPolicy::kCompensateNow);
  ASSERT_TRUE(saga.probe.has_value());
  EXPECT_EQ(saga.probe->task_type, "look");
  EXPECT_EQ(saga.probe->retry.retry_count, 4);
  EXPECT_TRUE(saga.probe->input.has_value());
}

TEST(SagaParserTest, WhatIsNotBuiltIsRefusedByName) {
  const std::map<std::string, std::pair<std::string, std::string>> cases = {
      {R"("saga":{"kind":"READ_ONLY","savepoint":"s"})", {"tasks[0].saga.savepoint", "savepoint"}},
      {R"("saga":{"onFailure":{"policy":"ROLLBACK_TO"}})",
       {"tasks[0].saga.onFailure", "ROLLBACK_TO is not supported yet"}},
      {R"("saga":{"onFailure":"IGNORE"})", {"tasks[0].saga.onFailure", "IGNORE is not supported"}},
      {R"("saga":{"reuseOnRetry":true})", {"tasks[0].saga.reuseOnRetry", "not supported yet"}},
      {R"("saga":{"lock":"${workflow.input.k}"})", {"tasks[0].saga.lock", "not supported yet"}},
      {R"("saga":{"outcome":[]})", {"tasks[0].saga.outcome", "not supported yet"}},
      {R"("saga":{"compensation":{"name":"u","type":"DYNAMIC"}})",
       {"tasks[0].saga.compensation.type", "DYNAMIC is not supported yet"}},
      {R"("saga":{"compensation":{"name":"${workflow.input.u}"}})",
       {"tasks[0].saga.compensation.name", "not supported yet"}},
      {R"("type":"SAGA_SCOPE")", {"tasks[0].type", "SAGA_SCOPE is not supported yet"}},
  };
  for (const auto& [fields, mistake] : cases) {
    EXPECT_THAT(Parse(Of(Simple("a", fields))).mistakes,
                Contains(At(mistake.first, mistake.second)))
        << fields;
  }
  EXPECT_THAT(Parse(Of(Simple("a"), R"(,"saga":{"undoWindowSeconds":9})")).mistakes,
              Contains(At("saga.undoWindowSeconds", "not supported yet")));
}

TEST(SagaParserTest, MistakesInSagaDataHavePaths) {
  const std::map<std::string, std::pair<std::string, std::string>> cases = {
      {R"("saga":7)", {"tasks[0].saga", "must be an object"}},
      {R"("saga":{"kind":"MAYBE"})", {"tasks[0].saga.kind", "one of COMPENSABLE, PIVOT"}},
      {R"("saga":{"compensation":{}})", {"tasks[0].saga.compensation.name", "cannot be empty"}},
      {R"("saga":{"compensation":"undo"})", {"tasks[0].saga.compensation", "must be an object"}},
      {R"("saga":{"compensation":{"name":"u","retryCount":-2}})",
       {"tasks[0].saga.compensation.retryCount", "must be from -1"}},
      {R"("saga":{"compensation":{"name":"u","compensateWith":"v"}})",
       {"tasks[0].saga.compensation.compensateWith", "V7"}},
      {R"("saga":{"unknown":"PROBE"})", {"tasks[0].saga", "PROBE needs a probe"}},
      {R"("compensateWith":"u","saga":{"compensation":{"name":"v"}})",
       {"tasks[0].compensateWith", "together with saga.compensation"}},
      {R"("compensateWith":["u"])", {"tasks[0].compensateWith", "must be a string"}},
      {R"("compensateWith":{"type":"GRPC"})", {"tasks[0].compensateWith.name", "cannot be empty"}},
      {R"("compensateWith":{"name":"u","type":"WAIT"})",
       {"tasks[0].compensateWith.type", "one of SIMPLE, HUMAN, HTTP, GRPC, SUB_WORKFLOW"}},
      {R"("compensateWith":{"name":"u","inputParameters":{"x":"${gone.output}"}})",
       {"tasks[0].compensateWith.inputParameters.x", "gone"}},
      {R"("compensateWith":{"name":"u"},"saga":{"compensation":{"name":"v"}})",
       {"tasks[0].compensateWith", "together with saga.compensation"}},
      {R"("saga":{"compensation":{"name":"u","inputParameters":{"x":"${gone.output}"}}})",
       {"tasks[0].saga.compensation.inputParameters.x", "gone"}},
      {R"("saga":{"compensation":{"name":"u","inputParameters":{"x":"${saga.mood}"}}})",
       {"tasks[0].saga.compensation.inputParameters.x", "one of saga.reason"}},
      {R"("type":"WAIT","saga":{"kind":"PIVOT"})", {"tasks[0].saga", "only READ_ONLY"}},
      {R"("type":"WAIT","compensateWith":"u")", {"tasks[0].saga", "not supported yet"}},
  };
  for (const auto& [fields, mistake] : cases) {
    EXPECT_THAT(Parse(Of(Simple("a", fields))).mistakes,
                Contains(At(mistake.first, mistake.second)))
        << fields;
  }
  const auto parsed = Parse(Of(Simple("a"), R"(,"saga":{"siblings":"FLEE",
      "maxParallelCompensations":0,"compensation":{"retryLogic":"X"}})"));
  EXPECT_THAT(parsed.mistakes, Contains(At("saga.siblings", "one of INTERRUPT, BARRIER, DRAIN")));
  EXPECT_THAT(parsed.mistakes, Contains(At("saga.maxParallelCompensations", "must be from 1")));
  EXPECT_THAT(parsed.mistakes, Contains(At("saga.compensation.retryLogic", "one of FIXED")));
}

TEST(SagaKindsTest, UndeclaredStepsAreRejectedOnceAnyStepHasSagaData) {
  const std::string steps = Simple("a", R"("compensateWith":"u")") + "," + Simple("b");
  EXPECT_THAT(Parse(Of(steps)).mistakes,
              ElementsAre(At("tasks[1].saga", "declares neither an undo nor a kind")));
  for (const char* policy : {"IGNORE", "READ_ONLY", "PARK"}) {
    Good(Of(steps, std::string(R"(,"saga":{"undeclared":")") + policy + "\"}"));
  }
  EXPECT_THAT(Parse(Of(Simple("b"), R"(,"saga":{"undeclared":"REJECT"})")).mistakes,
              ElementsAre(At("tasks[0].saga", "declares neither")));
  Good(Of(Simple("b"), R"(,"saga":{})"));
}

// V1, V2: COMPENSABLE | READ_ONLY … PIVOT? … RETRYABLE | READ_ONLY.
TEST(SagaKindsTest, OnlyRetryableStepsFollowThePivot) {
  const std::string before =
      Simple("a", R"("compensateWith":"u")") + "," + Kind("p", "PIVOT") + ",";
  Good(Of(before + Kind("r", "RETRYABLE") + "," + Kind("q", "READ_ONLY")));
  EXPECT_THAT(Parse(Of(before + Simple("c", R"("compensateWith":"u")"))).mistakes,
              ElementsAre(At("tasks[2].saga", "(V1)")));
  EXPECT_THAT(Parse(Of(before + Kind("p2", "PIVOT"))).mistakes,
              ElementsAre(At("tasks[2].saga", "(V2)")));
}

TEST(SagaKindsTest, PivotsInDifferentCasesShareNoPath) {
  const auto with = [](const std::string& first, const std::string& second,
                       const std::string& then) {
    return Of(R"({"name":"s","taskReferenceName":"s","type":"SWITCH",
        "evaluatorType":"value-param","expression":"k","inputParameters":{"k":1},
        "decisionCases":{"x":[)" +
              first + R"(],"y":[)" + second + "]}}" + then);
  };
  Good(with(Kind("p", "PIVOT"), Kind("q", "PIVOT"), ""));
  Good(with(Kind("p", "PIVOT"), Simple("c", R"("compensateWith":"u")"), ""));
  EXPECT_THAT(Parse(with(Kind("p", "PIVOT"), Kind("q", "READ_ONLY"),
                         "," + Simple("c", R"("compensateWith":"u")")))
                  .mistakes,
              ElementsAre(At("tasks[1].saga", "(V1)")));
}

// V3: beside a PIVOT in a fork, only RETRYABLE and READ_ONLY.
TEST(SagaKindsTest, SiblingBranchesOfAPivotCannotFail) {
  const auto fork = [](const std::string& first, const std::string& second) {
    return Of(R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[[)" + first +
              "],[" + second +
              R"(]]},{"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":[]})");
  };
  Good(fork(Kind("p", "PIVOT"), Kind("r", "RETRYABLE")));
  EXPECT_THAT(Parse(fork(Kind("p", "PIVOT"), Simple("c", R"("compensateWith":"u")"))).mistakes,
              ElementsAre(At("tasks[0].forkTasks[1][0].saga", "(V3)")));
  EXPECT_THAT(Parse(fork(Kind("p", "PIVOT"), Kind("q", "PIVOT"))).mistakes,
              ElementsAre(At("tasks[0].forkTasks[1][0].saga", "(V2)")));
}

TEST(SagaKindsTest, KindsWithoutUndoHaveNone) {
  for (const char* kind : {"PIVOT", "RETRYABLE", "READ_ONLY"}) {
    const std::string fields =
        std::string(R"("saga":{"kind":")") + kind + R"("},"compensateWith":"u")";
    EXPECT_THAT(Parse(Of(Simple("a", fields))).mistakes, Contains(At("tasks[0].saga", "(V6)")));
  }
  EXPECT_THAT(
      Parse(Of(Kind("a", "PIVOT")), {{"a_task", R"({"name":"a_task","compensateWith":"u"})"}})
          .mistakes,
      Contains(At("tasks[0].saga", "compensateWith: null")));
}

TEST(SagaKindsTest, PivotOfUnknownOutcomeIsNotCompensated) {
  EXPECT_THAT(Parse(Of(Simple("p", R"("saga":{"kind":"PIVOT","unknown":"COMPENSATE"})"))).mistakes,
              Contains(At("tasks[0].saga", "(V12)")));
}

TEST(SagaParserTest, UnknownComesFromStepThenWorkflow) {
  const Definition definition =
      Good(Of(Simple("a", R"("compensateWith":"u")") + "," +
                  Simple("b", R"("compensateWith":"u","saga":{"unknown":"PARK"})") + "," +
                  Kind("c", "READ_ONLY"),
              R"(,"saga":{"unknown":"COMPENSATE"})"));
  EXPECT_EQ(definition.steps[0].saga.unknown, UnknownPolicy::kCompensate);
  EXPECT_EQ(definition.steps[1].saga.unknown, UnknownPolicy::kPark);
  EXPECT_EQ(definition.steps[2].saga.unknown, UnknownPolicy::kByBarrier);
}

TEST(SagaKindsTest, UnknownOfTheWorkflowKeepsTheRulesOfSteps) {
  EXPECT_THAT(Parse(Of(Kind("p", "PIVOT"), R"(,"saga":{"unknown":"COMPENSATE"})")).mistakes,
              Contains(At("tasks[0].saga", "(V12)")));
  EXPECT_THAT(
      Parse(Of(Simple("a", R"("compensateWith":"u")"), R"(,"saga":{"unknown":"PROBE"})")).mistakes,
      Contains(At("tasks[0].saga", "PROBE needs a probe")));
  EXPECT_TRUE(Parse(Of(Kind("r", "RETRYABLE"), R"(,"saga":{"unknown":"PROBE"})")).ok());
  EXPECT_THAT(Parse(Of(Kind("r", "RETRYABLE"), R"(,"saga":{"unknown":"GUESS"})")).mistakes,
              Contains(At("saga.unknown", "COMPENSATE, PROBE, PARK")));
}

std::string Sub(const std::string& reference, const std::string& params,
                const std::string& more = "") {
  return R"({"name":"sub","type":"SUB_WORKFLOW","taskReferenceName":")" + reference +
         R"(","subWorkflowParam":)" + params + (more.empty() ? "" : "," + more) + "}";
}

// "pivot" holds a pivot in version 2, "plain" does not; nothing else is registered.
Parsed<Definition> ParseWithChildren(const std::string& json, bool begins = false) {
  const auto children = [](const std::string& name, std::int32_t version) {
    std::optional<ChildInfo> info;
    if (name == "pivot" || name == "plain") {
      info = ChildInfo{.version = version == 0 ? 7 : version,
                       .has_pivot = name == "pivot" && version == 2};
    }
    return info;
  };
  return ParseDefinition(json, nullptr, {.children = children, .begins = begins});
}

TEST(SagaKindsTest, SubWorkflowUndoesItselfUnlessTheStepSaysOtherwise) {
  const std::string steps = Kind("r", "READ_ONLY") + "," + Sub("a", R"({"name":"x"})") + "," +
                            Sub("b", R"({"name":"x"})", R"("compensateWith":"u")") + "," +
                            Sub("c", R"({"name":"x"})", R"("saga":{"kind":"READ_ONLY"})");
  const Definition definition = Good(Of(steps));
  ASSERT_TRUE(definition.steps[1].saga.undo.has_value());
  EXPECT_TRUE(definition.steps[1].saga.undo->of_child);
  EXPECT_FALSE(definition.steps[2].saga.undo->of_child);
  EXPECT_FALSE(definition.steps[3].saga.undo.has_value());
  EXPECT_THAT(
      Parse(Of(steps + "," + Sub("d", R"({"name":"x"})", R"("compensateWith":null)"))).mistakes,
      Contains(At("tasks[4].saga", "declares neither an undo nor a kind")));
  EXPECT_FALSE(Good(Of(Sub("a", R"({"name":"x"})"))).saga.declared);
}

// saga.md V2: a sub-workflow whose definition holds a pivot counts as one, as far as it is known.
TEST(SagaKindsTest, SubWorkflowThatIsKnownToHoldAPivotIsOne) {
  const std::string undoable = Simple("a", R"("compensateWith":"u")");
  const std::string pivot = Sub("p", R"({"name":"pivot","version":2})");
  const Parsed<Definition> parsed = ParseWithChildren(Of(undoable + "," + pivot));
  ASSERT_TRUE(parsed.ok()) << FormatMistakes(parsed.mistakes, 5);
  EXPECT_EQ(parsed.value->steps[1].saga.kind, StepKind::kPivot);
  EXPECT_FALSE(parsed.value->steps[1].saga.undo.has_value());
  EXPECT_TRUE(HasPivot(*parsed.value));
  EXPECT_THAT(ParseWithChildren(Of(pivot + "," + undoable)).mistakes,
              Contains(At("tasks[1].saga", "(V1)")));
  const std::string in_place =
      Sub("p", R"({"workflowDefinition":{"name":"i","tasks":[)" + Kind("x", "PIVOT") + "]}}");
  EXPECT_THAT(ParseWithChildren(Of(in_place + "," + undoable)).mistakes,
              Contains(At("tasks[1].saga", "(V1)")));
  const std::string other = Sub("p", R"({"name":"pivot","version":1})");
  EXPECT_TRUE(ParseWithChildren(Of(other + "," + undoable)).ok());
  // Without saga data nothing is a pivot.
  EXPECT_TRUE(ParseWithChildren(Of(pivot + "," + Simple("b"))).ok());
}

// conductor.md 1.5.
TEST(SubWorkflowTest, NameWithoutAVersionMeansTheNewestWhenTheParentBegins) {
  const std::string open = Of(Sub("p", R"({"name":"plain"})"));
  EXPECT_EQ(ParseWithChildren(open, true).value->steps[0].child.latest_version, 7);
  const std::string fixed = Of(Sub("p", R"({"name":"nobody","version":1})"));
  EXPECT_TRUE(ParseWithChildren(fixed, true).ok());
  const std::string unknown = Of(Sub("p", R"({"name":"nobody"})"));
  EXPECT_TRUE(ParseWithChildren(unknown).ok());
  EXPECT_THAT(ParseWithChildren(unknown, true).mistakes,
              Contains(At("tasks[0].subWorkflowParam",
                          "No such workflow defined. name=nobody, version=null")));
  EXPECT_TRUE(ParseWithChildren(Of(Sub("p", R"({"name":"${workflow.input.x}"})")), true).ok());
}

TEST(SubWorkflowTest, ParametersAreChecked) {
  EXPECT_THAT(Parse(Of(R"({"name":"s","type":"SUB_WORKFLOW","taskReferenceName":"s"})")).mistakes,
              Contains(At("tasks[0].subWorkflowParam",
                          "subWorkflowParam field is required for taskType: SUB_WORKFLOW")));
  EXPECT_THAT(Parse(Of(Sub("s", "{}"))).mistakes,
              Contains(At("tasks[0].subWorkflowParam.name", "is required")));
  EXPECT_THAT(Parse(Of(Sub("s", R"({"workflowDefinition":"order"})"))).mistakes,
              Contains(At("tasks[0].subWorkflowParam.workflowDefinition", "must be a definition")));
  EXPECT_THAT(Parse(Of(Sub("s", R"({"name":"${nobody.output.x}"})"))).mistakes,
              Contains(At("tasks[0].subWorkflowParam.name", "is not defined")));
}

TEST(SagaKindsTest, WarningsDoNotRefuse) {
  const auto parsed =
      Parse(Of(Simple("a", R"("compensateWith":"u")") + "," + Kind("p", "PIVOT"),
               R"(,"timeoutPolicy":"TIME_OUT_WF","timeoutSeconds":9,"failureWorkflow":"f",
         "saga":{"hue":1})"));
  EXPECT_TRUE(parsed.ok());
  EXPECT_THAT(parsed.warnings, Contains(At("timeoutPolicy", "(V11)")));
  EXPECT_THAT(parsed.warnings, Contains(At("tasks[0]", "(V10)")));
  EXPECT_THAT(parsed.warnings, Contains(At("saga.hue", "unknown saga field")));
}

// V8: an undo reads only what is certain to be there.
TEST(SagaKindsTest, UndoInputReadsOnlyWhatDominates) {
  const auto undo_reading = [](const std::string& reference) {
    return Simple("z", R"("saga":{"compensation":{"name":"u","inputParameters":{"x":"${)" +
                           reference + R"(.output}"}}})");
  };
  const std::string head = Kind("first", "READ_ONLY") + R"(,
      {"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[
        [)" + Kind("left", "READ_ONLY") +
                           "," + Kind("left2", "READ_ONLY") + "],[" + Kind("right", "READ_ONLY") +
                           R"(]]},
      {"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["left2"]},
      {"name":"s","taskReferenceName":"s","type":"SWITCH","evaluatorType":"value-param",
       "expression":"k","inputParameters":{"k":1},"decisionCases":{"x":[)" +
                           Kind("cased", "READ_ONLY") + "]}},";
  for (const char* fine : {"z", "first", "f", "left", "left2", "j", "s", "workflow"}) {
    const auto parsed = Parse(Of(head + undo_reading(fine)));
    EXPECT_THAT(parsed.mistakes, IsEmpty()) << fine;
  }
  const std::string after = "," + Kind("later", "READ_ONLY");
  for (const char* unsafe : {"right", "cased", "later"}) {
    EXPECT_THAT(Parse(Of(head + undo_reading(unsafe) + after)).mistakes,
                ElementsAre(At("tasks[4].saga.compensation.inputParameters.x", "(V8)")))
        << unsafe;
  }
}

}  // namespace
}  // namespace skald::core
