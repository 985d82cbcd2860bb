// What counts as a difference, how it is told, and when the rule holds.
#include "tests/corpus/compare.h"

#include <gmock/gmock.h>

#include <sstream>

#include "tests/corpus/accepted.h"
#include "tests/corpus/observed.h"
#include "tests/corpus/report.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"

namespace skald::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

boost::json::value Json(const char* text) { return boost::json::parse(text); }

TaskLine Task(const std::string& type, const std::string& reference,
              const std::string& status = "COMPLETED") {
  return {.type = type, .reference = reference, .status = status, .input = boost::json::object()};
}

Case Sequence() {
  Case one{.id = "a.json#", .name = "a", .version = 1};
  one.definition = Json(R"({"tasks":[
    {"name":"w","taskReferenceName":"x","type":"SIMPLE"},
    {"name":"w","taskReferenceName":"y","type":"SIMPLE"}]})")
                       .get_object();
  one.reference = {.registered = true,
                   .status = "COMPLETED",
                   .tasks = {Task("w", "x"), Task("w", "y")},
                   .output = boost::json::object()};
  return one;
}

TEST(CompareTest, TheSameIsTheSame) {
  const Case theirs = Sequence();
  EXPECT_THAT(Compare(theirs, theirs.reference), IsEmpty());
}

TEST(CompareTest, RegistrationComesFirst) {
  Case theirs = Sequence();
  const Outcome refused{.registered = false, .register_error = "tasks[0].type: unknown"};
  EXPECT_THAT(Compare(theirs, refused),
              ElementsAre(Difference{"register", "accepted", "refused: tasks[0].type: unknown"}));
  theirs.reference.registered = false;
  EXPECT_THAT(Compare(theirs, refused), IsEmpty());
}

TEST(CompareTest, StatusTasksAndOutputCount) {
  const Case theirs = Sequence();
  Outcome ours = theirs.reference;
  ours.status = "FAILED";
  ours.reason = "no 00000000-0000-0000-0000-00000000000a";
  ours.tasks[1].status = "FAILED";
  ours.output = Json(R"({"a":1})");
  EXPECT_THAT(Compare(theirs, ours),
              ElementsAre(Difference{"status", "COMPLETED", "FAILED: no <id>"},
                          Difference{"tasks", "w y COMPLETED", "w y FAILED"},
                          Difference{"output", "{}", R"({"a": 1})"}));
}

TEST(CompareTest, OrderCountsOnlyWithoutAFork) {
  Case theirs = Sequence();
  Outcome ours = theirs.reference;
  std::swap(ours.tasks[0], ours.tasks[1]);
  EXPECT_THAT(Compare(theirs, ours), ElementsAre(Field(&Difference::part, "tasks (order)")));
  theirs.definition["tasks"].as_array().push_back(
      Json(R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN"})"));
  EXPECT_THAT(Compare(theirs, ours), IsEmpty());
}

TEST(CompareTest, TwoRecordsOfOneStepAreTwo) {
  const Case theirs = Sequence();
  Outcome ours = theirs.reference;
  ours.tasks.push_back(ours.tasks[1]);
  EXPECT_THAT(Compare(theirs, ours), ElementsAre(Difference{"tasks", "-", "w y COMPLETED"}));
}

TEST(CompareTest, UnstablePartsAreLeftOut) {
  Case theirs = Sequence();
  theirs.unstable = {"output", "tasks"};
  Outcome ours = theirs.reference;
  ours.tasks.clear();
  ours.output = nullptr;
  EXPECT_THAT(Compare(theirs, ours), IsEmpty());
}

TEST(CompareTest, OfAnOpenWorkflowOnlyTheReferencesCount) {
  Case theirs = Sequence();
  theirs.reference.status = "OPEN";
  theirs.reference.tasks = {Task("w", "x__1"), Task("w", "x__2", "SCHEDULED")};
  Outcome ours = theirs.reference;
  ours.tasks = {Task("w", "x__1")};
  ours.output = Json("1");
  EXPECT_THAT(Compare(theirs, ours), IsEmpty());
  ours.tasks.push_back(Task("w", "z"));
  EXPECT_THAT(Compare(theirs, ours), ElementsAre(Difference{"references", "-", "z"}));
}

TEST(CompareTest, InputsOfWorkersCountAndThoseOfConstructsDoNot) {
  Case theirs = Sequence();
  theirs.reference.tasks.push_back(Task("SWITCH", "s"));
  theirs.reference.tasks[2].input = Json(R"({"case":"a","hasChildren":"true"})");
  Outcome ours = theirs.reference;
  ours.tasks[2].input = boost::json::object();
  EXPECT_THAT(Compare(theirs, ours), IsEmpty());
  ours.tasks[0].input = Json(R"({"p":null})");
  EXPECT_THAT(Compare(theirs, ours),
              ElementsAre(Difference{"inputs", "x: {}", "x: {\"p\": null}"}));
}

