// `skald dev`, the command line and the starts from SQL, on real processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>

#include "engine/app/private_cluster.h"
#include "fmt/format.h"
#include "tests/e2e/effects.h"
#include "tests/e2e/hand_worker.h"
#include "tests/e2e/server.h"
#include "tests/support/eventually.h"
#include "tests/support/paths.h"
#include <boost/json.hpp>

namespace skald::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kGreeting[] = R"({
  "name": "greeting", "version": 1, "schemaVersion": 2,
  "tasks": [{"name": "greet", "taskReferenceName": "greet", "type": "SIMPLE"}]})";
constexpr char kWaiting[] = R"({
  "name": "waiting", "version": 1, "schemaVersion": 2,
  "tasks": [{"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}]})";
constexpr char kNoted[] = R"({
  "name": "noted", "version": 1, "schemaVersion": 2,
  "tasks": [{"name": "note", "taskReferenceName": "note", "type": "SET_VARIABLE",
             "inputParameters": {"noted": true}}]})";
// Its undo is tried once, then a person has to decide.
constexpr char kUndoTask[] = R"({"name": "take_back", "retryCount": 0})";
constexpr char kSaga[] = R"({
  "name": "saga", "version": 1, "schemaVersion": 2,
  "tasks": [
    {"name": "give", "taskReferenceName": "give", "type": "SIMPLE", "compensateWith": "take_back"},
    {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"},
    {"name": "refuse", "taskReferenceName": "refuse", "type": "SIMPLE",
     "saga": {"kind": "READ_ONLY"}}]})";

bool IsJsonLines(const std::string& text) {
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    boost::json::error_code error;
    boost::json::parse(line, error);
    if (error) return false;
  }
  return count > 0;
}

MATCHER_P2(Ends, code, output, "") {
  *result_listener << "exit code " << arg.exit_code << ": " << arg.output;
  return arg.exit_code == code &&
         ::testing::ExplainMatchResult(output, arg.output, result_listener);
}
MATCHER(AreJsonLines, "are JSON, line by line") { return IsJsonLines(arg); }

// One `skald dev` for the tests of the command line.
class CommandLineE2e : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempDir();
    engine_ =
        new Engine({"dev", "--data-dir", (folder_->path() / "data").string()}, folder_->path());
    engine_->Start();
    engine_->AwaitReady();
    api_ = new Api(engine_->address());
    for (const char* definition : {kGreeting, kWaiting, kNoted, kSaga}) {
      const grpc::Status status = api_->Register(definition);
      ASSERT_TRUE(status.ok()) << status.error_message();
    }
    ASSERT_TRUE(api_->RegisterTask(kUndoTask).ok());
  }
  static void TearDownTestSuite() {
    EXPECT_THAT(VerifyAll(*engine_), Ends(0, HasSubstr(", 0 violations\n")));
    EXPECT_EQ(engine_->process().Terminate(), 0) << engine_->process().Log();
    delete api_;
    delete engine_;
    delete folder_;
  }

  static Said Skald(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--address", engine_->address()});
    return RunProgram("skald", std::move(arguments));
  }
  static std::string File(const std::string& name, const std::string& content) {
    const std::filesystem::path path = folder_->path() / name;
    WriteFileOrDie(path, content);
    return path.string();
  }
  static v1::Workflow Get(const std::string& id) {
    v1::Workflow workflow;
    EXPECT_TRUE(api_->Get(id, workflow).ok());
    return workflow;
  }
  static bool BecomesSaga(const std::string& id, v1::SagaStatus status) {
    return Eventually([&] { return Get(id).saga_status() == status; });
  }

  // Answers one task of the saga's worker.
  static void Answer(HandWorker& worker, const std::string& task_type,
                     v1::TaskResult::Status status, v1::Effect effect = v1::EFFECT_UNSPECIFIED) {
    const auto assignment = worker.TakeAssignment();
    ASSERT_TRUE(assignment.has_value());
    ASSERT_EQ(assignment->task_type(), task_type);
    v1::TaskResult result;
    result.set_task_id(assignment->task_id());
    result.set_fence(assignment->fence());
    result.set_status(status);
    result.set_reason("as ordered");
    result.set_effect(effect);
    worker.Write(result);
    ASSERT_TRUE(worker.TakeReceipt(assignment->task_id()).has_value());
  }
  // A saga whose only undo has failed.
  static std::string ParkOne(HandWorker& worker) {
    const std::string id = api_->StartOrDie("saga", "{}");
    Answer(worker, "give", v1::TaskResult::STATUS_COMPLETED);
    EXPECT_THAT(Skald({"workflow", "compensate", id, "--reason", "test"}),
                Ends(0, HasSubstr("done")));
    Answer(worker, "take_back", v1::TaskResult::STATUS_FAILED_TERMINAL);
    EXPECT_TRUE(BecomesSaga(id, v1::SAGA_STATUS_PARKED)) << Get(id).DebugString();
    return id;
  }
  static Said Operate(const std::string& verb, const std::string& id,
                      std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"workflow", "operator", verb,       id,
                                          "--actor",  "test",     "--reason", "it is time"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Skald(std::move(arguments));
  }

  static TempDir* folder_;
  static Engine* engine_;
  static Api* api_;
};

