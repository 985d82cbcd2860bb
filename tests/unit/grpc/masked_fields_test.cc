// maskedFields (conductor.md 1.2): every call that shows a workflow, over a real connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCard[] = "4111-1111";
constexpr char kPin[] = "0815-pin";

// `plain` shows what expressions see; HUMAN needs no worker.
constexpr char kMasked[] = R"({
  "name": "masked", "version": 1, "maskedFields": ["card", "pin"],
  "outputParameters": {"card": "${v.input.plain}", "pin": "${h.output.pin}", "ok": true},
  "tasks": [
    {"name": "v", "taskReferenceName": "v", "type": "SET_VARIABLE",
     "inputParameters": {"plain": "${workflow.input.order.kind}",
                         "kept": {"card": "${workflow.input.order.card}"}}},
    {"name": "h", "taskReferenceName": "h", "type": "HUMAN",
     "inputParameters": {"pin": "${workflow.input.pin}", "copy": "${v.input.plain}"}}]})";

class MaskedFieldsTest : public ::testing::Test {
 protected:
  MaskedFieldsTest() {
    EXPECT_TRUE(server_.Register(kMasked).ok());
    v1::ExecuteRequest request;
    request.mutable_start()->set_name("masked");
    request.mutable_start()->set_input(std::string(R"({"order":{"kind":"k1","card":")") + kCard +
                                       R"("},"pin":")" + kPin + "\"}");
    grpc::ClientContext context;
    const grpc::Status status = server_.workflows().Execute(&context, request, &executed_);
    EXPECT_TRUE(status.ok()) << status.error_message();
    id_ = executed_.workflow().workflow_id();
  }

  void Finish() {
    v1::UpdateTaskRequest request;
    request.set_workflow_id(id_);
    request.set_reference("h");
    request.set_status(v1::TASK_STATUS_COMPLETED);
    request.set_output(std::string(R"({"pin":")") + kPin + "\"}");
    v1::ActionResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(server_.workflows().UpdateTask(&context, request, &response).ok());
  }

  EdgeServer server_;
  v1::ExecuteResponse executed_;
  std::string id_;
};

auto Masked() { return AllOf(HasSubstr("***"), Not(HasSubstr(kCard)), Not(HasSubstr(kPin))); }

TEST_F(MaskedFieldsTest, NoCallShowsThem) {
  EXPECT_THAT(executed_.DebugString(), Masked());
  EXPECT_EQ(executed_.task().input(), R"({"pin":"***","copy":"k1"})");
  Finish();
  const v1::Workflow ended = server_.AwaitEnd(id_);
  EXPECT_EQ(ended.status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_THAT(ended.DebugString(), Masked());
  EXPECT_EQ(ended.input(), R"({"order":{"kind":"k1","card":"***"},"pin":"***"})");
  EXPECT_EQ(ended.output(), R"({"card":"***","pin":"***","ok":true})");
  EXPECT_EQ(ended.variables(), R"({"plain":"k1","kept":{"card":"***"}})");

  v1::HistoryRequest request;
  request.set_workflow_id(id_);
  v1::HistoryResponse history;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.workflows().History(&context, request, &history).ok());
  EXPECT_THAT(history.DebugString(), Masked());
  EXPECT_EQ(static_cast<std::uint64_t>(history.events_size()), ended.last_seq());
}

// One workflow, whose past is read from the store, and all of a name, of which the engine tells.
TEST_F(MaskedFieldsTest, NoWatchShowsThem) {
  v1::WatchRequest request;
  request.set_name("masked");
  grpc::ClientContext context;
  auto stream = server_.workflows().Watch(&context, request);
  v1::WatchResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_TRUE(response.watching());
  Finish();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_THAT(response.DebugString(), Masked());
  context.TryCancel();
  stream->Finish();

  v1::WatchRequest one;
  one.set_workflow_id(id_);
  grpc::ClientContext of_one;
  auto past = server_.workflows().Watch(&of_one, one);
  std::string told;
  while (past->Read(&response)) told += response.DebugString();
  past->Finish();
  EXPECT_THAT(told, Masked());
}

// What is checked, and what expressions read, is true.
TEST_F(MaskedFieldsTest, TheHistoryVerifies) {
  Finish();
  server_.AwaitEnd(id_);
  v1::VerifyRequest request;
  request.set_workflow_id(id_);
  v1::VerifyResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.workflows().Verify(&context, request, &response).ok());
  EXPECT_EQ(response.violations_size(), 0);
}

}  // namespace
}  // namespace skald
