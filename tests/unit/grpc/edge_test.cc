// The gRPC edge over a real connection, engine and memory store behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_model.pb.h"
#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::HasSubstr;

constexpr char kOneStep[] = R"({
  "name": "one", "version": 1, "schemaVersion": 2,
  "tasks": [{"name": "greet", "taskReferenceName": "greet", "type": "SIMPLE",
             "inputParameters": {"who": "${workflow.input.who}"}}]})";

// A saga of two steps, both undoable.
constexpr char kSaga[] = R"({
  "name": "saga", "version": 1, "schemaVersion": 2,
  "tasks": [
    {"name": "reserve", "taskReferenceName": "reserve", "type": "SIMPLE",
     "compensateWith": "release"},
    {"name": "charge", "taskReferenceName": "charge", "type": "SIMPLE",
     "compensateWith": "refund"}]})";

// A worker's stream, driven by hand.
class HandWorker {
 public:
  HandWorker(EdgeServer& server, const std::vector<std::string>& types,
             const std::string& incarnation = "one")
      : stream_(server.workers().Work(&context_)) {
    v1::WorkRequest request;
    v1::Hello& hello = *request.mutable_hello();
    hello.set_worker_id("hand");
    hello.set_incarnation(incarnation);
    hello.set_credits(10);
    for (const std::string& type : types) hello.add_task_types()->set_task_type(type);
    EXPECT_TRUE(stream_->Write(request));
    v1::WorkResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    EXPECT_TRUE(response.has_welcome());
  }
  ~HandWorker() {
    stream_->WritesDone();
    context_.TryCancel();
  }

  // The next assignment; pings are answered on the way.
  v1::Assignment Take() {
    while (assignments_.empty()) {
      if (!ReadOne()) return {};
    }
    v1::Assignment assignment = assignments_.front();
    assignments_.erase(assignments_.begin());
    return assignment;
  }

  v1::ResultReceipt Answer(const v1::Assignment& assignment, v1::TaskResult::Status status,
                           const std::string& output, const std::string& reason = "") {
    v1::WorkRequest request;
    v1::TaskResult& result = *request.add_results();
    result.set_task_id(assignment.task_id());
    result.set_fence(assignment.fence());
    result.set_status(status);
    result.set_output(output);
    result.set_reason(reason);
    EXPECT_TRUE(stream_->Write(request));
    while (receipts_.empty()) {
      if (!ReadOne()) return {};
    }
    v1::ResultReceipt receipt = receipts_.front();
    receipts_.erase(receipts_.begin());
    return receipt;
  }

  void Write(const v1::WorkRequest& request) { stream_->Write(request); }
  // The message that was read last.
  const v1::WorkResponse& last() const { return last_; }

  grpc::Status Finish() {
    while (ReadOne()) {
    }
    return stream_->Finish();
  }