TempDir* CommandLineE2e::folder_ = nullptr;
Engine* CommandLineE2e::engine_ = nullptr;
Api* CommandLineE2e::api_ = nullptr;

TEST_F(CommandLineE2e, DefinitionsComeAndGo) {
  const std::string file = File("short.json", R"({"name": "short", "version": 3, "custom": "kept",
      "schemaVersion": 2, "tasks": [{"name": "a", "taskReferenceName": "a", "type": "WAIT"}]})");
  EXPECT_THAT(Skald({"definition", "register", file}), Ends(0, HasSubstr("short version 3")));
  EXPECT_THAT(Skald({"definition", "register", file, "-o", "json"}), Ends(5, AreJsonLines()));
  EXPECT_THAT(Skald({"definition", "register", "--overwrite", file, "-o", "json"}),
              Ends(0, AllOf(AreJsonLines(), HasSubstr("\"warnings\":["))));
  EXPECT_THAT(Skald({"definition", "get", "short"}),
              Ends(0, AllOf(HasSubstr("\"custom\":\"kept\""), AreJsonLines())));
  EXPECT_THAT(Skald({"definition", "list"}), Ends(0, HasSubstr("short  version 3")));
  EXPECT_THAT(Skald({"definition", "list", "-o", "json"}), Ends(0, AreJsonLines()));
  EXPECT_THAT(Skald({"definition", "delete", "short", "--version", "3"}),
              Ends(0, HasSubstr("short")));
  EXPECT_THAT(Skald({"definition", "get", "short"}), Ends(3, HasSubstr("short")));
  EXPECT_THAT(Skald({"definition", "delete", "short", "--version", "3"}),
              Ends(3, HasSubstr("short")));
}

TEST_F(CommandLineE2e, TaskDefinitionsComeAndGo) {
  const std::string file = File("tasks.json", R"([{"name": "t1"}, {"name": "t2"}])");
  EXPECT_THAT(Skald({"task-definition", "register", file}),
              Ends(0, AllOf(HasSubstr("t1"), HasSubstr("t2"))));
  EXPECT_THAT(Skald({"task-definition", "get", "t2"}), Ends(0, AreJsonLines()));
  EXPECT_THAT(Skald({"task-definition", "list", "-o", "json"}), Ends(0, AreJsonLines()));
  EXPECT_THAT(Skald({"task-definition", "delete", "t2"}), Ends(0, HasSubstr("t2")));
  EXPECT_THAT(Skald({"task-definition", "delete", "t1", "-o", "json"}),
              Ends(0, AllOf(AreJsonLines(), HasSubstr("t1"))));
  EXPECT_THAT(Skald({"task-definition", "get", "t2"}), Ends(3, HasSubstr("t2")));
}

