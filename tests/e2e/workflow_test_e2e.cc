// `skald workflow test` with the real binary: in its own process, with scripts evaluated by real
// script hosts, and on a server with what is registered there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/processes.h"
#include "tests/e2e/server.h"
#include "tests/support/paths.h"
#include "tests/support/private_postgres.h"
#include <boost/json.hpp>

namespace skald::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kScripted[] = R"({"name":"scripted","version":1,"schemaVersion":2,"tasks":[
  {"name":"sum","taskReferenceName":"sum","type":"INLINE","inputParameters":{
    "evaluatorType":"javascript","expression":"$.a + $.b","a":"${workflow.input.a}","b":2}},
  {"name":"filter","taskReferenceName":"filter","type":"JSON_JQ_TRANSFORM","inputParameters":{
    "queryExpression":"{twice: .n * 2}","n":"${sum.output.result}"}}],
  "outputParameters":{"twice":"${filter.output.result.twice}"}})";
constexpr char kScriptedMocks[] =
    R"({"input":{"a":40},"expect":{"output":{"twice":84},"executed":["sum","filter"]}})";
constexpr char kParent[] = R"({"name":"parent","version":1,"schemaVersion":2,"tasks":[
  {"name":"sub","taskReferenceName":"sub","type":"SUB_WORKFLOW","subWorkflowParam":
    {"name":"scripted","version":1}}]})";

class WorkflowTestCommand : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    WriteFileOrDie(path, text);
    return path.string();
  }
  Said Test(const std::string& definition, const std::string& mocks,
            std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"workflow", "test", definition, "--mocks", mocks};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram("skald", arguments);
  }

  TempDir folder_;
};

TEST_F(WorkflowTestCommand, RunsTheSamplesWithoutAServer) {
  const std::string workflows = (SourceDir() / "workflows").string();
  const Said said = Test(workflows + "/order.json", workflows + "/tests/order_refused.json",
                         {"--with", workflows + "/task-definitions", "--address", "127.0.0.1:1"});
  EXPECT_EQ(said.exit_code, 0) << said;
  EXPECT_THAT(said.output, HasSubstr("undo charge#2"));
  EXPECT_THAT(said.output, HasSubstr("undone    charge, reserve"));
}

TEST_F(WorkflowTestCommand, EvaluatesScriptsForReal) {
  const std::string definition = File("scripted.json", kScripted);
  const Said said = Test(definition, File("mocks.json", kScriptedMocks), {"-o", "json"});
  EXPECT_EQ(said.exit_code, 0) << said;
  const boost::json::value report = boost::json::parse(said.output);
  EXPECT_EQ(report.at("passed"), boost::json::value(true));
  EXPECT_EQ(report.at("output").at("twice"), boost::json::value(84));
  const Said stuck = Test(
      File("stuck.json",
           R"({"name":"s","version":1,"tasks":[{"name":"i","taskReferenceName":"i","type":"INLINE",
               "inputParameters":{"expression":"while (true) {}"}}]})"),
      File("expects_failure.json", R"({"expect":{"status":"FAILED"}})"));
  EXPECT_EQ(stuck.exit_code, 0) << stuck;
}

TEST_F(WorkflowTestCommand, SaysWhatDiffersAndWhatIsWrong) {
  const std::string definition = File("scripted.json", kScripted);
  const Said differs =
      Test(definition, File("other.json", R"({"input":{"a":1},"expect":{"output":{"twice":5}}})"));
  EXPECT_EQ(differs.exit_code, 1) << differs;
  EXPECT_THAT(differs.output, HasSubstr("output.twice: expected 5, found 6"));
  EXPECT_EQ(Test(definition, File("bad.json", "{")).exit_code, 6);
  EXPECT_EQ(Test(definition, "/no/such/file").exit_code, 6);
  EXPECT_EQ(Test(File("parent.json", kParent), File("none.json", "{}")).exit_code, 1);
  EXPECT_EQ(RunProgram("skald", {"workflow", "test", definition}).exit_code, 2);
  const Said nobody = Test(definition, File("mocks.json", kScriptedMocks),
                           {"--on-server", "--address", "127.0.0.1:1"});
  EXPECT_EQ(nobody.exit_code, 4) << nobody;
}

TEST_F(WorkflowTestCommand, OnAServerItKnowsWhatIsRegistered) {
  const std::string database = PrivatePostgres::NewDatabase();
  Migrate(database);
  Engine engine({"server", "--database-url", database}, folder_.path());
  engine.Start();
  engine.AwaitReady();
  const Said registered = RunProgram(
      "skald",
      {"definition", "register", File("scripted.json", kScripted), "--address", engine.address()});
  ASSERT_EQ(registered.exit_code, 0) << registered;
  const std::vector<std::string> server = {"--on-server", "--address", engine.address()};
  const Said said = Test(File("parent.json", kParent),
                         File("p.json", R"({"mocks":{"scripted/sum":{"output":{"result":1}}},
                              "expect":{"output":{"twice":2}}})"),
                         server);
  EXPECT_EQ(said.exit_code, 0) << said;
  const Said by_name = Test("scripted", File("s.json", kScriptedMocks), server);
  EXPECT_EQ(by_name.exit_code, 0) << by_name;
  const auto with = [&server](std::vector<std::string> more) {
    more.insert(more.end(), server.begin(), server.end());
    return more;
  };
  const std::string mocks = File("s.json", kScriptedMocks);
  EXPECT_EQ(Test("scripted", mocks, with({"--version", "1"})).exit_code, 0);
  const Said no_version = Test("scripted", mocks, with({"--version", "2"}));
  EXPECT_EQ(no_version.exit_code, 3) << no_version;
  EXPECT_THAT(no_version.output, HasSubstr("scripted"));
  EXPECT_EQ(Test("nobody", mocks, server).exit_code, 3);
  EXPECT_EQ(Test("scripted", mocks).exit_code, 6) << "a name means nothing without a server";
  EXPECT_EQ(Test("scripted", mocks, {"--version", "1"}).exit_code, 2);
  const Said listed =
      RunProgram("skald", {"workflow", "list", "--address", engine.address(), "-o", "json"});
  EXPECT_EQ(listed.output, "") << "nothing of a test is stored";
}

}  // namespace
}  // namespace skald::testing
