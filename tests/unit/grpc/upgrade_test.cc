// Upgrades and restarts with another definition over a real connection, the catalog behind them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::HasSubstr;

class UpgradeTest : public ::testing::Test {
 protected:
  void Define(int version, const std::string& steps) {
    const std::string json = absl::StrCat(R"({"name":"order","version":)", version,
                                          R"(,"schemaVersion":2,"tasks":[)", steps, "]}");
    const grpc::Status status = server_.Register(json);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  static std::string Step(const std::string& name) {
    return absl::StrCat(R"({"name":")", name, R"(","taskReferenceName":")", name,
                        R"(","type":"SIMPLE"})");
  }
  std::string Start() {
    v1::StartRequest request;
    request.set_name("order");
    request.set_version(1);
    v1::StartResponse response;
    EXPECT_TRUE(server_.Start(request, &response).ok());
    return response.workflow_id();
  }
  grpc::Status Upgrade(const std::string& id, int version, bool dry_run,
                       v1::UpgradeResponse* response) {
    v1::UpgradeRequest request;
    request.set_workflow_id(id);
    request.set_version(version);
    request.set_dry_run(dry_run);
    request.set_actor("ann");
    request.set_reason("a better one");
    grpc::ClientContext context;
    return server_.workflows().Upgrade(&context, request, response);
  }
  int VersionOf(const std::string& id) {
    v1::Workflow workflow;
    EXPECT_TRUE(server_.Get(id, &workflow).ok());
    return workflow.version();
  }
  void ExpectVerifies(const std::string& id) {
    v1::VerifyRequest request;
    request.set_workflow_id(id);
    v1::VerifyResponse response;
    grpc::ClientContext context;
    const grpc::Status status = server_.workflows().Verify(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.violations_size(), 0) << response.DebugString();
  }

  EdgeServer server_;
};

TEST_F(UpgradeTest, ADryRunSaysWhatWouldChangeAndChangesNothing) {
  Define(1, Step("a") + "," + Step("b"));
  const std::string id = Start();
  Define(2, Step("a") + "," + Step("c"));
  v1::UpgradeResponse response;
  ASSERT_TRUE(Upgrade(id, 0, true, &response).ok());
  EXPECT_FALSE(response.changed());
  EXPECT_EQ(response.from_version(), 1);
  EXPECT_EQ(response.to_version(), 2);
  ASSERT_EQ(response.steps_size(), 2);
  EXPECT_EQ(response.steps(0).reference(), "b");
  EXPECT_EQ(response.steps(0).change(), v1::UpgradeResponse::Difference::CHANGE_REMOVED);
  EXPECT_EQ(response.steps(1).reference(), "c");
  EXPECT_EQ(response.steps(1).change(), v1::UpgradeResponse::Difference::CHANGE_ADDED);
  EXPECT_EQ(response.refusals_size(), 0);
  EXPECT_EQ(VersionOf(id), 1);
}

TEST_F(UpgradeTest, WhatStandsAgainstItIsListedOrIsTheError) {
  Define(1, Step("a") + "," + Step("b"));
  const std::string id = Start();
  Define(2, Step("c") + "," + Step("b"));
  v1::UpgradeResponse response;
  ASSERT_TRUE(Upgrade(id, 2, true, &response).ok());
  ASSERT_EQ(response.refusals_size(), 1);
  EXPECT_EQ(response.refusals(0).reference(), "a");
  EXPECT_EQ(response.refusals(0).what(), "removed");
  const grpc::Status refused = Upgrade(id, 2, false, &response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("a: removed: it is under way"));
  EXPECT_EQ(VersionOf(id), 1);
}

TEST_F(UpgradeTest, TheNewestVersionIsMeantUnlessOneIsNamed) {
  Define(1, Step("a") + "," + Step("b"));
  const std::string id = Start();
  Define(2, Step("a") + "," + Step("c"));
  Define(3, Step("a"));
  v1::UpgradeResponse response;
  ASSERT_TRUE(Upgrade(id, 2, false, &response).ok());
  EXPECT_TRUE(response.changed());
  EXPECT_EQ(VersionOf(id), 2);
  ASSERT_TRUE(Upgrade(id, 2, false, &response).ok());
  EXPECT_FALSE(response.changed());
  ASSERT_TRUE(Upgrade(id, 0, false, &response).ok());
  EXPECT_EQ(VersionOf(id), 3);
  ExpectVerifies(id);
}

// To go over to what it has is nothing to be refused, whatever has become of the workflow.
TEST_F(UpgradeTest, ADryRunToItsOwnVersionSaysThatItHasThat) {
  Define(1, Step("a"));
  const std::string id = Start();
  v1::UpgradeResponse response;
  ASSERT_TRUE(Upgrade(id, 1, true, &response).ok());
  EXPECT_TRUE(response.same());
  v1::TerminateRequest terminate;
  terminate.set_workflow_id(id);
  v1::ActionResponse done;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.workflows().Terminate(&context, terminate, &done).ok());
  ASSERT_TRUE(Upgrade(id, 0, true, &response).ok());
  EXPECT_TRUE(response.same());
  EXPECT_EQ(response.refusals_size(), 0);
  ASSERT_TRUE(Upgrade(id, 0, false, &response).ok());
  EXPECT_FALSE(response.changed());
  EXPECT_TRUE(response.same());
  Define(2, Step("a"));
  ASSERT_TRUE(Upgrade(id, 0, true, &response).ok());
  EXPECT_FALSE(response.same());
  ASSERT_EQ(response.refusals_size(), 1);
  EXPECT_EQ(response.refusals(0).what(), "status");
}

TEST_F(UpgradeTest, WhatIsNotThereIsNotFound) {
  Define(1, Step("a"));
  const std::string id = Start();
  v1::UpgradeResponse response;
  EXPECT_EQ(Upgrade(id, 9, true, &response).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Upgrade(id, -1, true, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Upgrade("01a3185c-5000-7001-8000-000000000002", 0, true, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(UpgradeTest, ARestartTakesTheNewestWhenAskedTo) {
  Define(1, Step("a"));
  const std::string id = Start();
  Define(2, Step("b"));
  for (const bool latest : {false, true}) {
    v1::TerminateRequest terminate;
    terminate.set_workflow_id(id);
    v1::ActionResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(server_.workflows().Terminate(&context, terminate, &response).ok());
    v1::RestartRequest restart;
    restart.set_workflow_id(id);
    restart.set_use_latest_definition(latest);
    grpc::ClientContext again;
    const grpc::Status status = server_.workflows().Restart(&again, restart, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(response.changed());
    EXPECT_EQ(VersionOf(id), latest ? 2 : 1);
  }
  ExpectVerifies(id);
}

}  // namespace
}  // namespace skald
