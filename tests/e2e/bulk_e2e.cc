// `skald workflow delete` and `skald workflow bulk …` with the real binary on `skald dev`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/processes.h"
#include "tests/e2e/server.h"
#include "tests/support/eventually.h"
#include "tests/support/paths.h"

namespace skald::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kWaiting[] = R"({
  "name": "waiting", "version": 1, "schemaVersion": 2,
  "tasks": [{"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}]})";
constexpr char kWaitingTwice[] = R"({
  "name": "waiting", "version": 2, "schemaVersion": 2,
  "tasks": [{"name": "wait", "taskReferenceName": "wait", "type": "WAIT"},
            {"name": "again", "taskReferenceName": "again", "type": "WAIT"}]})";
constexpr char kSaga[] = R"({
  "name": "saga", "version": 1, "schemaVersion": 2,
  "tasks": [
    {"name": "give", "taskReferenceName": "give", "type": "SIMPLE", "compensateWith": "take_back"},
    {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}]})";
constexpr char kNobody[] = "0192f3a0-7c1e-7000-8000-0123456789ab";

MATCHER_P2(Ends, code, output, "") {
  *result_listener << "exit code " << arg.exit_code << ": " << arg.output;
  return arg.exit_code == code &&
         ::testing::ExplainMatchResult(output, arg.output, result_listener);
}

class BulkE2e : public ::testing::Test {
 protected:
  BulkE2e()
      : engine_({"dev", "--data-dir", (folder_.path() / "data").string(), "--retention", "90d"},
                folder_.path()),
        api_(engine_.address()) {
    engine_.Start();
    engine_.AwaitReady();
    EXPECT_TRUE(api_.Register(kWaiting).ok());
  }
  ~BulkE2e() override {
    EXPECT_THAT(VerifyAll(engine_), Ends(0, HasSubstr(", 0 violations\n")));
    EXPECT_EQ(engine_.process().Terminate(), 0) << engine_.process().Log();
  }

  Said Skald(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--address", engine_.address()});
    return RunProgram("skald", std::move(arguments));
  }
  Said Bulk(const std::string& verb, std::vector<std::string> more) {
    more.insert(more.begin(), {"workflow", "bulk", verb});
    return Skald(std::move(more));
  }
  Said Operator(const std::string& verb, std::vector<std::string> more) {
    more.insert(more.begin(), verb);
    return Bulk("operator", std::move(more));
  }
  v1::Workflow Get(const std::string& id) {
    v1::Workflow workflow;
    EXPECT_TRUE(api_.Get(id, workflow).ok());
    return workflow;
  }
  v1::WorkflowStatus StatusOf(const std::string& id) { return Get(id).status(); }
  v1::SagaStatus SagaStatusOf(const std::string& id) { return Get(id).saga_status(); }
  int VersionOf(const std::string& id) { return Get(id).version(); }
  // Lists trail by a moment.
  bool Lists(const std::string& status, const std::string& id) {
    return Eventually([&] {
      return Skald({"workflow", "list", "--status", status}).output.find(id) != std::string::npos;
    });
  }

  TempDir folder_;
  Engine engine_;
  Api api_;
};