TEST_F(CommandLineE2e, EveryMistakeOfADefinitionIsPrinted) {
  const std::string file = File("wrong.json", R"({"name": "wrong", "version": 1, "tasks": [
      {"name": "a", "taskReferenceName": "same", "type": "NO_SUCH"},
      {"name": "b", "taskReferenceName": "same", "type": "SIMPLE", "retryCount": "x"}]})");
  EXPECT_THAT(Skald({"definition", "register", file}),
              Ends(6, AllOf(HasSubstr("tasks[0]"), HasSubstr("tasks[1]"), HasSubstr("NO_SUCH"))));
  EXPECT_THAT(Skald({"definition", "register", file, "-o", "json"}),
              Ends(6, AllOf(AreJsonLines(), HasSubstr("violations"))));
  EXPECT_THAT(Skald({"definition", "register", "/no/such/file"}),
              Ends(6, HasSubstr("/no/such/file")));
}

TEST_F(CommandLineE2e, AWorkflowIsStartedLookedAtAndVerified) {
  const Said started = Skald({"workflow", "start", "noted", "--wait", "-o", "json",
                              "--idempotency-key", "once", "--correlation-id", "notes"});
  ASSERT_THAT(started, Ends(0, AreJsonLines()));
  const boost::json::value workflow = boost::json::parse(started.output);
  EXPECT_EQ(workflow.at("status").as_string(), "COMPLETED");
  const std::string id(workflow.at("workflow_id").as_string().c_str());
  EXPECT_THAT(Skald({"workflow", "start", "noted", "--idempotency-key", "once", "--correlation-id",
                     "notes"}),
              Ends(0, id + "\n"));
  EXPECT_THAT(Skald({"workflow", "start", "noted", "--idempotency-key", "once", "--correlation-id",
                     "others"}),
              Ends(5, HasSubstr("once")));
  EXPECT_THAT(Skald({"workflow", "status", id}),
              Ends(0, AllOf(HasSubstr("COMPLETED"), HasSubstr("note  SET_VARIABLE"))));
  EXPECT_THAT(Skald({"workflow", "status", id, "-o", "json"}), Ends(0, AreJsonLines()));
  EXPECT_THAT(Skald({"workflow", "history", id}), Ends(0, HasSubstr("WorkflowEnded")));
  EXPECT_THAT(Skald({"workflow", "history", id, "-o", "json"}), Ends(0, AreJsonLines()));
  EXPECT_THAT(Skald({"workflow", "watch", id}), Ends(0, HasSubstr("WorkflowEnded")));
  EXPECT_THAT(Skald({"workflow", "watch", id, "-o", "json"}), Ends(0, AreJsonLines()));
  EXPECT_TRUE(Eventually([&] {
    return Skald({"workflow", "list", "--correlation-id", "notes", "--status", "COMPLETED", "-o",
                  "json"})
               .output.find(id) != std::string::npos;
  }));
  EXPECT_THAT(Skald({"workflow", "verify", id}),
              Ends(0, AllOf(HasSubstr("1 workflow, "), HasSubstr("0 violations"))));
  EXPECT_THAT(Skald({"workflow", "verify", id, "-o", "json"}), Ends(0, AreJsonLines()));
  EXPECT_THAT(Skald({"workflow", "verify", "--all"}), Ends(0, HasSubstr("0 violations")));
}