TEST(CompareTest, AsyncCompleteInAnHttpInputIsForm) {
  Case theirs = Sequence();
  theirs.reference.tasks[0] = Task("HTTP", "x");
  theirs.reference.tasks[0].input = Json(R"({"asyncComplete":false,"uri":"http://<host>/a"})");
  Outcome ours = theirs.reference;
  ours.tasks[0].input = Json(R"({"uri":"http://127.0.0.1:17/a"})");
  EXPECT_THAT(Compare(theirs, ours), IsEmpty());
}

TEST(CompareTest, LongOutputsAreComparedByDigest) {
  Case theirs = Sequence();
  Outcome ours = theirs.reference;
  ours.output = boost::json::string(std::string(700, 'x'));
  theirs.reference.output = "sha1:0000000000000000";
  EXPECT_THAT(Compare(theirs, ours), ElementsAre(Field(&Difference::part, "output")));
}

TEST(CompareTest, SubWorkflowsCount) {
  Case theirs = Sequence();
  theirs.reference.sub["x"] = {"COMPLETED", {Task("w", "u"), Task("w", "v")}};
  Outcome ours = theirs.reference;
  ours.sub.clear();
  EXPECT_THAT(Compare(theirs, ours), ElementsAre(Difference{"sub", "x: COMPLETED", "x: none"}));
  ours.sub["x"] = {"FAILED", {Task("w", "u")}};
  EXPECT_THAT(Compare(theirs, ours), ElementsAre(Difference{"sub", "x: COMPLETED", "x: FAILED"},
                                                 Difference{"sub x", "w v COMPLETED", "-"}));
}

TEST(ObservedTest, TakesTheNamesOfTheReference) {
  v1::Workflow workflow;
  workflow.set_status(v1::WORKFLOW_STATUS_COMPLETED);
  workflow.set_ended_at_us(1);
  workflow.set_output(R"({"a":1})");
  const auto add = [&](const char* step_type, const char* task_type, const char* reference) {
    v1::Task* task = workflow.add_tasks();
    task->set_step_type(step_type);
    task->set_task_type(task_type);
    task->set_reference(reference);
    task->set_operation(v1::OPERATION_ACTION);
    task->set_status(v1::TASK_STATUS_COMPLETED_WITH_ERRORS);
    task->set_attempt(2);
    return task;
  };
  add("FORK_JOIN", "", "f");
  add("SIMPLE", "charge", "c")->set_iteration(3);
  add("DO_WHILE", "", "l")->set_iteration(4);
  add("SUB_WORKFLOW", "", "s")->set_child_workflow_id("id-1");
  add("SIMPLE", "undo", "c")->set_operation(v1::OPERATION_COMPENSATE);

  const Outcome outcome = ToOutcome(workflow);

  EXPECT_EQ(outcome.status, "COMPLETED");
  EXPECT_EQ(outcome.output, Json(R"({"a":1})"));
  ASSERT_EQ(outcome.tasks.size(), 4u);
  EXPECT_EQ(outcome.tasks[0].type, "FORK");
  EXPECT_EQ(outcome.tasks[0].status, "COMPLETED_WITH_ERRORS");
  EXPECT_EQ(outcome.tasks[1].type, "charge");
  EXPECT_EQ(outcome.tasks[1].reference, "c__3");
  EXPECT_EQ(outcome.tasks[1].retry_count, 1);
  EXPECT_EQ(outcome.tasks[2].iteration, 4);
  EXPECT_EQ(outcome.tasks[2].reference, "l");
  EXPECT_EQ(SubWorkflowIds(workflow).at("s"), "id-1");
  workflow.set_ended_at_us(0);
  EXPECT_EQ(ToOutcome(workflow).status, "OPEN");
}

constexpr char kAccepted[] = R"([{"definition": "a.json#", "part": "status",
  "theirs": "COMPLETED", "ours": "FAILED", "reason": "It never ended."}])";

