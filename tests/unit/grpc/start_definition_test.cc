// Starts with a definition in the request (conductor.md 3.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_model.pb.h"
#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::HasSubstr;

constexpr char kGood[] = R"({"name": "once", "version": 3, "tasks": [
    {"name": "set", "taskReferenceName": "set", "type": "SET_VARIABLE",
     "inputParameters": {"k": "${workflow.input.k}"}}],
    "outputParameters": {"k": "${workflow.variables.k}"}})";
constexpr char kBad[] = R"({"name": "once", "tasks": [
    {"name": "a", "taskReferenceName": "same"}, {"name": "b", "taskReferenceName": "same"},
    {"name": "w", "taskReferenceName": "s", "type": "SWITCH"}]})";

google::rpc::BadRequest ViolationsOf(const grpc::Status& status) {
  google::rpc::Status model;
  EXPECT_TRUE(model.ParseFromString(status.error_details()));
  google::rpc::BadRequest violations;
  for (const auto& detail : model.details()) {
    if (detail.UnpackTo(&violations)) break;
  }
  return violations;
}

class StartDefinitionTest : public ::testing::Test {
 protected:
  static v1::StartRequest Request(const std::string& definition) {
    v1::StartRequest request;
    request.set_definition(definition);
    request.set_input(R"({"k": 7})");
    return request;
  }

  EdgeServer server_;
  v1::StartResponse response_;
};

TEST_F(StartDefinitionTest, RunsItAndStoresNoDefinition) {
  ASSERT_TRUE(server_.Start(Request(kGood), &response_).ok());
  const v1::Workflow ended = server_.AwaitEnd(response_.workflow_id());
  EXPECT_EQ(ended.status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_EQ(ended.name(), "once");
  EXPECT_EQ(ended.version(), 3);
  EXPECT_EQ(ended.output(), R"({"k":7})");
  v1::StartRequest by_name;
  by_name.set_name("once");
  EXPECT_EQ(server_.Start(by_name, &response_).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(StartDefinitionTest, ExecuteTakesOneToo) {
  v1::ExecuteRequest request;
  *request.mutable_start() = Request(kGood);
  request.mutable_wait_for()->set_wait_ms(60'000);
  v1::ExecuteResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.workflows().Execute(&context, request, &response).ok());
  EXPECT_EQ(response.answered(), v1::ExecuteResponse::ANSWERED_ENDED);
  EXPECT_EQ(response.workflow().output(), R"({"k":7})");
}

TEST_F(StartDefinitionTest, IsRefusedAsARegistrationIs) {
  const grpc::Status registered = server_.Register(kBad);
  const grpc::Status started = server_.Start(Request(kBad), &response_);
  EXPECT_EQ(started.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(started.error_message(), registered.error_message());
  EXPECT_GE(ViolationsOf(started).field_violations_size(), 2);
  EXPECT_EQ(ViolationsOf(started).SerializeAsString(),
            ViolationsOf(registered).SerializeAsString());
  const grpc::Status no_json = server_.Start(Request("{"), &response_);
  EXPECT_EQ(no_json.error_message(), server_.Register("{").error_message());
}

TEST_F(StartDefinitionTest, NameAndVersionAreItsOwn) {
  v1::StartRequest request = Request(kGood);
  request.set_name("once");
  request.set_version(3);
  EXPECT_TRUE(server_.Start(request, &response_).ok());
  request.set_version(2);
  EXPECT_THAT(server_.Start(request, &response_).error_message(), HasSubstr("version: 2"));
  request.set_version(0);
  request.set_name("twice");
  const grpc::Status other = server_.Start(request, &response_);
  EXPECT_EQ(other.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(other.error_message(), HasSubstr("name: twice"));
}

TEST_F(StartDefinitionTest, AKeyMeansTheDefinitionToo) {
  v1::StartRequest request = Request(kGood);
  request.set_idempotency_key("k");
  ASSERT_TRUE(server_.Start(request, &response_).ok());
  const std::string id = response_.workflow_id();
  ASSERT_TRUE(server_.Start(request, &response_).ok());
  EXPECT_TRUE(response_.existed());
  EXPECT_EQ(response_.workflow_id(), id);
  std::string other = kGood;
  other.insert(other.find("\"name\": \"set\""), "\"optional\": true, ");
  request.set_definition(other);
  EXPECT_EQ(server_.Start(request, &response_).error_code(), grpc::StatusCode::ALREADY_EXISTS);
}

TEST_F(StartDefinitionTest, EachOfManyHasItsOwn) {
  v1::StartManyRequest request;
  *request.add_starts() = Request(kGood);
  *request.add_starts() = Request(kBad);
  v1::StartManyResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.workflows().StartMany(&context, request, &response).ok());
  EXPECT_EQ(response.outcomes(0).code(), 0) << response.outcomes(0).error();
  EXPECT_EQ(response.outcomes(1).code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(response.outcomes(1).error(), HasSubstr("same"));
}

}  // namespace
}  // namespace skald