TEST_F(CommandLineE2e, ExitCodesSayWhatWentWrong) {
  EXPECT_THAT(Skald({"workflow", "start", "absent"}), Ends(3, HasSubstr("absent")));
  EXPECT_THAT(Skald({"workflow", "start", "noted", "--input", "{bad"}),
              Ends(6, HasSubstr("input")));
  EXPECT_THAT(Skald({"workflow", "status", "nonsense"}), Ends(6, HasSubstr("nonsense")));
  const std::string nobody = "0192f3a0-7c1e-7000-8000-0123456789ab";
  EXPECT_THAT(Skald({"workflow", "status", nobody}), Ends(3, HasSubstr(nobody)));
  EXPECT_THAT(Skald({"workflow", "history", nobody, "-o", "json"}), Ends(3, AreJsonLines()));
  const std::string absent = "skald: no such workflow: " + nobody + "\n";
  for (const char* verb : {"status", "history", "watch", "verify", "pause", "retry", "delete"}) {
    std::vector<std::string> arguments = {"workflow", verb, nobody};
    if (verb == std::string("delete")) arguments.insert(arguments.end(), {"--reason", "test"});
    EXPECT_THAT(Skald(arguments), Ends(3, absent)) << verb;
  }
  EXPECT_THAT(Skald({"workflow", "list", "--status", "ODD"}), Ends(6, HasSubstr("ODD")));
  EXPECT_THAT(Skald({"workflow", "verify"}), Ends(2, HasSubstr("--all")));
  EXPECT_THAT(
      RunProgram("skald", {"workflow", "no-such-verb"}),
      Ends(2, AllOf(HasSubstr("workflow: no such command: no-such-verb"), HasSubstr("--help"))));
  EXPECT_THAT(RunProgram("skald", {"frob"}), Ends(2, HasSubstr("no such command: frob")));
  EXPECT_THAT(RunProgram("skald", {"--help"}), Ends(0, HasSubstr("workflow")));
  EXPECT_THAT(RunProgram("skald", {"--version"}), Ends(0, Not("")));
  EXPECT_THAT(RunProgram("skald", {"server"}), Ends(2, HasSubstr("--database-url")));
  EXPECT_THAT(RunProgram("skald", {"server", "--print-config", "--inbox-max", "4711"}),
              Ends(0, HasSubstr("4711")));
  EXPECT_THAT(
      RunProgram("skald",
                 {"server", "--print-config", "--database-url", "postgresql://ann:s3cret@db/x"}),
      Ends(0, AllOf(HasSubstr("postgresql://ann:********@db/x"), Not(HasSubstr("s3cret")))));
  EXPECT_THAT(RunProgram("skald", {"dev", "--data-dir", "/proc/skald"}),
              Ends(6, HasSubstr("/proc/skald")));
  // One line, for whoever starts it.
  EXPECT_THAT(RunProgram("skald", {"server", "--database-url", "host=/no/such/folder"}),
              Ends(4, AllOf(StartsWith("skald: "), HasSubstr("/no/such/folder"),
                            Not(HasSubstr("server.failed")))));
  EXPECT_THAT(RunProgram("skald", {"server", "--config", "/no/such/file"}),
              Ends(2, HasSubstr("/no/such/file")));
  const std::string nowhere = fmt::format("127.0.0.1:{}", FreePort());
  EXPECT_THAT(RunProgram("skald", {"workflow", "list", "--address", nowhere}),
              Ends(4, HasSubstr(nowhere)));
}

TEST_F(CommandLineE2e, TheServerItselfCanBeLookedAt) {
  for (const char* what : {"node", "nodes", "shards", "queues", "limits"}) {
    EXPECT_THAT(Skald({"admin", what}), Ends(0, Not(HasSubstr("error"))));
  }
  for (const char* what : {"node", "nodes", "shards", "limits"}) {
    EXPECT_THAT(Skald({"admin", what, "-o", "json"}), Ends(0, AreJsonLines()));
  }
  EXPECT_THAT(GetPage(engine_->http_port(), "/metrics").body,
              HasSubstr("skald_workflows_started_total"));
}