TEST_F(BulkE2e, OneVerbOnMany) {
  const std::string one = api_.StartOrDie("waiting", "{}");
  const std::string two = api_.StartOrDie("waiting", "{}");

  EXPECT_THAT(Bulk("pause", {"--id", one, kNobody, two, "--reason", "lunch"}),
              Ends(5, AllOf(HasSubstr(one + "  done"), HasSubstr(kNobody + std::string("  ")),
                            HasSubstr("2 done, 0 unchanged, 1 refused"))));
  EXPECT_THAT(
      Bulk("pause", {"--id", one, "-o", "json"}),
      Ends(0, "{\"workflowId\":\"" + one + "\",\"changed\":false,\"code\":0,\"error\":\"\"}\n"));
  ASSERT_TRUE(Lists("PAUSED", one) && Lists("PAUSED", two));
  EXPECT_THAT(Bulk("resume", {"--name", "waiting", "--status", "PAUSED"}),
              Ends(0, HasSubstr("2 done")));
  EXPECT_THAT(Bulk("update-variables", {"--id", one, two, "--variables", R"({"a":1})"}),
              Ends(0, HasSubstr("2 done")));
  EXPECT_THAT(Bulk("update-task", {"--id", one, two, "--step", "wait", "--task-status", "FAILED"}),
              Ends(0, HasSubstr("2 done")));
  EXPECT_EQ(api_.AwaitEnd(one).status(), v1::WORKFLOW_STATUS_FAILED);
  EXPECT_THAT(Bulk("retry", {"--id", one, two}), Ends(0, HasSubstr("2 done")));
  EXPECT_THAT(Bulk("terminate", {"--all", "--reason", "shop is closed"}),
              Ends(0, HasSubstr("2 done")));
  EXPECT_EQ(api_.AwaitEnd(two).reason(), "shop is closed");
  EXPECT_THAT(Bulk("restart", {"--id", one, two}), Ends(0, HasSubstr("2 done")));
  EXPECT_THAT(Bulk("signal", {"--id", one, "--payload", R"({"n":1})"}), Ends(0, Not("")));
  EXPECT_EQ(api_.AwaitEnd(one).status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_THAT(Bulk("rerun", {"--id", one, "--step", "wait"}), Ends(0, HasSubstr("1 done")));
  EXPECT_EQ(StatusOf(one), v1::WORKFLOW_STATUS_RUNNING);
  EXPECT_THAT(Skald({"workflow", "history", one, "-o", "json"}), Ends(0, HasSubstr("lunch")));
}

TEST_F(BulkE2e, AnotherDefinitionForMany) {
  const std::string one = api_.StartOrDie("waiting", "{}");
  const std::string two = api_.StartOrDie("waiting", "{}");
  EXPECT_TRUE(api_.Register(kWaitingTwice).ok());
  EXPECT_THAT(Skald({"workflow", "terminate", two}), Ends(0, "done\n"));
  EXPECT_THAT(Bulk("upgrade", {"--id", one, two, kNobody, "--dry-run"}),
              Ends(5, AllOf(HasSubstr(one + "  can go from version 1 to 2\n"),
                            HasSubstr(two + "  cannot go from version 1 to 2\n  REFUSED  "),
                            HasSubstr("0 done, 1 unchanged, 2 refused"))));
  EXPECT_THAT(Bulk("upgrade", {"--id", two, "--dry-run", "--version", "1"}),
              Ends(0, HasSubstr(two + "  unchanged: it has version 1 already\n")));
  EXPECT_THAT(Bulk("upgrade", {"--id", one, two, "--reason", "a better one"}),
              Ends(5, AllOf(HasSubstr(one + "  went from version 1 to 2\n"),
                            HasSubstr("1 done, 0 unchanged, 1 refused"))));
  EXPECT_THAT(Bulk("upgrade", {"--id", one, "-o", "json"}),
              Ends(0, AllOf(HasSubstr("\"changed\":false,\"code\":0"),
                            HasSubstr("\"upgrade\":{\"changed\":false,\"from_version\":2"))));
  EXPECT_THAT(Bulk("upgrade", {"--id", one, "--version", "7"}), Ends(5, HasSubstr("1 refused")));
  EXPECT_THAT(Skald({"workflow", "upgrade", two, "--version", "1", "--dry-run"}),
              Ends(0, "unchanged: it has version 1 already\n"));
  EXPECT_THAT(Bulk("restart", {"--id", one, two, kNobody, "--use-latest-definition"}),
              Ends(5, HasSubstr("1 done, 0 unchanged, 2 refused")));
  EXPECT_EQ(VersionOf(two), 2);
  EXPECT_THAT(Skald({"workflow", "history", one, "-o", "json"}), Ends(0, HasSubstr("a better")));
}

TEST_F(BulkE2e, ManyParkedSagasAreDecidedOn) {
  EXPECT_TRUE(api_.RegisterTask(R"({"name": "take_back", "retryCount": 0})").ok());
  EXPECT_TRUE(api_.Register(kSaga).ok());
  const std::string one = api_.StartOrDie("saga", "{}");
  const std::string two = api_.StartOrDie("saga", "{}");
  const std::vector<std::string> both = {"--id", one, two, "--actor", "eva", "--reason", "mended"};
  const auto with = [&both](std::vector<std::string> more) {
    more.insert(more.begin(), both.begin(), both.end());
    return more;
  };
  EXPECT_THAT(Operator("retry", with({})), Ends(5, HasSubstr("2 refused"))) << "not parked";
  EXPECT_THAT(Bulk("update-task", with({"--step", "give"})), Ends(0, HasSubstr("2 done")));
  EXPECT_THAT(Bulk("compensate", with({})), Ends(0, HasSubstr("2 done")));
  const std::vector<std::string> fail = {"--step", "give", "--task-status",
                                         "FAILED_WITH_TERMINAL_ERROR"};
  EXPECT_THAT(Bulk("update-task", with(fail)), Ends(0, HasSubstr("2 done")));
  EXPECT_EQ(SagaStatusOf(one), v1::SAGA_STATUS_PARKED);
  EXPECT_THAT(Operator("retry", with({kNobody})), Ends(2, Not(HasSubstr("done"))))
      << "ids are named by --id";
  EXPECT_THAT(Operator("retry", with({"--step", "give"})), Ends(0, HasSubstr("2 done")));
  EXPECT_THAT(Bulk("update-task", with(fail)), Ends(0, HasSubstr("2 done")));
  EXPECT_THAT(Operator("skip", with({"--step", "nobody"})), Ends(5, HasSubstr("2 refused")));
  EXPECT_THAT(Operator("settle", with({"--step", "give"})), Ends(2, HasSubstr("--effect")));
  EXPECT_THAT(Operator("resolve", with({})), Ends(2, HasSubstr("--step")));
  EXPECT_THAT(Operator("resolve", {"--id", one, "--step", "give", "--actor", "eva"}),
              Ends(2, HasSubstr("--reason")));
  EXPECT_THAT(Operator("resolve", {"--id", one, "--step", "give", "--actor", "eva", "--reason",
                                   "by hand", "--step-output", R"({"n":1})"}),
              Ends(0, HasSubstr("1 done")));
  EXPECT_EQ(api_.AwaitEnd(one).saga_status(), v1::SAGA_STATUS_COMPENSATED);
  EXPECT_THAT(Operator("abandon", with({})), Ends(5, HasSubstr("1 done, 0 unchanged, 1 refused")));
  EXPECT_EQ(api_.AwaitEnd(two).saga_status(), v1::SAGA_STATUS_ABANDONED);
}

TEST_F(BulkE2e, WhatHasEndedIsDeleted) {
  const std::string one = api_.StartOrDie("waiting", "{}");
  EXPECT_THAT(Skald({"workflow", "delete", one}), Ends(5, HasSubstr("it is RUNNING")));
  EXPECT_THAT(Skald({"workflow", "terminate", one}), Ends(0, "done\n"));
  EXPECT_THAT(Skald({"workflow", "delete", one, "--reason", "a request of its owner"}),
              Ends(0, "done\n"));
  EXPECT_THAT(Skald({"workflow", "status", one}), Ends(3, HasSubstr(one)));
  EXPECT_THAT(Skald({"workflow", "delete", one}), Ends(3, HasSubstr(one)));
  EXPECT_THAT(Bulk("delete", {"--id", one}), Ends(5, HasSubstr("1 refused")));
  EXPECT_TRUE(Eventually([&] {
    return engine_.process().Log().find("workflow.deleted") != std::string::npos;
  })) << "who did it stands in the log";
}

TEST_F(BulkE2e, MistakesChangeNothing) {
  const std::string one = api_.StartOrDie("waiting", "{}");
  EXPECT_THAT(Bulk("pause", {}), Ends(6, HasSubstr("--all")));
  EXPECT_THAT(Bulk("pause", {"--all", "--name", "waiting"}), Ends(6, HasSubstr("--all")));
  EXPECT_THAT(Bulk("pause", {"--status", "ODD"}), Ends(6, HasSubstr("ODD")));
  EXPECT_THAT(Bulk("skip", {"--id", one}), Ends(2, HasSubstr("--step")));
  EXPECT_THAT(Bulk("no-such-verb", {"--all"}), Ends(2, HasSubstr("--help")));
  EXPECT_EQ(StatusOf(one), v1::WORKFLOW_STATUS_RUNNING);
  EXPECT_THAT(RunProgram("skald", {"server", "--print-config", "--retention", "3w"}),
              Ends(2, HasSubstr("90d")));
}

}  // namespace
}  // namespace skald::testing