TEST(AcceptedTest, EveryEntryNeedsItsReason) {
  EXPECT_THAT(ParseAccepted(kAccepted), IsOk());
  EXPECT_THAT(ParseAccepted("{}"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseAccepted(R"([{"definition":"a","part":"b","theirs":"c","ours":"d"}])"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'reason'")));
}

TEST(AcceptedTest, ThePageSaysWhatTheListSays) {
  const auto root = testing::SourceDir();
  const auto accepted =
      ParseAccepted(testing::ReadFileOrDie(root / "tests/corpus/accepted_differences.json"));
  ASSERT_THAT(accepted, IsOk());
  const std::string page = testing::ReadFileOrDie(root / "docs/conductor-differences.md");
  EXPECT_EQ(page, WithAccepted(page, *accepted))
      << "./dev corpus --write-docs makes its last part anew";
  EXPECT_THAT(page, HasSubstr(DescribeAccepted(*accepted)));
  EXPECT_THAT(DescribeAccepted(*ParseAccepted(kAccepted)), HasSubstr("It never ended."));
}

// `count` definitions, all alike.
std::vector<Case> Cases(int count) {
  std::vector<Case> cases;
  for (int i = 0; i < count; ++i) {
    cases.push_back(Sequence());
    cases.back().id = std::to_string(i) + ".json#";
  }
  return cases;
}

std::vector<Outcome> AsOnTheReference(const std::vector<Case>& cases) {
  std::vector<Outcome> outcomes;
  for (const Case& one : cases) outcomes.push_back(one.reference);
  return outcomes;
}

AcceptedDifference Accepted(const std::string& id, const std::string& ours) {
  return {.definition = id, .difference = {"status", "COMPLETED", ours}, .reason = "because"};
}

TEST(JudgeTest, OneExplainedOfAHundredHolds) {
  const std::vector<Case> cases = Cases(100);
  std::vector<Outcome> ours = AsOnTheReference(cases);
  EXPECT_TRUE(Judge(cases, ours, {}).Holds());
  ours[7].status = "FAILED";
  EXPECT_FALSE(Judge(cases, ours, {}).Holds());
  EXPECT_FALSE(Judge(cases, ours, {Accepted("8.json#", "FAILED")}).Holds());
  EXPECT_TRUE(Judge(cases, ours, {Accepted("7.json#", "FAILED")}).Holds());
  ours[8].status = "FAILED";
  EXPECT_FALSE(
      Judge(cases, ours, {Accepted("7.json#", "FAILED"), Accepted("8.json#", "FAILED")}).Holds())
      << "two of a hundred are too many, explained or not";
}

TEST(JudgeTest, WhatHappensSometimesIsNeverStale) {
  const std::vector<Case> cases = Cases(100);
  std::vector<Outcome> ours = AsOnTheReference(cases);
  AcceptedDifference sometimes = Accepted("7.json#", "FAILED");
  sometimes.sometimes = true;
  EXPECT_TRUE(Judge(cases, ours, {sometimes}).Holds());
  ours[7].status = "FAILED";
  EXPECT_TRUE(Judge(cases, ours, {sometimes}).Holds());
  ours[7].status = "TERMINATED";
  EXPECT_FALSE(Judge(cases, ours, {sometimes}).Holds());
}

TEST(JudgeTest, StaleExplanationsAndRefusalsDoNotHold) {
  const std::vector<Case> cases = Cases(100);
  std::vector<Outcome> ours = AsOnTheReference(cases);
  EXPECT_FALSE(Judge(cases, ours, {Accepted("7.json#", "FAILED")}).Holds());
  ours[3] = {.registered = false, .register_error = "no"};
  const AcceptedDifference refusal{.definition = "3.json#",
                                   .difference = {"register", "accepted", "refused: no"},
                                   .reason = "because"};
  EXPECT_FALSE(Judge(cases, ours, {refusal}).Holds());
  EXPECT_FALSE(Judge({}, {}, {}).Holds()) << "nothing was run";
}

TEST(ReportTest, AlikeMistakesHaveTheSameCause) {
  EXPECT_THAT(CausesOf("refused: workflow definition refused: tasks[0].type: step type X is no; "
                       "tasks[1].forkTasks[0][1].type: step type X is no; only Y; "
                       "tasks[2].inputParameters.a: ${w.x}: w is no"),
              ElementsAre("type: step type X is no", "type: step type X is no; only Y",
                          "inputParameters: '…': w is no"));
  EXPECT_THAT(CausesOf("out of memory"), ElementsAre("out of memory"));
}

TEST(ReportTest, TellsWhatDiffersAndCounts) {
  const std::vector<Case> cases = Cases(3);
  std::vector<Outcome> ours = AsOnTheReference(cases);
  ours[0] = {.registered = false, .register_error = "tasks[4].type: 'X' is unknown"};
  ours[1].status = "FAILED";
  std::ostringstream out;
  Print(Judge(cases, ours, {}), out);
  EXPECT_THAT(out.str(), HasSubstr("REFUSED   0.json#"));
  EXPECT_THAT(out.str(), HasSubstr("status: theirs COMPLETED | ours FAILED"));
  EXPECT_THAT(out.str(), HasSubstr("1  type: '…' is unknown   (such as 0.json#)"));
  EXPECT_THAT(out.str(), HasSubstr("3 definitions: 1 as on the reference (33.3 %), 0 explained, "
                                   "1 differ, 1 refused"));
  EXPECT_THAT(out.str(), HasSubstr("the rule does NOT hold"));
}

}  // namespace
}  // namespace skald::corpus