TEST_F(CommandLineE2e, ASignalEndsAWait) {
  const std::string id = api_->StartOrDie("waiting", "{}");
  EXPECT_THAT(Skald({"workflow", "signal", id, "--step", "other"}), Ends(3, HasSubstr("other")));
  EXPECT_THAT(Skald({"workflow", "signal", id, "--step", "wait", "--payload", R"({"paid":7})"}),
              Ends(0, HasSubstr("done")));
  const v1::Workflow workflow = api_->AwaitEnd(id);
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_EQ(workflow.tasks(0).output(), R"({"paid":7})");
  EXPECT_THAT(Skald({"workflow", "signal", id}), Ends(5, Not("")));
}

TEST_F(CommandLineE2e, APausedWorkflowStartsNothingUntilItIsResumed) {
  const std::string id = api_->StartOrDie("saga", "{}");
  HandWorker worker(*api_->workers);
  worker.Write(HelloFor({"give", "take_back", "refuse"}));
  Answer(worker, "give", v1::TaskResult::STATUS_COMPLETED);
  EXPECT_THAT(Skald({"workflow", "pause", id}), Ends(0, "done\n"));
  EXPECT_THAT(Skald({"workflow", "pause", id, "-o", "json"}), Ends(0, "{\"changed\":false}\n"));
  EXPECT_EQ(Get(id).status(), v1::WORKFLOW_STATUS_PAUSED);
  EXPECT_THAT(Skald({"workflow", "resume", id}), Ends(0, "done\n"));
  EXPECT_THAT(Skald({"workflow", "resume", id}), Ends(5, Not("")));
  EXPECT_EQ(Get(id).status(), v1::WORKFLOW_STATUS_RUNNING);
  EXPECT_THAT(Skald({"workflow", "terminate", id, "--reason", "enough"}), Ends(0, "done\n"));
  Answer(worker, "take_back", v1::TaskResult::STATUS_COMPLETED);
  const v1::Workflow workflow = api_->AwaitEnd(id);
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_TERMINATED);
  EXPECT_EQ(workflow.saga_status(), v1::SAGA_STATUS_COMPENSATED);
  EXPECT_THAT(workflow.reason(), HasSubstr("enough"));
  EXPECT_THAT(Skald({"workflow", "watch", id}), Ends(1, HasSubstr("TERMINATED")));
  EXPECT_THAT(Skald({"workflow", "watch", id, "-o", "json"}), Ends(1, AreJsonLines()));
  EXPECT_THAT(Skald({"workflow", "pause", id}), Ends(5, Not("")));
}

TEST_F(CommandLineE2e, AParkedSagaWaitsForAPerson) {
  HandWorker worker(*api_->workers);
  worker.Write(HelloFor({"give", "take_back", "refuse"}));

  const std::string retried = ParkOne(worker);
  EXPECT_TRUE(Eventually([&] {
    return Skald({"workflow", "list", "--saga-status", "PARKED"}).output.find(retried) !=
           std::string::npos;
  }));
  EXPECT_THAT(Operate("skip", retried, {"--step", "nobody"}), Ends(3, HasSubstr("nobody")));
  EXPECT_THAT(Operate("retry", retried), Ends(0, "done\n"));
  Answer(worker, "take_back", v1::TaskResult::STATUS_COMPLETED);
  EXPECT_EQ(api_->AwaitEnd(retried).saga_status(), v1::SAGA_STATUS_COMPENSATED);

  const std::string resolved = ParkOne(worker);
  EXPECT_THAT(Operate("resolve", resolved, {"--step", "give"}), Ends(0, "done\n"));
  EXPECT_EQ(api_->AwaitEnd(resolved).saga_status(), v1::SAGA_STATUS_COMPENSATED);

  const std::string skipped = ParkOne(worker);
  EXPECT_THAT(Operate("skip", skipped, {"--step", "give"}), Ends(0, "done\n"));
  EXPECT_EQ(api_->AwaitEnd(skipped).saga_status(), v1::SAGA_STATUS_PARTIALLY_COMPENSATED);
  EXPECT_THAT(Skald({"workflow", "status", skipped}), Ends(0, HasSubstr("left standing: give")));

  const std::string abandoned = ParkOne(worker);
  EXPECT_THAT(Operate("abandon", abandoned), Ends(0, "done\n"));
  EXPECT_EQ(api_->AwaitEnd(abandoned).saga_status(), v1::SAGA_STATUS_ABANDONED);
  EXPECT_THAT(Operate("abandon", abandoned), Ends(5, Not("")));
  EXPECT_THAT(Skald({"workflow", "history", abandoned, "-o", "json"}),
              Ends(0, HasSubstr("it is time")));
  EXPECT_THAT(Skald({"workflow", "verify", "--all"}), Ends(0, HasSubstr("0 violations")));
}

