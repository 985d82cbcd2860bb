// Reading the corpus and preparing its definitions.
#include "tests/corpus/corpus.h"

#include <gmock/gmock.h>

#include "tests/corpus/definition_text.h"
#include "tests/corpus/json_text.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"

namespace skald::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

boost::json::object Object(const char* text) { return boost::json::parse(text).get_object(); }

TEST(LoadCorpusTest, FindsTheDefinitionBehindThePointer) {
  const testing::TempDir folder;
  std::filesystem::create_directories(folder.path() / "definitions");
  testing::WriteFileOrDie(folder.path() / "definitions" / "a.json", R"([{"x":{"name":"w"}}])");
  testing::WriteFileOrDie(
      folder.path() / "expected.jsonl",
      R"({"id":"a.json#/0/x","name":"w","version":2,"register":200,"status":"COMPLETED",)"
      R"("tasks":[["SIMPLE","s","COMPLETED",0,1,{"a":1}]],"output":{"b":2},"unstable":["sub"],)"
      R"("sub":{"s":{"status":"FAILED","tasks":[["t","u","FAILED",1,0]]}}})"
      "\n");

  const auto cases = LoadCorpus(folder.path());

  ASSERT_THAT(cases, IsOk());
  ASSERT_EQ(cases->size(), 1u);
  const Case& one = cases->front();
  EXPECT_EQ(one.definition.at("name").as_string(), "w");
  EXPECT_EQ(one.version, 2);
  EXPECT_TRUE(one.reference.registered);
  EXPECT_EQ(one.reference.tasks.at(0).iteration, 1);
  EXPECT_EQ(one.reference.sub.at("s").tasks.at(0).retry_count, 1);
  EXPECT_TRUE(one.IsUnstable("sub"));
  EXPECT_FALSE(one.IsUnstable("output"));
}

TEST(LoadCorpusTest, SaysWhereTheFormIsBroken) {
  const testing::TempDir folder;
  testing::WriteFileOrDie(folder.path() / "expected.jsonl", "\n{\"id\":\"a#\"}\n");
  EXPECT_THAT(LoadCorpus(folder.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected.jsonl:2")));
  EXPECT_THAT(LoadCorpus(folder.path() / "none"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ParseExpected(R"({"id":"a#","version":1,"register":200,"tasks":[["x"]]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a task is")));
}

TEST(JsonTextTest, SortsAndEscapesAsTheCorpusDoes) {
  EXPECT_EQ(SortedText(boost::json::parse(R"({"b":[1,2.5,3.0,null,true],"a":"ü\n\"x\u0001"})")),
            R"({"a": "\u00fc\n\"x\u0001", "b": [1, 2.5, 3.0, null, true]})");
  EXPECT_EQ(SortedText(boost::json::parse("{}")), "{}");
  EXPECT_EQ(SortedText(boost::json::value("\xF0\x9F\x98\x80")), R"("\ud83d\ude00")");
}

TEST(JsonTextTest, DigestsOnlyWhatIsLong) {
  const boost::json::value text(std::string(598, 'x'));
  EXPECT_EQ(Shortened(text), text);
  const boost::json::value longer(std::string(599, 'x'));
  EXPECT_THAT(std::string(Shortened(longer).as_string()), HasSubstr("sha1:"));
  EXPECT_EQ(Shortened(longer).as_string().size(), 21u);
}

TEST(JsonTextTest, ReplacesWhatDiffersFromRunToRun) {
  EXPECT_EQ(
      SortedText(WithoutChance(Json(
          R"({"id":"00000000-0000-0000-0000-00000000000a.12","at":1790000000000,"n":12,
                    "t":"on 2026-11-21T04:12:13.5Z","u":"http://127.0.0.1:8080/a?b=1"})"))),
      R"({"at": "<ts>", "id": "<id>", "n": 12, "t": "on <time>", "u": "http://<host>/a?b=1"})");
}

TEST(JsonTextTest, NumbersAndOrderDoNotMakeADifference) {
  EXPECT_TRUE(IsSame(boost::json::parse(R"({"a":1,"b":[2.0]})"),
                     boost::json::parse(R"({"b":[2],"a":1.0})")));
  EXPECT_FALSE(IsSame(boost::json::parse(R"({"a":1})"), boost::json::parse(R"({"a":1,"b":null})")));
  EXPECT_FALSE(IsSame(boost::json::parse("[1,2]"), boost::json::parse("[2,1]")));
  EXPECT_FALSE(IsSame(boost::json::parse("\"1\""), boost::json::parse("1")));
}

constexpr char kNested[] = R"({
  "inputParameters": ["a", "b"],
  "tasks": [
    {"name": "w1", "taskReferenceName": "r1", "type": "SIMPLE"},
    {"name": "w2", "taskReferenceName": "r2"},
    {"name": "f", "taskReferenceName": "f", "type": "FORK_JOIN", "forkTasks": [[
      {"name": "y", "taskReferenceName": "r3", "type": "YIELD"},
      {"name": "p", "taskReferenceName": "person", "type": "HUMAN"}]]},
    {"name": "d", "taskReferenceName": "d", "type": "FORK_JOIN_DYNAMIC",
     "inputParameters": {"forkTaskName": "w3"}},
    {"name": "s", "taskReferenceName": "s", "type": "SUB_WORKFLOW", "subWorkflowParam":
      {"workflowDefinition": {"tasks": [
        {"name": "i", "taskReferenceName": "wait", "type": "WAIT"}]}}}]})";

TEST(DefinitionTextTest, FindsWhatTheRunHasToServe) {
  const boost::json::object definition = Object(kNested);
  EXPECT_THAT(WorkerTypes(definition), ElementsAre("YIELD", "w1", "w2", "w3", "y"));
  EXPECT_THAT(WaitingReferences(definition), ElementsAre("person", "wait"));
  EXPECT_THAT(StepTypes(definition), ElementsAre("FORK_JOIN", "FORK_JOIN_DYNAMIC", "HUMAN",
                                                 "SIMPLE", "SUB_WORKFLOW", "WAIT", "YIELD"));
  EXPECT_EQ(StartInput(definition), R"({"a":"v_a","b":"v_b"})");
  EXPECT_FALSE(HasDeterminedOrder(definition));
}

TEST(DefinitionTextTest, AddressesLeadToTheEcho) {
  EXPECT_EQ(
      boost::json::serialize(WithAddresses(
          Object(R"({"uri":"https://a.example:1/p?x=${y.z}","no":"${workflow.input.uri}/q"})"),
          "127.0.0.1:9")),
      R"({"uri":"http://127.0.0.1:9/p?x=${y.z}","no":"${workflow.input.uri}/q"})");
}

TEST(DefinitionTextTest, ReferencesCarryTheIteration) {
  EXPECT_EQ(ReferenceInLoop("a", 0), "a");
  EXPECT_EQ(ReferenceInLoop("a", 3), "a__3");
  EXPECT_EQ(ReferenceInLoop("a__3", 3), "a__3");
  EXPECT_EQ(PlainReference("a__13"), "a");
  EXPECT_EQ(PlainReference("a__b"), "a__b");
  EXPECT_EQ(PlainReference("a__"), "a__");
}

}  // namespace
}  // namespace skald::corpus
