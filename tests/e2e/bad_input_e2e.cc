// Bad input of every kind to a real server: each gets a clear error, the server stays up, and
// others' work goes on. After each test an order has to complete.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <random>

#include "fmt/format.h"
#include "tests/e2e/hand_worker.h"
#include "tests/e2e/server.h"
#include "tests/support/paths.h"
#include "tests/support/private_postgres.h"

namespace skald::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::size_t kTenMebibytes = 10u << 20;
constexpr int kSilentConnections = 1'000;

constexpr char kGreeting[] = R"({
  "name": "greeting", "version": 1, "schemaVersion": 2,
  "tasks": [{"name": "greet", "taskReferenceName": "greet", "type": "SIMPLE"}]})";
constexpr char kWaiting[] = R"({
  "name": "waiting", "version": 1, "schemaVersion": 2,
  "tasks": [{"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}]})";

std::string Repeat(std::string_view text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

std::string SimpleStep(const std::string& reference) {
  return fmt::format(R"({{"name":"s","taskReferenceName":"{}","type":"SIMPLE"}})", reference);
}

std::string Definition(const std::string& tasks) {
  return R"({"name":"absurd","version":1,"schemaVersion":2,"tasks":[)" + tasks + "]}";
}

std::string Steps(int count) {
  std::string tasks;
  for (int i = 0; i < count; ++i) tasks += (i == 0 ? "" : ",") + SimpleStep(fmt::format("s{}", i));
  return tasks;
}

// A switch in a switch in a switch …
std::string Nested(int depth) {
  std::string task = SimpleStep("leaf");
  for (int i = 0; i < depth; ++i) {
    task = fmt::format(
        R"({{"name":"w","taskReferenceName":"w{}","type":"SWITCH","evaluatorType":"value-param",)"
        R"("expression":"x","inputParameters":{{"x":"a"}},"decisionCases":{{"a":[{}]}}}})",
        i, task);
  }
  return task;
}

std::string RandomBytes(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Sends bytes that are no HTTP and reads until the server closes the connection. Returns false if
// it does not within half a minute.
bool ServerClosesAfter(int port, const std::string& bytes) {
  const int fd = Connect(port);
  if (fd < 0) return false;
  const timeval timeout{.tv_sec = 30, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  std::array<char, 4096> buffer = {};
  ssize_t count = 0;
  while ((count = recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
  }
  const bool is_closed = count == 0 || errno == ECONNRESET;
  close(fd);
  return is_closed;
}

class BadInputE2e : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempDir();
    const std::string database_url = PrivatePostgres::NewDatabase();
    Migrate(database_url);
    engine_ = new Engine({"server", "--database-url", database_url, "--ping-interval-ms", "500"},
                         folder_->path());
    engine_->Start();
    engine_->AwaitReady();
    services_ = new Services(engine_->address(), folder_->path(), 4);
    api_ = new Api(engine_->address());
    RegisterOrders(*api_);
    ASSERT_TRUE(api_->Register(kGreeting).ok());
    ASSERT_TRUE(api_->Register(kWaiting).ok());
  }
  static void TearDownTestSuite() {
    const Said verified = VerifyAll(*engine_);
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_THAT(verified.output, HasSubstr(", 0 violations\n"));
    EXPECT_EQ(engine_->process().Terminate(), 0) << engine_->process().Log();
    delete api_;
    delete services_;
    delete engine_;
    delete folder_;
  }

  void TearDown() override { ExpectThatAnOrderCompletes(); }

  static void ExpectThatAnOrderCompletes() {
    const std::string id = api_->StartOrDie(
        "order", ReadFileOrDie(SourceDir() / "workflows" / "inputs" / "order.json"));
    EXPECT_EQ(api_->AwaitEnd(id).status(), v1::WORKFLOW_STATUS_COMPLETED);
  }

  static grpc::Status Start(const std::string& name, const std::string& input, int version = 0) {
    v1::StartRequest request;
    request.set_name(name);
    request.set_version(version);
    request.set_input(input);
    v1::StartResponse response;
    return api_->Start(request, response);
  }

  // Opens a stream with one message and returns how it ends.
  static grpc::Status EndAfter(const v1::WorkRequest& request) {
    HandWorker worker(*api_->workers);
    worker.Write(request);
    return worker.AwaitEnd();
  }

  // Calls a method with bytes that are no message.
  static grpc::Status CallWithBytes(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(api_->channel);
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    const auto call = stub.PrepareCall(&context, method, &queue);
    void* tag = nullptr;
    bool ok = false;
    call->StartCall(nullptr);
    queue.Next(&tag, &ok);
    const grpc::Slice slice(bytes);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    queue.Next(&tag, &ok);
    grpc::Status status;
    call->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    return status;
  }

  static TempDir* folder_;
  static Engine* engine_;
  static Services* services_;
  static Api* api_;
};

TempDir* BadInputE2e::folder_ = nullptr;
Engine* BadInputE2e::engine_ = nullptr;
Services* BadInputE2e::services_ = nullptr;
Api* BadInputE2e::api_ = nullptr;

MATCHER_P2(Fails, code, message, "fails so") {
  *result_listener << "code " << arg.error_code() << ": " << arg.error_message();
  return ::testing::Matches(code)(arg.error_code()) &&
         ::testing::ExplainMatchResult(message, arg.error_message(), result_listener);
}

auto IsInvalid(const std::string& named) {
  return Fails(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(named));
}

TEST_F(BadInputE2e, MalformedJsonIsRefusedWithItsPlace) {
  EXPECT_THAT(api_->Register(R"({"name": "x", "tasks": [)"), IsInvalid("definition"));
  EXPECT_THAT(api_->Register(""), IsInvalid("definition"));
  EXPECT_THAT(api_->Register("\xff\xfe"), IsInvalid("definition"));
  EXPECT_THAT(api_->RegisterTask(R"({"name": )"), IsInvalid("definition"));
  EXPECT_THAT(Start("greeting", R"({"who":)"), IsInvalid("input"));
  EXPECT_THAT(Start("greeting", "[1]"), IsInvalid("input"));
  EXPECT_THAT(Start("greeting", "{\"who\":\"\xff\"}"), IsInvalid("input"));
  EXPECT_THAT(Start("greeting", "{\"a\":" + Repeat("[", 100'000) + Repeat("]", 100'000) + "}"),
              IsInvalid("input"));
}

TEST_F(BadInputE2e, PayloadsOfTenMebibytesAreRefusedByName) {
  const std::string large = "{\"x\":\"" + std::string(kTenMebibytes, 'a') + "\"}";
  EXPECT_THAT(Start("greeting", large),
              Fails(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("input")));
  EXPECT_THAT(api_->Register(Definition(SimpleStep(std::string(kTenMebibytes, 'a')))),
              IsInvalid("definition"));
  v1::SignalRequest signal;
  signal.set_workflow_id(api_->StartOrDie("waiting", "{}"));
  signal.set_payload(large);
  v1::ActionResponse response;
  grpc::ClientContext context;
  EXPECT_THAT(api_->workflows->Signal(&context, signal, &response),
              Fails(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("payload")));
}

TEST_F(BadInputE2e, AMessageOverTheTransportsBoundIsRefused) {
  EXPECT_THAT(Start("greeting", std::string(20 * kTenMebibytes, ' ')),
              Fails(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("")));
}

TEST_F(BadInputE2e, WhatIsNotThereIsNamed) {
  EXPECT_THAT(Start("absent", "{}"), Fails(grpc::StatusCode::NOT_FOUND, HasSubstr("absent")));
  EXPECT_THAT(Start("order", "{}", 99), Fails(grpc::StatusCode::NOT_FOUND, HasSubstr("99")));
  v1::Workflow workflow;
  EXPECT_THAT(api_->Get("nonsense", workflow), IsInvalid("nonsense"));
  const std::string nobody = "0192f3a0-7c1e-7000-8000-0123456789ab";
  EXPECT_THAT(api_->Get(nobody, workflow), Fails(grpc::StatusCode::NOT_FOUND, HasSubstr(nobody)));
}

TEST_F(BadInputE2e, AbsurdDefinitionsAreRefusedAndSayWhy) {
  EXPECT_THAT(api_->Register(Repeat("[", 100'000)), IsInvalid("definition"));
  EXPECT_THAT(api_->Register(Definition(Steps(100'000))), IsInvalid("definition"));
  EXPECT_THAT(api_->Register(Definition(Steps(3'000))), IsInvalid("kStepsMax (2000"));
  EXPECT_THAT(api_->Register(Definition(Nested(90))), IsInvalid("nest"));
  EXPECT_THAT(api_->Register(Definition("")), IsInvalid("tasks"));
  EXPECT_THAT(api_->Register(Definition(SimpleStep("same") + "," + SimpleStep("same"))),
              IsInvalid("same"));
  EXPECT_THAT(
      api_->Register(Definition(R"({"name":"x","taskReferenceName":"x","type":"NO_SUCH_TYPE"})")),
      IsInvalid("NO_SUCH_TYPE"));
}

TEST_F(BadInputE2e, CyclicDefinitionsAreRefused) {
  EXPECT_THAT(api_->Register(Definition(
                  R"({"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["j"]})")),
              IsInvalid("tasks[0]"));
  // Each of two joins waits for the other.
  const std::string fork = R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[
      [{"name":"a","taskReferenceName":"a","type":"JOIN","joinOn":["b"]}],
      [{"name":"b","taskReferenceName":"b","type":"JOIN","joinOn":["a"]}]]},
      {"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["a","b"]})";
  EXPECT_THAT(api_->Register(Definition(fork)), IsInvalid("joinOn"));
}

TEST_F(BadInputE2e, BytesThatAreNoHttpEndTheirConnectionOnly) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    EXPECT_TRUE(ServerClosesAfter(engine_->grpc_port(), RandomBytes(seed, 64u << 10))) << seed;
    EXPECT_TRUE(ServerClosesAfter(engine_->http_port(), RandomBytes(seed, 64u << 10))) << seed;
  }
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  EXPECT_TRUE(ServerClosesAfter(engine_->grpc_port(), preface + RandomBytes(1, 64u << 10)));
  EXPECT_TRUE(ServerClosesAfter(engine_->http_port(), Repeat("GET ", 20'000)));
  EXPECT_EQ(GetPage(engine_->http_port(), "/no-such-page").code, 404);
  EXPECT_EQ(GetPage(engine_->http_port(), "/health").code, 200);
}

TEST_F(BadInputE2e, BytesThatAreNoMessageEndTheirCallOnly) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string bytes = RandomBytes(seed, 1'000);
    EXPECT_THAT(CallWithBytes("/skald.v1.WorkerService/Work", bytes), IsInvalid("hello")) << seed;
    // The library itself refuses these, without a word: INTERNAL or, in older ones, UNIMPLEMENTED.
    for (const char* method : {"/skald.v1.WorkflowService/Start", "/skald.v1.WorkflowService/Watch",
                               "/skald.v1.DefinitionService/RegisterWorkflow"}) {
      EXPECT_THAT(
          CallWithBytes(method, bytes),
          Fails(AnyOf(grpc::StatusCode::INTERNAL, grpc::StatusCode::UNIMPLEMENTED), HasSubstr("")))
          << method << seed;
    }
  }
  EXPECT_EQ(CallWithBytes("/skald.v1.WorkerService/NoSuch", "").error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(BadInputE2e, AStreamThatBreaksTheRulesEndsAndSaysWhich) {
  EXPECT_THAT(EndAfter(v1::WorkRequest()), IsInvalid("hello"));
  v1::WorkRequest request = HelloFor({});
  EXPECT_THAT(EndAfter(request), IsInvalid("task_types"));
  request = HelloFor({"greet"});
  request.mutable_hello()->set_credits(0);
  EXPECT_THAT(EndAfter(request), IsInvalid("credits"));
  request = HelloFor({"greet"});
  request.mutable_hello()->clear_worker_id();
  EXPECT_THAT(EndAfter(request), IsInvalid("worker_id"));
  request = HelloFor({"greet"});
  request.mutable_hello()->set_lease_ms(1);
  EXPECT_THAT(EndAfter(request), IsInvalid("lease_ms"));
  request = HelloFor({"greet"});
  for (int i = 0; i < 1'001; ++i) request.add_logs();
  EXPECT_THAT(EndAfter(request), IsInvalid("1000"));

  HandWorker twice(*api_->workers);
  twice.Write(HelloFor({"greet"}));
  twice.Write(HelloFor({"greet"}));
  EXPECT_THAT(twice.AwaitEnd(), IsInvalid("hello"));
  HandWorker malformed(*api_->workers);
  malformed.Write(HelloFor({"greet"}));
  v1::WorkRequest beat;
  beat.add_heartbeats()->set_task_id("no id at all");
  malformed.Write(beat);
  EXPECT_THAT(malformed.AwaitEnd(), IsInvalid("task_id"));
}

TEST_F(BadInputE2e, AStreamThatIsLeftWithoutADrainSaysSo) {
  HandWorker worker(*api_->workers);
  worker.Write(HelloFor({"greet"}));
  worker.CloseHalf();
  EXPECT_THAT(worker.AwaitEnd(), IsInvalid("without a drain"));
  HandWorker drained(*api_->workers);
  drained.Write(HelloFor({"greet"}));
  v1::WorkRequest drain;
  drain.set_drain(true);
  drained.Write(drain);
  drained.CloseHalf();
  EXPECT_TRUE(drained.AwaitEnd().ok());
}

TEST_F(BadInputE2e, AStreamThatSaysNothingIsEnded) {
  HandWorker silent(*api_->workers);
  EXPECT_THAT(silent.AwaitEnd(), Fails(grpc::StatusCode::DEADLINE_EXCEEDED, HasSubstr("hello")));
}

TEST_F(BadInputE2e, ResultsThatAreNotTheWorkersOwnChangeNothing) {
  HandWorker worker(*api_->workers);
  worker.Write(HelloFor({"greet"}));
  const std::string id = api_->StartOrDie("greeting", "{}");
  const auto assignment = worker.TakeAssignment();
  ASSERT_TRUE(assignment.has_value());

  v1::TaskResult result;
  result.set_status(v1::TaskResult::STATUS_COMPLETED);
  result.set_task_id("0192f3a0-7c1e-7000-8000-0123456789ab.7");
  result.set_fence(1);
  worker.Write(result);
  auto receipt = worker.TakeReceipt(result.task_id());
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->outcome(), v1::ResultReceipt::OUTCOME_UNKNOWN_TASK);

  result.set_task_id(assignment->task_id());
  result.set_fence(assignment->fence() + 1'000);
  worker.Write(result);
  receipt = worker.TakeReceipt(assignment->task_id());
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->outcome(), v1::ResultReceipt::OUTCOME_INVALID);
  EXPECT_THAT(receipt->error(), HasSubstr("fence"));
  v1::Workflow workflow;
  ASSERT_TRUE(api_->Get(id, workflow).ok());
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_RUNNING);

  result.set_fence(assignment->fence());
  result.set_output(R"({"said":"hello"})");
  worker.Write(result);
  receipt = worker.TakeReceipt(assignment->task_id());
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->outcome(), v1::ResultReceipt::OUTCOME_RECORDED);
  EXPECT_EQ(api_->AwaitEnd(id).output(), R"({"said":"hello"})");
}

TEST_F(BadInputE2e, AResultThatCannotBeKeptIsToldApart) {
  HandWorker worker(*api_->workers);
  worker.Write(HelloFor({"greet"}));
  for (const std::string& output :
       {std::string("{not json"), "\"" + std::string(kTenMebibytes, 'a') + "\""}) {
    const std::string id = api_->StartOrDie("greeting", "{}");
    const auto assignment = worker.TakeAssignment();
    ASSERT_TRUE(assignment.has_value());
    v1::TaskResult result;
    result.set_task_id(assignment->task_id());
    result.set_fence(assignment->fence());
    result.set_status(v1::TaskResult::STATUS_COMPLETED);
    result.set_output(output);
    worker.Write(result);
    const auto receipt = worker.TakeReceipt(assignment->task_id());
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->outcome(), v1::ResultReceipt::OUTCOME_INVALID);
    EXPECT_THAT(receipt->error(), HasSubstr("output"));
    EXPECT_EQ(api_->AwaitEnd(id).status(), v1::WORKFLOW_STATUS_FAILED);
  }
}

TEST_F(BadInputE2e, AThousandSilentConnectionsDisturbNobody) {
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  std::vector<int> connections;
  for (int i = 0; i < kSilentConnections; ++i) {
    connections.push_back(Connect(engine_->grpc_port()));
    ASSERT_GE(connections.back(), 0) << i;
    connections.push_back(Connect(engine_->http_port()));
    ASSERT_GE(connections.back(), 0) << i;
  }
  ExpectThatAnOrderCompletes();
  const Api newcomer(engine_->address());
  v1::Workflow workflow;
  EXPECT_THAT(newcomer.Get("nonsense", workflow), IsInvalid("nonsense"));
  EXPECT_EQ(GetPage(engine_->http_port(), "/health").code, 200);
  for (const int fd : connections) close(fd);
}

}  // namespace
}  // namespace skald::testing