 private:
  bool ReadOne() {
    v1::WorkResponse response;
    if (!stream_->Read(&response)) return false;
    last_ = response;
    for (const auto& assignment : response.assignments()) assignments_.push_back(assignment);
    for (const auto& receipt : response.receipts()) receipts_.push_back(receipt);
    if (response.has_ping()) {
      v1::WorkRequest request;
      request.mutable_pong()->set_nonce(response.ping().nonce());
      stream_->Write(request);
    }
    return true;
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkRequest, v1::WorkResponse>> stream_;
  std::vector<v1::Assignment> assignments_;
  std::vector<v1::ResultReceipt> receipts_;
  v1::WorkResponse last_;
};

std::string StartOne(EdgeServer& server, const std::string& name, const std::string& input = "{}") {
  v1::StartRequest request;
  request.set_name(name);
  request.set_input(input);
  v1::StartResponse response;
  const grpc::Status status = server.Start(request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.workflow_id();
}

TEST(EdgeTest, AWorkflowRunsToItsEnd) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  const std::string id = StartOne(server, "one", R"({"who":"world"})");
  HandWorker worker(server, {"greet"});
  const v1::Assignment assignment = worker.Take();
  EXPECT_EQ(assignment.workflow_id(), id);
  EXPECT_EQ(assignment.input(), R"({"who":"world"})");
  EXPECT_EQ(assignment.operation(), v1::OPERATION_ACTION);
  EXPECT_EQ(
      worker.Answer(assignment, v1::TaskResult::STATUS_COMPLETED, R"({"said":"hello"})").outcome(),
      v1::ResultReceipt::OUTCOME_RECORDED);
  const v1::Workflow workflow = server.AwaitEnd(id);
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_EQ(workflow.output(), R"({"said":"hello"})");
}

TEST(EdgeTest, AFailedSagaIsUndoneAndVerifies) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kSaga).ok());
  const std::string id = StartOne(server, "saga");
  HandWorker worker(server, {"reserve", "release", "charge", "refund"});
  worker.Answer(worker.Take(), v1::TaskResult::STATUS_COMPLETED, R"({"slot":7})");
  worker.Answer(worker.Take(), v1::TaskResult::STATUS_FAILED_TERMINAL, "", "declined");
  const v1::Assignment undo = worker.Take();
  EXPECT_EQ(undo.task_type(), "release");
  EXPECT_EQ(undo.operation(), v1::OPERATION_COMPENSATE);
  EXPECT_EQ(undo.undo().original_output(), R"({"slot":7})");
  worker.Answer(undo, v1::TaskResult::STATUS_COMPLETED, "{}");
  const v1::Workflow workflow = server.AwaitEnd(id);
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_FAILED);
  EXPECT_EQ(workflow.saga_status(), v1::SAGA_STATUS_COMPENSATED);

  v1::VerifyRequest request;
  request.set_workflow_id(id);
  v1::VerifyResponse verified;
  grpc::ClientContext context;
  ASSERT_TRUE(server.workflows().Verify(&context, request, &verified).ok());
  EXPECT_EQ(verified.violations_size(), 0) << verified.DebugString();
  EXPECT_GT(verified.events_checked(), 5u);
}

// Two messages would cost each step the time of a second write.
TEST(EdgeTest, AReceiptAndTheNextTaskComeInOneMessage) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kSaga).ok());
  StartOne(server, "saga");
  HandWorker worker(server, {"reserve", "charge"});
  const v1::Assignment first = worker.Take();
  worker.Answer(first, v1::TaskResult::STATUS_COMPLETED, "{}");
  ASSERT_EQ(worker.last().assignments_size(), 1);
  EXPECT_EQ(worker.last().assignments(0).task_type(), "charge");
  EXPECT_EQ(worker.last().receipts(0).task_id(), first.task_id());
}

TEST(EdgeTest, AResultSentTwiceIsAnsweredAndCountsOnce) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  const std::string id = StartOne(server, "one");
  HandWorker worker(server, {"greet"});
  const v1::Assignment assignment = worker.Take();
  worker.Answer(assignment, v1::TaskResult::STATUS_COMPLETED, R"({"n":1})");
  const v1::ResultReceipt second =
      worker.Answer(assignment, v1::TaskResult::STATUS_COMPLETED, R"({"n":2})");
  EXPECT_THAT(second.outcome(), ::testing::AnyOf(v1::ResultReceipt::OUTCOME_RECORDED,
                                                 v1::ResultReceipt::OUTCOME_SUPERSEDED));
  EXPECT_EQ(server.AwaitEnd(id).output(), R"({"n":1})");
}

TEST(EdgeTest, AMalformedResultFailsTheTaskWithoutDisturbingOthers) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  const std::string id = StartOne(server, "one");
  HandWorker worker(server, {"greet"});
  const v1::ResultReceipt receipt =
      worker.Answer(worker.Take(), v1::TaskResult::STATUS_COMPLETED, "{not json");
  EXPECT_EQ(receipt.outcome(), v1::ResultReceipt::OUTCOME_INVALID);
  EXPECT_THAT(receipt.error(), HasSubstr("output"));
  EXPECT_EQ(server.AwaitEnd(id).status(), v1::WORKFLOW_STATUS_FAILED);
}