TEST_F(CommandLineE2e, APersonSettlesWhatAnUnknownStepDid) {
  HandWorker worker(*api_->workers);
  worker.Write(HelloFor({"give", "take_back", "refuse"}));
  const auto park = [&worker] {
    const std::string id = api_->StartOrDie("saga", "{}");
    Answer(worker, "give", v1::TaskResult::STATUS_FAILED_TERMINAL, v1::EFFECT_UNKNOWN);
    EXPECT_TRUE(BecomesSaga(id, v1::SAGA_STATUS_PARKED)) << Get(id).DebugString();
    return id;
  };

  const std::string applied = park();
  EXPECT_THAT(Operate("settle", applied, {"--step", "give"}), Ends(2, HasSubstr("--effect")));
  EXPECT_THAT(Operate("settle", applied, {"--step", "give", "--effect", "APPLIED"}),
              Ends(0, "done\n"));
  Answer(worker, "take_back", v1::TaskResult::STATUS_COMPLETED);
  EXPECT_EQ(api_->AwaitEnd(applied).saga_status(), v1::SAGA_STATUS_COMPENSATED);

  const std::string none = park();
  EXPECT_THAT(Operate("settle", none, {"--step", "give", "--effect", "NONE"}), Ends(0, "done\n"));
  EXPECT_TRUE(Eventually([&] { return Get(none).ended_at_us() != 0; }));
  EXPECT_THAT(Skald({"workflow", "history", none}), Ends(0, Not(HasSubstr("take_back"))));
  EXPECT_THAT(Operate("settle", none, {"--step", "give", "--effect", "NONE"}), Ends(5, Not("")));
  EXPECT_THAT(Skald({"workflow", "verify", none}), Ends(0, HasSubstr("0 violations")));
}

