// Synchronous execution and signals that look for what waits (conductor.md 3.17).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::HasSubstr;
using Response = v1::ExecuteResponse;

std::string Definition(const std::string& name, const std::string& tasks) {
  return absl::StrCat(R"({"name":")", name, R"(","version":1,"schemaVersion":2,"tasks":[)", tasks,
                      "]}");
}
constexpr char kSet[] =
    R"({"name":"set","taskReferenceName":"set","type":"SET_VARIABLE","inputParameters":{"k":1}})";
constexpr char kWaitStep[] = R"({"name":"wait","taskReferenceName":"wait","type":"WAIT"})";
constexpr char kNap[] = R"({"name":"nap","taskReferenceName":"nap","type":"WAIT",)"
                        R"("inputParameters":{"duration":"1 day"}})";
constexpr char kChild[] = R"({"name":"sub","taskReferenceName":"sub","type":"SUB_WORKFLOW",)"
                          R"("subWorkflowParam":{"name":"child","version":1}})";

class ExecuteTest : public ::testing::Test {
 protected:
  grpc::Status Execute(const std::string& name, Response& response,
                       const std::vector<std::string>& references = {},
                       std::uint32_t wait_ms = 60'000) {
    v1::ExecuteRequest request;
    request.mutable_start()->set_name(name);
    request.mutable_start()->set_idempotency_key(key_);
    for (const std::string& one : references) request.mutable_wait_for()->add_references(one);
    request.mutable_wait_for()->set_wait_ms(wait_ms);
    grpc::ClientContext context;
    return server_.workflows().Execute(&context, request, &response);
  }
  grpc::Status Await(const std::string& id, Response& response) {
    v1::AwaitRequest request;
    request.set_workflow_id(id);
    request.mutable_wait_for()->set_wait_ms(60'000);
    grpc::ClientContext context;
    return server_.workflows().Await(&context, request, &response);
  }
  grpc::Status Signal(const std::string& id, v1::ActionResponse& response,
                      const std::string& reference = "") {
    v1::SignalRequest request;
    request.set_workflow_id(id);
    request.set_reference(reference);
    request.set_payload(R"({"ok":true})");
    grpc::ClientContext context;
    return server_.workflows().Signal(&context, request, &response);
  }

  EdgeServer server_;
  std::string key_;
};

TEST_F(ExecuteTest, AnswersWithTheEnd) {
  ASSERT_TRUE(server_.Register(Definition("w", kSet)).ok());
  Response response;
  ASSERT_TRUE(Execute("w", response).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_ENDED);
  EXPECT_EQ(response.workflow().status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_FALSE(response.existed());
  EXPECT_FALSE(response.has_task());
}

TEST_F(ExecuteTest, AnswersWhenBlockedAndAwaitGoesOnFromThere) {
  ASSERT_TRUE(server_.Register(Definition("w", absl::StrCat(kSet, ",", kWaitStep))).ok());
  Response response;
  ASSERT_TRUE(Execute("w", response).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_BLOCKED);
  EXPECT_EQ(response.task().reference(), "wait");
  EXPECT_EQ(response.task_workflow_id(), response.workflow().workflow_id());
  const std::string id = response.workflow().workflow_id();
  v1::ActionResponse signalled;
  ASSERT_TRUE(Signal(id, signalled).ok());
  EXPECT_EQ(signalled.workflow_id(), id);
  response.Clear();
  ASSERT_TRUE(Await(id, response).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_ENDED);
  EXPECT_TRUE(response.existed());
}

TEST_F(ExecuteTest, ABlockedSubWorkflowBlocksAndTakesTheSignal) {
  ASSERT_TRUE(server_.Register(Definition("child", kWaitStep)).ok());
  ASSERT_TRUE(server_.Register(Definition("w", kChild)).ok());
  Response response;
  ASSERT_TRUE(Execute("w", response).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_BLOCKED);
  EXPECT_EQ(response.task().reference(), "wait");
  EXPECT_NE(response.task_workflow_id(), response.workflow().workflow_id());
  const std::string id = response.workflow().workflow_id();
  v1::ActionResponse signalled;
  EXPECT_EQ(Signal(id, signalled, "wait").error_code(), grpc::StatusCode::NOT_FOUND)
      << "a reference is one of the workflow named";
  ASSERT_TRUE(Signal(id, signalled).ok());
  EXPECT_EQ(signalled.workflow_id(), response.task_workflow_id());
  ASSERT_TRUE(Await(id, response).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_ENDED);
  const grpc::Status late = Signal(id, signalled);
  EXPECT_EQ(late.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(ExecuteTest, AnswersWhenANamedStepHasEndedAlsoInASubWorkflow) {
  ASSERT_TRUE(server_.Register(Definition("child", absl::StrCat(kSet, ",", kNap))).ok());
  ASSERT_TRUE(server_.Register(Definition("w", kChild)).ok());
  Response response;
  ASSERT_TRUE(Execute("w", response, {"absent", "set"}).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_TASK_ENDED);
  EXPECT_EQ(response.task().reference(), "set");
  EXPECT_EQ(response.task().status(), v1::TASK_STATUS_COMPLETED);
  EXPECT_NE(response.task_workflow_id(), response.workflow().workflow_id());
}

// "ref__N" is the step's run in the Nth iteration of its loop.
TEST_F(ExecuteTest, AnIterationOfALoopIsWaitedForByItsNumber) {
  const std::string loop = absl::StrCat(
      R"({"name":"loop","taskReferenceName":"loop","type":"DO_WHILE","items":[1,2],"loopOver":[)",
      kSet, ",", kWaitStep, "]},", kNap);
  ASSERT_TRUE(server_.Register(Definition("w", loop)).ok());
  key_ = "k";
  Response response;
  ASSERT_TRUE(Execute("w", response, {"set__2", "absent__1"}).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_BLOCKED) << "the first iteration goes by";
  EXPECT_EQ(response.task().reference(), "wait__1");
  v1::ActionResponse signalled;
  ASSERT_TRUE(Signal(response.workflow().workflow_id(), signalled).ok());
  response.Clear();
  ASSERT_TRUE(Execute("w", response, {"set__2"}).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_TASK_ENDED);
  EXPECT_EQ(response.task().reference(), "set__2");
  response.Clear();
  ASSERT_TRUE(Execute("w", response, {"wait__1"}).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_TASK_ENDED) << "not the newest run";
  EXPECT_EQ(response.task().reference(), "wait__1");
  response.Clear();
  ASSERT_TRUE(Execute("w", response, {"set__3", "set__02", "set__"}).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_BLOCKED) << "no such iterations";
}

TEST_F(ExecuteTest, AnswersWhenTheTimeIsOver) {
  ASSERT_TRUE(server_.Register(Definition("w", kNap)).ok());
  Response response;
  ASSERT_TRUE(Execute("w", response, {}, 20).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_TIME_OUT);
  EXPECT_EQ(response.workflow().status(), v1::WORKFLOW_STATUS_RUNNING);
  EXPECT_EQ(response.workflow().tasks_size(), 1);
}

TEST_F(ExecuteTest, TheSameKeyWaitsForTheSameWorkflow) {
  ASSERT_TRUE(server_.Register(Definition("w", kWaitStep)).ok());
  key_ = "k";
  Response first, second;
  ASSERT_TRUE(Execute("w", first).ok());
  ASSERT_TRUE(Execute("w", second).ok());
  EXPECT_EQ(second.workflow().workflow_id(), first.workflow().workflow_id());
  EXPECT_TRUE(second.existed());
}

TEST_F(ExecuteTest, ACallerThatGoesAwayLeavesTheWorkflowRunning) {
  ASSERT_TRUE(server_.Register(Definition("w", kNap)).ok());
  key_ = "k";
  {
    v1::ExecuteRequest request;
    request.mutable_start()->set_name("w");
    request.mutable_start()->set_idempotency_key(key_);
    grpc::ClientContext context;
    context.set_deadline(gpr_time_from_millis(100, GPR_TIMESPAN));
    Response response;
    EXPECT_EQ(server_.workflows().Execute(&context, request, &response).error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  Response response;
  ASSERT_TRUE(Execute("w", response, {}, 1).ok());
  EXPECT_EQ(response.workflow().status(), v1::WORKFLOW_STATUS_RUNNING);
}

TEST_F(ExecuteTest, BoundsAndUnknownThingsAreRefused) {
  Response response;
  EXPECT_EQ(Execute("absent", response).error_code(), grpc::StatusCode::NOT_FOUND);
  const grpc::Status status = Execute("absent", response, {}, 600'001);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("wait_ms"));
  EXPECT_EQ(Execute("absent", response, std::vector<std::string>(101, "a")).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Await("0192f3a0-7c1e-7000-8000-0123456789ab", response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

// Messages (conductor.md 3.17).
TEST_F(ExecuteTest, AMessageIsTakenOnceAndKnownByItsId) {
  ASSERT_TRUE(server_
                  .Register(Definition("w", R"({"name":"pull","taskReferenceName":"pull",)"
                                            R"("type":"PULL_WORKFLOW_MESSAGES"})"))
                  .ok());
  Response response;
  ASSERT_TRUE(Execute("w", response, {}, 20).ok());
  EXPECT_EQ(response.answered(), Response::ANSWERED_TIME_OUT) << "to pull is not to be blocked";
  v1::SendMessageRequest request;
  request.set_workflow_id(response.workflow().workflow_id());
  request.set_payload(R"({"n":1})");
  v1::SendMessageResponse sent;
  const auto send = [&] {
    grpc::ClientContext context;
    return server_.workflows().SendMessage(&context, request, &sent);
  };
  ASSERT_TRUE(send().ok());
  EXPECT_EQ(sent.message_id().size(), 36u);
  ASSERT_TRUE(Await(response.workflow().workflow_id(), response).ok());
  EXPECT_THAT(response.workflow().output(), HasSubstr(sent.message_id()));
  EXPECT_EQ(send().error_code(), grpc::StatusCode::FAILED_PRECONDITION) << "it has ended";
  request.set_workflow_id("0192f3a0-7c1e-7000-8000-0123456789ab");
  EXPECT_EQ(send().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ExecuteTest, AFullQueueOfMessagesRefuses) {
  ASSERT_TRUE(server_.Register(Definition("w", kNap)).ok());
  Response response;
  ASSERT_TRUE(Execute("w", response, {}, 1).ok());
  v1::SendMessageRequest request;
  request.set_workflow_id(response.workflow().workflow_id());
  v1::SendMessageResponse sent;
  const auto send = [&] {
    grpc::ClientContext context;
    return server_.workflows().SendMessage(&context, request, &sent);
  };
  request.set_message_id("first");
  ASSERT_TRUE(send().ok());
  EXPECT_FALSE(sent.existed());
  ASSERT_TRUE(send().ok());
  EXPECT_TRUE(sent.existed());
  request.clear_message_id();
  for (int i = 1; i < 1'000; ++i) ASSERT_TRUE(send().ok());
  const grpc::Status full = send();
  EXPECT_EQ(full.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(full.error_message(), HasSubstr("kMessagesMax"));
}

}  // namespace
}  // namespace skald
