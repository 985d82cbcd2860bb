// Get of a workflow with many tasks: page after page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFiveSteps[] = R"({
  "name": "five", "version": 1, "tasks": [
    {"name": "n", "taskReferenceName": "n1", "type": "NOOP"},
    {"name": "n", "taskReferenceName": "n2", "type": "NOOP"},
    {"name": "n", "taskReferenceName": "n3", "type": "NOOP"},
    {"name": "n", "taskReferenceName": "n4", "type": "NOOP"},
    {"name": "n", "taskReferenceName": "n5", "type": "NOOP"}]})";

class PagingTest : public ::testing::Test {
 protected:
  PagingTest() {
    EXPECT_TRUE(server_.Register(kFiveSteps).ok());
    v1::StartRequest request;
    request.set_name("five");
    v1::StartResponse response;
    EXPECT_TRUE(server_.Start(request, &response).ok());
    request_.set_workflow_id(response.workflow_id());
    server_.AwaitEnd(response.workflow_id());
  }
  grpc::Status Get(v1::Workflow& workflow) {
    grpc::ClientContext context;
    return server_.workflows().Get(&context, request_, &workflow);
  }

  EdgeServer server_;
  v1::GetRequest request_;
};

TEST_F(PagingTest, PagesHoldAllTasksOnce) {
  request_.set_task_page_size(2);
  std::vector<std::string> references;
  int pages = 0;
  do {
    v1::Workflow workflow;
    ASSERT_TRUE(Get(workflow).ok());
    for (const v1::Task& task : workflow.tasks()) references.push_back(task.reference());
    request_.set_tasks_after(workflow.next_tasks_after());
    ++pages;
  } while (request_.tasks_after() != 0 && pages < 10);
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(references, ElementsAre("n1", "n2", "n3", "n4", "n5"));
}

TEST_F(PagingTest, APageThatHoldsAllIsTheLast) {
  request_.set_task_page_size(5);
  v1::Workflow workflow;
  ASSERT_TRUE(Get(workflow).ok());
  EXPECT_EQ(workflow.tasks_size(), 5);
  EXPECT_EQ(workflow.next_tasks_after(), 0);
}

TEST_F(PagingTest, APageBeyondTheBoundIsRefused) {
  request_.set_task_page_size(5'001);
  v1::Workflow workflow;
  const grpc::Status status = Get(workflow);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("at most kTaskPageMax (5000; fixed"));
}

TEST(BigPayloadTest, NineMebibytesGoInAndComeBack) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kFiveSteps).ok());
  v1::StartRequest request;
  request.set_name("five");
  request.set_input("{\"x\":\"" + std::string(9 << 20, 'a') + "\"}");
  v1::StartResponse response;
  ASSERT_TRUE(server.Start(request, &response).ok());
  const v1::Workflow workflow = server.AwaitEnd(response.workflow_id());
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_TRUE(workflow.input() == request.input());
}

}  // namespace
}  // namespace skald