TEST_F(CommandLineE2e, LogLinesOfATaskArePrinted) {
  const std::string id = api_->StartOrDie("greeting", "{}");
  HandWorker worker(*api_->workers);
  worker.Write(HelloFor({"greet"}));
  const auto assignment = worker.TakeAssignment();
  ASSERT_TRUE(assignment.has_value());
  v1::WorkRequest request;
  for (const char* message : {"looked for a hat", "found \"one\""}) {
    v1::LogEntry& line = *request.add_logs();
    line.set_task_id(assignment->task_id());
    line.set_at_us(1'700'000'000'000'000);
    line.set_message(message);
  }
  v1::TaskResult& result = *request.add_results();
  result.set_task_id(assignment->task_id());
  result.set_fence(assignment->fence());
  result.set_status(v1::TaskResult::STATUS_COMPLETED);
  ASSERT_TRUE(worker.Write(request));
  api_->AwaitEnd(id);

  // Lines are stored beside the workflow, not with it.
  EXPECT_TRUE(Eventually([&] {
    return Skald({"workflow", "logs", assignment->task_id()}).output.find("found") !=
           std::string::npos;
  }));
  EXPECT_THAT(Skald({"workflow", "logs", assignment->task_id()}),
              Ends(0, AllOf(HasSubstr("looked for a hat\n"), HasSubstr("found \"one\"\n"))));
  EXPECT_THAT(Skald({"workflow", "logs", assignment->task_id(), "-o", "json"}),
              Ends(0, AllOf(AreJsonLines(),
                            HasSubstr(R"({"at_us":1700000000000000,"message":"found \"one\""})"))));
  EXPECT_THAT(Skald({"workflow", "logs", "nonsense"}), Ends(6, HasSubstr("task_id")));
}

TEST_F(CommandLineE2e, AStartFromSqlHappensIfTheTransactionCommits) {
  Database database(fmt::format("host={} user=skald dbname=skald",
                                (folder_->path() / "data" / "socket").string()));
  database.Rows("begin");
  database.Rows("select skald.start_workflow('noted', 1, '{}', null, 'undone')");
  database.Rows("rollback");
  database.Rows("begin");
  const std::string id =
      database.Value("select skald.start_workflow('noted', 1, '{}', 'sql-1', 'from-sql')");
  const std::string again =
      database.Value("select skald.start_workflow('noted', 1, '{}', 'sql-1', 'from-sql')");
  database.Rows("commit");
  EXPECT_EQ(id, again);
  ASSERT_TRUE(Eventually([&] {
    v1::Workflow workflow;
    return api_->Get(id, workflow).ok();
  }));
  EXPECT_EQ(api_->AwaitEnd(id).status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_EQ(database.Value("select skald.start_workflow('noted', 1, '{}', 'sql-1', 'from-sql')"),
            id);
  // What came before it has been looked at too.
  EXPECT_EQ(database.Value("select count(*) from skald.workflow where correlation_id = 'from-sql'"),
            "1");
  EXPECT_EQ(database.Value("select count(*) from skald.workflow where correlation_id = 'undone'"),
            "0");
  EXPECT_EQ(database.Value("select count(*) from skald.history where workflow_id = '" + id +
                           "' and event = 'WorkflowStarted'"),
            "1");
}

// The service called is the server's own, its types are learned by reflection.
TEST_F(CommandLineE2e, AGrpcStepCallsAService) {
  const std::string definition = fmt::format(R"({{
      "name": "calling", "version": 1, "schemaVersion": 2,
      "tasks": [{{"name": "check", "taskReferenceName": "check", "type": "GRPC",
                 "inputParameters": {{"target": "{}",
                                     "method": "skald.v1.AdminService/ListShards"}}}},
                {{"name": "none", "taskReferenceName": "none", "type": "GRPC", "optional": true,
                 "inputParameters": {{"target": "{}", "method": "skald.v1.AdminService/None"}}}}],
      "outputParameters": {{"called": "${{check.output.status}}",
                            "missing": "${{none.status}}"}}}})",
                                             engine_->address(), engine_->address());
  ASSERT_TRUE(api_->Register(definition).ok());
  // Its health service may say later than /ready that it serves; until then no call is made.
  v1::Workflow workflow;
  EXPECT_TRUE(Eventually([&] {
    workflow = api_->AwaitEnd(api_->StartOrDie("calling", "{}"));
    return workflow.status() == v1::WORKFLOW_STATUS_COMPLETED;
  })) << workflow.DebugString();
  EXPECT_EQ(boost::json::parse(workflow.output()),
            boost::json::parse(R"({"called": "OK", "missing": "COMPLETED_WITH_ERRORS"})"));
}

TEST(DevE2e, ARestartFindsEverythingAndASecondStartIsRefused) {
  const TempDir folder;
  const std::string data_dir = (folder.path() / "data").string();
  Engine engine({"dev", "--data-dir", data_dir}, folder.path());
  engine.Start();
  engine.AwaitReady();
  const Api api(engine.address());
  ASSERT_TRUE(api.Register(kGreeting).ok());
  const std::string id = api.StartOrDie("greeting", "{}");

  const Said second = RunProgram("skald", {"dev", "--data-dir", data_dir, "--grpc-address",
                                           fmt::format("127.0.0.1:{}", FreePort())});
  EXPECT_THAT(second, Ends(5, HasSubstr(std::to_string(engine.process().pid()))));

  EXPECT_EQ(engine.process().Terminate(), 0) << engine.process().Log();
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "data" / "postgres" / "postmaster.pid"));
  engine.Start();
  engine.AwaitReady();
  v1::Workflow workflow;
  ASSERT_TRUE(api.Get(id, workflow).ok());
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_RUNNING);

  engine.Kill();
  engine.Start();
  engine.AwaitReady();
  // The first call finds out that the old connection is gone.
  ASSERT_TRUE(Eventually([&] { return api.Get(id, workflow).ok(); }));
  HandWorker worker(*api.workers);
  worker.Write(HelloFor({"greet"}));
  const auto assignment = worker.TakeAssignment();
  ASSERT_TRUE(assignment.has_value()) << worker.AwaitEnd().error_message();
  EXPECT_EQ(assignment->workflow_id(), id);
  EXPECT_THAT(VerifyAll(engine), Ends(0, HasSubstr("1 workflow, ")));
  EXPECT_EQ(engine.process().Terminate(), 0) << engine.process().Log();
}

