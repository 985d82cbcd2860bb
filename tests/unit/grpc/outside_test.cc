// What is told to a workflow from outside, over the wire: signals and updates with a status,
// messages, and that the history says who did it and why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kWaitingChild[] = R"({"name": "child", "version": 1, "tasks": [
    {"name": "w", "taskReferenceName": "w", "type": "WAIT"}]})";
constexpr char kParent[] = R"({"name": "parent", "version": 1, "tasks": [
    {"name": "s", "taskReferenceName": "s", "type": "SUB_WORKFLOW",
     "subWorkflowParam": {"name": "child", "version": 1}}]})";
constexpr char kHuman[] = R"({"name": "human", "version": 1, "tasks": [
    {"name": "h", "taskReferenceName": "h", "type": "HUMAN"},
    {"name": "p", "taskReferenceName": "p", "type": "PULL_WORKFLOW_MESSAGES"}]})";

class OutsideTest : public ::testing::Test {
 protected:
  OutsideTest() {
    for (const char* definition : {kWaitingChild, kParent, kHuman}) {
      EXPECT_TRUE(server_.Register(definition).ok());
    }
  }

  std::string Begin(const std::string& name) {
    v1::ExecuteRequest request;
    request.mutable_start()->set_name(name);
    request.mutable_wait_for()->set_wait_ms(60'000);
    v1::ExecuteResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(server_.workflows().Execute(&context, request, &response).ok());
    EXPECT_EQ(response.answered(), v1::ExecuteResponse::ANSWERED_BLOCKED);
    return response.workflow().workflow_id();
  }
  grpc::Status Signal(const std::string& id, v1::TaskStatus status, v1::ActionResponse* response) {
    v1::SignalRequest request;
    request.set_workflow_id(id);
    request.set_status(status);
    request.set_payload(R"({"so": "far"})");
    request.set_actor("eva");
    request.set_reason("nobody answered");
    grpc::ClientContext context;
    return server_.workflows().Signal(&context, request, response);
  }
  grpc::Status Update(const std::string& id, v1::TaskStatus status, v1::ActionResponse* response,
                      std::uint32_t callback_after_ms = 0) {
    v1::UpdateTaskRequest request;
    request.set_workflow_id(id);
    request.set_reference("h");
    request.set_status(status);
    request.set_output(R"({"read": true})");
    request.set_actor("eva");
    request.set_reason("half way");
    request.set_callback_after_ms(callback_after_ms);
    grpc::ClientContext context;
    return server_.workflows().UpdateTask(&context, request, response);
  }
  v1::Workflow Get(const std::string& id) {
    v1::Workflow workflow;
    EXPECT_TRUE(server_.Get(id, &workflow).ok());
    return workflow;
  }
  // Each as one text: its name, and its body.
  std::vector<std::string> History(const std::string& id) {
    v1::HistoryRequest request;
    request.set_workflow_id(id);
    v1::HistoryResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(server_.workflows().History(&context, request, &response).ok());
    std::vector<std::string> events;
    for (const v1::HistoryEvent& event : response.events()) {
      events.push_back(event.name() + " " + event.body());
    }
    return events;
  }
  auto Says(const std::string& event, const std::string& reason) {
    return Contains(AllOf(HasSubstr(event), HasSubstr(R"("actor":"eva")"),
                          HasSubstr("\"reason\":\"" + reason + "\"")));
  }

  EdgeServer server_;
};

TEST_F(OutsideTest, ASignalFailsTheFirstBlockedStepAlsoOfASubWorkflow) {
  const std::string id = Begin("parent");
  v1::ActionResponse response;
  ASSERT_TRUE(Signal(id, v1::TASK_STATUS_FAILED, &response).ok());
  EXPECT_NE(response.workflow_id(), id);
  const v1::Workflow ended = server_.AwaitEnd(id);
  EXPECT_EQ(ended.status(), v1::WORKFLOW_STATUS_FAILED);
  EXPECT_THAT(ended.reason(), HasSubstr("nobody answered"));
  EXPECT_THAT(History(response.workflow_id()), Says("SignalReceived", "nobody answered"));
}

TEST_F(OutsideTest, ASignalMayLeaveTheStepOpen) {
  const std::string id = Begin("child");
  v1::ActionResponse response;
  ASSERT_TRUE(Signal(id, v1::TASK_STATUS_IN_PROGRESS, &response).ok());
  const v1::Workflow running = Get(id);
  EXPECT_EQ(running.status(), v1::WORKFLOW_STATUS_RUNNING);
  EXPECT_EQ(running.tasks(0).status(), v1::TASK_STATUS_IN_PROGRESS);
  EXPECT_EQ(running.tasks(0).output(), R"({"so": "far"})");
  ASSERT_TRUE(Signal(id, v1::TASK_STATUS_UNSPECIFIED, &response).ok());
  EXPECT_EQ(Get(id).status(), v1::WORKFLOW_STATUS_COMPLETED);
}

TEST_F(OutsideTest, StatusesThatNobodyMayTellAreRefused) {
  const std::string id = Begin("human");
  v1::ActionResponse response;
  for (const int status : {v1::TASK_STATUS_SCHEDULED + 0, v1::TASK_STATUS_TIMED_OUT + 0, 77}) {
    const auto told = static_cast<v1::TaskStatus>(status);
    EXPECT_EQ(Signal(id, told, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(Update(id, told, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  const grpc::Status delayed = Update(id, v1::TASK_STATUS_COMPLETED, &response, 5);
  EXPECT_EQ(delayed.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(delayed.error_message(), HasSubstr("only with IN_PROGRESS"));
  EXPECT_EQ(Get(id).tasks(0).status(), v1::TASK_STATUS_IN_PROGRESS);
}

TEST_F(OutsideTest, AnUpdateKeepsATaskOpenAndAnotherCancelsIt) {
  const std::string id = Begin("human");
  v1::ActionResponse response;
  ASSERT_TRUE(Update(id, v1::TASK_STATUS_IN_PROGRESS, &response).ok());
  EXPECT_TRUE(response.changed());
  EXPECT_EQ(Get(id).tasks(0).output(), R"({"read": true})");
  ASSERT_TRUE(Update(id, v1::TASK_STATUS_IN_PROGRESS, &response).ok());
  EXPECT_FALSE(response.changed());
  ASSERT_TRUE(Update(id, v1::TASK_STATUS_CANCELED, &response).ok());
  const v1::Workflow ended = Get(id);
  EXPECT_EQ(ended.status(), v1::WORKFLOW_STATUS_TERMINATED);
  EXPECT_EQ(ended.tasks(0).status(), v1::TASK_STATUS_CANCELED);
  EXPECT_EQ(ended.tasks(0).output(), R"({"read": true})");
  const std::vector<std::string> history = History(id);
  EXPECT_THAT(history, Says("TaskProgressed", "half way"));
  EXPECT_THAT(history, Says("TaskUpdated", "half way"));
}

TEST_F(OutsideTest, MessagesAndTerminationsSayWhoAndWhy) {
  const std::string id = Begin("human");
  v1::SendMessageRequest request;
  request.set_workflow_id(id);
  request.set_actor("eva");
  request.set_reason("second thoughts");
  v1::SendMessageResponse sent;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.workflows().SendMessage(&context, request, &sent).ok());
  v1::TerminateRequest terminate;
  terminate.set_workflow_id(id);
  terminate.set_actor("eva");
  terminate.set_reason("enough");
  v1::ActionResponse response;
  grpc::ClientContext another;
  ASSERT_TRUE(server_.workflows().Terminate(&another, terminate, &response).ok());
  const std::vector<std::string> history = History(id);
  EXPECT_THAT(history, Says("MessageReceived", "second thoughts"));
  EXPECT_THAT(history, Says("WorkflowEnded", "enough"));

  request.set_reason(std::string(5'000, 'x'));
  grpc::ClientContext third;
  EXPECT_EQ(server_.workflows().SendMessage(&third, request, &sent).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace skald
