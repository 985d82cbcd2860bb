// Stored schemas (conductor.md 4.11) and what is checked by them, over a real connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::HasSubstr;

constexpr char kNeedsId[] =
    R"({"name":"order","version":1,"type":"JSON","data":{"required":["id"]}})";
constexpr char kNeedsNothing[] = R"({"name":"order","data":{}})";
constexpr char kByName[] = R"({"name":"w","inputSchema":{"name":"order","version":1},
    "tasks":[{"name":"h","taskReferenceName":"h","type":"HUMAN"}]})";

class SchemaTest : public ::testing::Test {
 protected:
  grpc::Status Register(const std::string& schema, bool new_version = false) {
    v1::RegisterSchemaRequest request;
    request.set_schema(schema);
    request.set_new_version(new_version);
    grpc::ClientContext context;
    registered_.Clear();
    return server_.definitions().RegisterSchema(&context, request, &registered_);
  }
  grpc::Status Get(const std::string& name, int version, v1::DefinitionRecord* record) {
    v1::GetSchemaRequest request;
    request.set_name(name);
    request.set_version(version);
    grpc::ClientContext context;
    return server_.definitions().GetSchema(&context, request, record);
  }
  grpc::Status Delete(const std::string& name, int version) {
    v1::DeleteSchemaRequest request;
    request.set_name(name);
    request.set_version(version);
    grpc::ClientContext context;
    v1::DeleteDefinitionResponse response;
    return server_.definitions().DeleteSchema(&context, request, &response);
  }
  grpc::Status Start(const std::string& input) {
    v1::StartRequest request;
    request.set_name("w");
    request.set_input(input);
    v1::StartResponse response;
    return server_.Start(request, &response);
  }

  EdgeServer server_;
  v1::RegisterSchemaResponse registered_;
};

TEST_F(SchemaTest, SchemasAreKeptByNameAndVersion) {
  ASSERT_TRUE(Register(kNeedsId).ok());
  EXPECT_EQ(registered_.version(), 1);
  ASSERT_TRUE(Register(kNeedsNothing, /*new_version=*/true).ok());
  EXPECT_EQ(registered_.version(), 2);
  v1::DefinitionRecord record;
  ASSERT_TRUE(Get("order", 0, &record).ok());
  EXPECT_EQ(record.version(), 2);
  EXPECT_EQ(record.definition(), R"({"name":"order","data":{},"version":2})");
  ASSERT_TRUE(Get("order", 1, &record).ok());
  EXPECT_EQ(record.definition(), kNeedsId);
  // Over version 1, which is the default.
  ASSERT_TRUE(Register(kNeedsNothing).ok());
  ASSERT_TRUE(Get("order", 1, &record).ok());
  EXPECT_THAT(record.definition(), HasSubstr(R"("data":{})"));

  v1::ListDefinitionsRequest request;
  request.set_page_size(1);
  v1::ListDefinitionsResponse page;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.definitions().ListSchemas(&context, request, &page).ok());
  ASSERT_EQ(page.definitions_size(), 1);
  EXPECT_EQ(page.definitions(0).version(), 1);
  EXPECT_FALSE(page.next_page_token().empty());

  EXPECT_TRUE(Delete("order", 2).ok());
  EXPECT_EQ(Delete("order", 2).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Delete("order", 0).ok());
  EXPECT_EQ(Get("order", 0, &record).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(SchemaTest, WhatIsNoSchemaIsRefused) {
  const grpc::Status status = Register(R"({"name":"order","data":{"type":7}})");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_TRUE(Register(R"({"name":"a","type":"PROTOBUF","data":{}})").ok());
  ASSERT_EQ(registered_.warnings_size(), 1);
  EXPECT_THAT(registered_.warnings(0), HasSubstr("nothing is checked"));
}

// As on the reference, a name that nothing is stored under checks nothing.
TEST_F(SchemaTest, DefinitionsThatNameASchemaAreCheckedByIt) {
  v1::RegisterWorkflowRequest definition;
  definition.set_definition(kByName);
  v1::RegisterWorkflowResponse warned;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.definitions().RegisterWorkflow(&context, definition, &warned).ok());
  ASSERT_EQ(warned.warnings_size(), 1);
  EXPECT_THAT(warned.warnings(0), HasSubstr("inputSchema"));
  EXPECT_TRUE(Start("{}").ok());

  ASSERT_TRUE(Register(kNeedsId).ok());
  const grpc::Status refused = Start("{}");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("id"));
  EXPECT_TRUE(Start(R"({"id":1})").ok());

  ASSERT_TRUE(Register(kNeedsNothing).ok());
  EXPECT_TRUE(Start("{}").ok());
  // What is registered stays as it was written.
  v1::GetWorkflowDefinitionRequest request;
  request.set_name("w");
  v1::DefinitionRecord record;
  grpc::ClientContext reading;
  ASSERT_TRUE(server_.definitions().GetWorkflow(&reading, request, &record).ok());
  EXPECT_EQ(record.definition(), kByName);
}

// What is kept and does nothing is said, of a task definition too.
TEST_F(SchemaTest, TaskDefinitionsAreWarnedOf) {
  v1::RegisterTaskRequest task;
  task.set_definition(R"({"name":"t","isolationGroupId":"g"})");
  v1::RegisterTaskResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.definitions().RegisterTask(&context, task, &response).ok());
  ASSERT_EQ(response.warnings_size(), 1);
  EXPECT_THAT(response.warnings(0), HasSubstr("isolationGroupId: is kept"));
}

TEST_F(SchemaTest, TaskDefinitionsMayNameASchemaToo) {
  ASSERT_TRUE(Register(kNeedsId).ok());
  v1::RegisterTaskRequest task;
  task.set_definition(R"({"name":"t","enforceSchema":true,"inputSchema":{"name":"order"}})");
  v1::RegisterTaskResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.definitions().RegisterTask(&context, task, &response).ok());
  ASSERT_TRUE(
      server_.Register(R"({"name":"w","tasks":[{"name":"t","taskReferenceName":"t"}]})").ok());
  v1::StartRequest start;
  start.set_name("w");
  v1::StartResponse started;
  ASSERT_TRUE(server_.Start(start, &started).ok());
  const v1::Workflow ended = server_.AwaitEnd(started.workflow_id());
  EXPECT_EQ(ended.status(), v1::WORKFLOW_STATUS_FAILED);
  EXPECT_EQ(ended.tasks(0).status(), v1::TASK_STATUS_FAILED_WITH_TERMINAL_ERROR);
}

}  // namespace
}  // namespace skald