TEST(ServerE2e, ReadyTellsWhetherTheDatabaseIsThere) {
  const TempDir folder;
  auto cluster =
      app::PrivateCluster::Start({.data_dir = folder.path() / "postgres", .durable = false});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  const std::string url = (*cluster)->connection_string();
  EXPECT_THAT(RunProgram("skald", {"server", "--database-url", url}),
              Ends(5, HasSubstr("migrate")));
  Migrate(url);
  Engine engine({"server", "--database-url", url}, folder.path());
  engine.Start();
  engine.AwaitReady();

  kill((*cluster)->server_pid(), SIGKILL);
  EXPECT_TRUE(Eventually([&] { return GetPage(engine.http_port(), "/ready").code == 503; }));
  EXPECT_NE(GetPage(engine.http_port(), "/ready").body, "");
  EXPECT_EQ(GetPage(engine.http_port(), "/health").code, 200);
  // The sockets of a killed process close before its parent can tell that it has ended: asked
  // again, as the server asks.
  EXPECT_TRUE(Eventually([&] {
    return (*cluster)->EnsureRunning().ok() && GetPage(engine.http_port(), "/ready").code == 200;
  }));
  EXPECT_EQ(engine.process().Terminate(), 0) << engine.process().Log();
}

TEST(ServerE2e, AServerWaitsForItsDatabaseForAsLongAsItIsTold) {
  const std::string nowhere = "host=/no/such/folder";
  EXPECT_THAT(
      RunProgram("skald", {"server", "--database-url", nowhere, "--wait-for-database", "1"}),
      Ends(4, AllOf(HasSubstr("database.awaited"), HasSubstr("/no/such/folder"))));

  const TempDir folder;
  auto cluster =
      app::PrivateCluster::Start({.data_dir = folder.path() / "postgres", .durable = false});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  const std::string url = (*cluster)->connection_string();
  Migrate(url);
  kill((*cluster)->server_pid(), SIGKILL);
  ASSERT_TRUE(Eventually(
      [&] { return RunProgram("skald", {"migrate", "--database-url", url}).exit_code == 4; }));
  Engine engine({"server", "--database-url", url, "--wait-for-database", "120"}, folder.path());
  engine.Start();
  ASSERT_TRUE(Eventually(
      [&] { return engine.process().Log().find("database.awaited") != std::string::npos; }));
  ASSERT_TRUE(Eventually([&] {
    return (*cluster)->EnsureRunning().ok() && GetPage(engine.http_port(), "/ready").code == 200;
  })) << engine.process().Log();
  EXPECT_EQ(engine.process().Terminate(), 0) << engine.process().Log();
}

}  // namespace
}  // namespace skald::testing