TEST(EdgeTest, AMalformedResultHasOneReceiptAndItsRepetitionTheSame) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  StartOne(server, "one");
  const std::string next = StartOne(server, "one");
  HandWorker worker(server, {"greet"});
  const v1::Assignment first = worker.Take();
  worker.Answer(first, v1::TaskResult::STATUS_COMPLETED, "{not json");
  const v1::ResultReceipt again =
      worker.Answer(first, v1::TaskResult::STATUS_COMPLETED, "{not json");
  EXPECT_EQ(again.task_id(), first.task_id());
  EXPECT_EQ(again.outcome(), v1::ResultReceipt::OUTCOME_INVALID);
  // A second receipt for either would be read here in place of this one's.
  const v1::Assignment second = worker.Take();
  const v1::ResultReceipt receipt = worker.Answer(second, v1::TaskResult::STATUS_COMPLETED, "{}");
  EXPECT_EQ(receipt.task_id(), second.task_id());
  EXPECT_EQ(receipt.outcome(), v1::ResultReceipt::OUTCOME_RECORDED);
  EXPECT_EQ(server.AwaitEnd(next).status(), v1::WORKFLOW_STATUS_COMPLETED);
}

TEST(EdgeTest, AnIdempotencyKeyGivesTheSameWorkflow) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  v1::StartRequest request;
  request.set_name("one");
  request.set_idempotency_key("order-1");
  v1::StartResponse first, second;
  ASSERT_TRUE(server.Start(request, &first).ok());
  ASSERT_TRUE(server.Start(request, &second).ok());
  EXPECT_EQ(first.workflow_id(), second.workflow_id());
  EXPECT_FALSE(first.existed());
  EXPECT_TRUE(second.existed());
  request.set_input(R"({"other":true})");
  EXPECT_EQ(server.Start(request, &second).error_code(), grpc::StatusCode::ALREADY_EXISTS);
}

// conductor.md 3.12.
TEST(EdgeTest, AKeyInUseIsRefusedAsTheStrategySays) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  v1::StartRequest request;
  request.set_name("one");
  request.set_idempotency_key("order-1");
  request.set_idempotency_strategy(v1::IDEMPOTENCY_STRATEGY_FAIL);
  v1::StartResponse first, second;
  ASSERT_TRUE(server.Start(request, &first).ok());
  grpc::Status status = server.Start(request, &second);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), HasSubstr(first.workflow_id()));
  request.set_idempotency_strategy(v1::IDEMPOTENCY_STRATEGY_FAIL_ON_RUNNING);
  request.set_input(R"({"again":true})");
  status = server.Start(request, &second);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), HasSubstr("has not ended"));

  HandWorker worker(server, {"greet"});
  worker.Answer(worker.Take(), v1::TaskResult::STATUS_COMPLETED, "{}");
  server.AwaitEnd(first.workflow_id());
  ASSERT_TRUE(server.Start(request, &second).ok());
  EXPECT_NE(second.workflow_id(), first.workflow_id());
  EXPECT_FALSE(second.existed());
  request.set_idempotency_strategy(v1::IDEMPOTENCY_STRATEGY_RETURN_EXISTING);
  v1::StartResponse third;
  ASSERT_TRUE(server.Start(request, &third).ok());
  EXPECT_EQ(third.workflow_id(), second.workflow_id()) << "the key is the newer one's";
  request.set_idempotency_strategy(static_cast<v1::IdempotencyStrategy>(99));
  EXPECT_EQ(server.Start(request, &third).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(EdgeTest, OfManyStartsThatFailOnAKeyOneBeginsAWorkflow) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  for (const auto strategy :
       {v1::IDEMPOTENCY_STRATEGY_FAIL, v1::IDEMPOTENCY_STRATEGY_FAIL_ON_RUNNING}) {
    v1::StartManyRequest request;
    for (int i = 0; i < 50; ++i) {
      v1::StartRequest& start = *request.add_starts();
      start.set_name("one");
      start.set_input(absl::StrCat(R"({"n":)", i, "}"));
      start.set_idempotency_key(absl::StrCat("key-", static_cast<int>(strategy)));
      start.set_idempotency_strategy(strategy);
    }
    v1::StartManyResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(server.workflows().StartMany(&context, request, &response).ok());
    int begun = 0;
    for (const auto& outcome : response.outcomes()) {
      begun += outcome.code() == 0 ? 1 : 0;
      EXPECT_TRUE(outcome.code() == 0 || outcome.code() == grpc::StatusCode::ALREADY_EXISTS);
    }
    EXPECT_EQ(begun, 1);
  }
}

