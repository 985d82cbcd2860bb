// Limits and domains over a real connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "skald/v1/admin.grpc.pb.h"
#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::HasSubstr;

constexpr char kLimited[] = R"({
  "name": "limited", "version": 1, "schemaVersion": 2,
  "rateLimitConfig": {"rateLimitKey": "k", "concurrentExecLimit": 5},
  "tasks": [{"name": "greet", "taskReferenceName": "greet", "type": "SIMPLE"}]})";

v1::ListLimitsResponse ListLimits(EdgeServer& server) {
  const auto admin = v1::AdminService::NewStub(server.NewChannel());
  grpc::ClientContext context;
  v1::ListLimitsResponse response;
  EXPECT_TRUE(admin->ListLimits(&context, {}, &response).ok());
  return response;
}

grpc::Status RegisterTask(EdgeServer& server, const std::string& definition) {
  v1::RegisterTaskRequest request;
  request.set_definition(definition);
  v1::RegisterTaskResponse response;
  grpc::ClientContext context;
  return server.definitions().RegisterTask(&context, request, &response);
}

TEST(DispatchTest, RegisteredLimitsHoldAndAreShown) {
  EdgeServer server;
  ASSERT_TRUE(RegisterTask(server, R"({"name":"greet","concurrentExecLimit":3,)"
                                   R"("rateLimitPerFrequency":9})")
                  .ok());
  ASSERT_TRUE(testing::Eventually([&] { return ListLimits(server).task_limits_size() == 1; }));
  ASSERT_TRUE(server.Register(kLimited).ok());
  v1::StartRequest request;
  request.set_name("limited");
  v1::StartResponse started;
  ASSERT_TRUE(server.Start(request, &started).ok());
  const v1::ListLimitsResponse limits = ListLimits(server);
  EXPECT_EQ(limits.task_limits(0).task(), "greet");
  EXPECT_EQ(limits.task_limits(0).concurrent_exec_limit(), 3u);
  EXPECT_EQ(limits.task_limits(0).rate_limit_per_frequency(), 9u);
  EXPECT_EQ(limits.task_limits(0).rate_limit_frequency_ms(), 1'000u);
  ASSERT_EQ(limits.workflow_limits_size(), 1);
  EXPECT_EQ(limits.workflow_limits(0).key(), "k");
  EXPECT_EQ(limits.workflow_limits(0).running(), 1u);
  ASSERT_TRUE(RegisterTask(server, R"({"name":"greet","concurrentExecLimit":7})").ok());
  EXPECT_TRUE(testing::Eventually(
      [&] { return ListLimits(server).task_limits(0).concurrent_exec_limit() == 7; }));
}

TEST(DispatchTest, AbsurdLimitIsRefusedWithItsPath) {
  EdgeServer server;
  const grpc::Status status = RegisterTask(server, R"({"name":"greet","concurrentExecLimit":-3})");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_details(), HasSubstr("concurrentExecLimit"));
}

TEST(DispatchTest, DomainsAreKeptWithTheWorkflow) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kLimited).ok());
  v1::StartRequest request;
  request.set_name("limited");
  (*request.mutable_task_to_domain())["greet"] = "eu,NO_DOMAIN";
  v1::StartResponse started;
  ASSERT_TRUE(server.Start(request, &started).ok());
  v1::Workflow workflow;
  ASSERT_TRUE(server.Get(started.workflow_id(), &workflow).ok());
  EXPECT_EQ(workflow.task_to_domain().at("greet"), "eu,NO_DOMAIN");
  for (int i = 0; i < 300; ++i) {
    (*request.mutable_task_to_domain())[absl::StrCat("type", i)] = "eu";
  }
  const grpc::Status status = server.Start(request, &started);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("kTaskDomainsMax"));
}

}  // namespace
}  // namespace skald