TEST(EdgeTest, EveryMistakeOfADefinitionIsToldAtOnce) {
  EdgeServer server;
  const grpc::Status status = server.Register(
      R"({"name":"","tasks":[{"name":"a","taskReferenceName":"a","type":"NO_SUCH"}]})");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  google::rpc::Status model;
  ASSERT_TRUE(model.ParseFromString(status.error_details()));
  google::rpc::BadRequest violations;
  for (const auto& detail : model.details()) detail.UnpackTo(&violations);
  EXPECT_GE(violations.field_violations_size(), 2) << violations.DebugString();
}

TEST(EdgeTest, UnknownThingsAreNotFound) {
  EdgeServer server;
  v1::StartRequest request;
  request.set_name("absent");
  v1::StartResponse response;
  EXPECT_EQ(server.Start(request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
  v1::Workflow workflow;
  EXPECT_EQ(server.Get("0192f3a0-7c1e-7000-8000-0123456789ab", &workflow).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(server.Get("nonsense", &workflow).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(EdgeTest, VariablesAreAnObject) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  v1::UpdateVariablesRequest request;
  request.set_workflow_id(StartOne(server, "one"));
  for (const std::string variables : {"[1]", "1", "{nonsense"}) {
    request.set_variables(variables);
    v1::ActionResponse response;
    grpc::ClientContext context;
    EXPECT_EQ(server.workflows().UpdateVariables(&context, request, &response).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT)
        << variables;
  }
}

TEST(EdgeTest, AnotherNamespaceSeesNothing) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  const std::string id = StartOne(server, "one");
  v1::GetRequest request;
  request.set_namespace_("other");
  request.set_workflow_id(id);
  v1::Workflow workflow;
  grpc::ClientContext context;
  EXPECT_EQ(server.workflows().Get(&context, request, &workflow).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST(EdgeTest, AnInputOverTheBoundIsRefusedByName) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  v1::StartRequest request;
  request.set_name("one");
  request.set_input("{\"x\":\"" + std::string(10 << 20, 'a') + "\"}");
  v1::StartResponse response;
  const grpc::Status status = server.Start(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("input"));
}

TEST(EdgeTest, AStreamWithoutHelloIsRefused) {
  EdgeServer server;
  grpc::ClientContext context;
  auto stream = server.workers().Work(&context);
  v1::WorkRequest request;
  request.add_results()->set_task_id("x");
  stream->Write(request);
  v1::WorkResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(EdgeTest, ASilentWorkerLosesItsStream) {
  EdgeServer server(grpc_edge::StreamOptions{.ping_interval_ms = 50, .silent_intervals_max = 3});
  grpc::ClientContext context;
  auto stream = server.workers().Work(&context);
  v1::WorkRequest request;
  request.mutable_hello()->set_worker_id("deaf");
  request.mutable_hello()->set_incarnation("deaf");
  request.mutable_hello()->set_credits(1);
  request.mutable_hello()->add_task_types()->set_task_type("greet");
  stream->Write(request);
  v1::WorkResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

// The lease that a worker is told when its hello asks for `asked_ms`.
std::uint32_t LeaseMsOf(EdgeServer& server, std::uint32_t asked_ms) {
  grpc::ClientContext context;
  auto stream = server.workers().Work(&context);
  v1::WorkRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_worker_id("leasing");
  hello.set_incarnation("leasing");
  hello.set_credits(1);
  hello.set_lease_ms(asked_ms);
  hello.add_task_types()->set_task_type("greet");
  stream->Write(request);
  v1::WorkResponse response;
  stream->Read(&response);
  context.TryCancel();
  return response.welcome().lease_ms();
}

TEST(EdgeTest, AWorkerThatNamesNoLeaseGetsTheServersSetting) {
  EdgeServer server(grpc_edge::StreamOptions{.task_lease_ms = 7'000});
  EXPECT_EQ(LeaseMsOf(server, 0), 7'000U);
  EXPECT_EQ(LeaseMsOf(server, 9'000), 9'000U);
}

TEST(EdgeTest, TheTraceContextTravelsToTheWorker) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  v1::StartRequest request;
  request.set_name("one");
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.mutable_trace()->set_traceparent(parent);
  v1::StartResponse response;
  ASSERT_TRUE(server.Start(request, &response).ok());
  HandWorker worker(server, {"greet"});
  EXPECT_EQ(worker.Take().trace().traceparent(), parent);
}

// The one task of a workflow whose worker answered with that trace context.
v1::Task AnswerWithTrace(const std::string& start, const std::string& traceparent,
                         const std::string& tracestate, v1::TaskResult::Status status) {
  EdgeServer server;
  EXPECT_TRUE(server.Register(kOneStep).ok());
  v1::StartRequest request;
  request.set_name("one");
  request.mutable_trace()->set_traceparent(start);
  v1::StartResponse response;
  EXPECT_TRUE(server.Start(request, &response).ok());
  HandWorker worker(server, {"greet"});
  const v1::Assignment assignment = worker.Take();
  v1::WorkRequest answer;
  v1::TaskResult& result = *answer.add_results();
  result.set_task_id(assignment.task_id());
  result.set_fence(assignment.fence());
  result.set_status(status);
  result.mutable_trace()->set_traceparent(traceparent);
  result.mutable_trace()->set_tracestate(tracestate);
  worker.Write(answer);
  const v1::Workflow workflow = server.AwaitEnd(response.workflow_id());
  EXPECT_EQ(workflow.tasks_size(), 1);
  return workflow.tasks(0);
}

TEST(EdgeTest, TheTraceContextOfAResultIsKeptWithItsTask) {
  for (const auto status :
       {v1::TaskResult::STATUS_COMPLETED, v1::TaskResult::STATUS_FAILED_TERMINAL}) {
    const v1::Task task = AnswerWithTrace("00-1-2-01", "00-1-3-01", "vendor=x", status);
    EXPECT_EQ(task.trace().traceparent(), "00-1-3-01");
    EXPECT_EQ(task.trace().tracestate(), "vendor=x");
  }
}

TEST(EdgeTest, ATraceContextThatSaysNothingNewIsNotKept) {
  constexpr auto kDone = v1::TaskResult::STATUS_COMPLETED;
  EXPECT_FALSE(AnswerWithTrace("00-1-2-01", "00-1-2-01", "", kDone).has_trace());
  EXPECT_FALSE(AnswerWithTrace("00-1-2-01", "", "", kDone).has_trace());
  EXPECT_FALSE(AnswerWithTrace("00-1-2-01", std::string(513, 'x'), "", kDone).has_trace());
  EXPECT_FALSE(AnswerWithTrace("00-1-2-01", "00 1 3", "", kDone).has_trace());
  const v1::Task task = AnswerWithTrace("00-1-2-01", "00-1-3-01", std::string(513, 'x'), kDone);
  EXPECT_EQ(task.trace().traceparent(), "00-1-3-01");
  EXPECT_EQ(task.trace().tracestate(), "");
}

TEST(EdgeTest, AWatchOfOneWorkflowTellsEveryEventOnceInOrder) {
  EdgeServer server;
  ASSERT_TRUE(server.Register(kOneStep).ok());
  const std::string id = StartOne(server, "one");
  v1::WatchRequest request;
  request.set_workflow_id(id);
  grpc::ClientContext context;
  auto stream = server.workflows().Watch(&context, request);
  HandWorker worker(server, {"greet"});
  worker.Answer(worker.Take(), v1::TaskResult::STATUS_COMPLETED, "{}");
  std::uint64_t last = 0;
  v1::WorkflowStatus ended_as = v1::WORKFLOW_STATUS_UNSPECIFIED;
  v1::WatchResponse response;
  while (stream->Read(&response)) {
    for (const auto& notice : response.notices()) {
      for (const auto& event : notice.events()) EXPECT_EQ(event.seq(), ++last);
      if (notice.ended_as() != v1::WORKFLOW_STATUS_UNSPECIFIED) ended_as = notice.ended_as();
    }
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(ended_as, v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_GE(last, 5u);
}

}  // namespace
}  // namespace skald
