// GrpcRunner against servers of every mood, over real connections.
#include "engine/grpc_call/grpc_runner.h"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "engine/base/check.h"
#include "engine/base/mutex.h"
#include "engine/grpc_call/grpc_outcome.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "google/rpc/error_model.pb.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/unit/grpc_call/echo_server.h"
#include "tests/unit/grpc_call/local_port.h"

namespace skald::grpc_call {
namespace {

// gRPC 1.51 may take ten seconds to shut down with its last user, which each test would be.
const bool kStaysUp = (grpc_init(), true);

using core::Effect;
using core::TaskStatus;
using ports::RunnerResult;
using ::testing::HasSubstr;

GrpcOptions Options(std::vector<std::string> deny = {}) {
  auto policy = base::EgressPolicy::Parse({.allow = {}, .deny = std::move(deny), .loopback = true});
  CHECK(policy.ok());
  GrpcOptions options;
  options.egress = *policy;
  return options;
}

std::unique_ptr<GrpcRunner> Runner(GrpcOptions options = Options()) {
  auto runner = GrpcRunner::Start(std::move(options));
  CHECK(runner.ok());
  return *std::move(runner);
}

std::string DescriptorSet() {
  google::protobuf::FileDescriptorSet set;
  *set.add_file() = ShopFile();
  *set.add_file() = MoneyFile();
  return absl::Base64Escape(set.SerializeAsString());
}

ports::RunnerTask Task(const std::string& target, const std::string& more = "",
                       const std::string& id = "t.1") {
  ports::RunnerTask task;
  task.task_id = id;
  task.step_key = "key-1";
  task.task_type = "GRPC";
  task.input = core::Payload(fmt::format(
      R"({{"grpc_request":{{"target":"{}","method":"test.v1.Shop/Buy"{}}}}})", target, more));
  return task;
}

std::future<RunnerResult> Begin(GrpcRunner& runner, ports::RunnerTask task) {
  // Shared, because std::function copies what it holds.
  auto promise = std::make_shared<std::promise<RunnerResult>>();
  runner.Run(std::move(task),
             [promise](RunnerResult result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

RunnerResult Call(GrpcRunner& runner, const std::string& target, const std::string& more = "") {
  return Begin(runner, Task(target, more)).get();
}

EchoServer::Options Answering(grpc::Status status) {
  return {.handler = [status](auto&, auto&) { return status; }};
}

EchoServer::Options Silent() {
  return {.handler = [](auto&, auto&) { return std::optional<grpc::Status>(); }};
}

TEST(GrpcRunnerTest, JsonGoesThereAndBack) {
  EchoServer server({});
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, server.target(),
                                   R"(,"request":{"orderId":"o","price":{"cents":"7"},)"
                                   R"("at":"2026-01-02T03:04:05Z","tags":["a"]})");
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  EXPECT_EQ(result.effect, Effect::kApplied);
  EXPECT_EQ(result.output.text(),
            R"({"response":{"orderId":"o","count":0,"price":{"cents":"7"},"tags":["a"],"big":"0",)"
            R"("at":"2026-01-02T03:04:05Z"},"status":"OK","trailers":{}})");
}

TEST(GrpcRunnerTest, TypesComeFromTheDescriptorSet) {
  EchoServer server({.reflection = false});
  const auto runner = Runner();
  ports::RunnerTask task = Task(server.target(), R"(,"request":{"count":3})");
  task.settings = core::Payload(fmt::format(R"({{"descriptorSet":"{}"}})", DescriptorSet()));
  const RunnerResult result = Begin(*runner, std::move(task)).get();
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  EXPECT_THAT(result.output.text(), HasSubstr(R"("count":3)"));
  const RunnerResult without = Call(*runner, server.target());
  EXPECT_EQ(without.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(without.effect, Effect::kNone);
  EXPECT_THAT(without.reason, HasSubstr("descriptorSet"));
}

TEST(GrpcRunnerTest, OlderReflectionWillDo) {
  EchoServer server({.old_reflection_only = true});
  const auto runner = Runner();
  EXPECT_EQ(Call(*runner, server.target()).status, TaskStatus::kCompleted);
  EXPECT_EQ(Call(*runner, server.target()).status, TaskStatus::kCompleted);
  EXPECT_EQ(server.inquiries(), 1);
}

TEST(GrpcRunnerTest, MetadataIsCarried) {
  base::Mutex mutex;
  std::multimap<std::string, std::string> seen;
  EchoServer server({.handler = [&](grpc::GenericCallbackServerContext& context, auto&) {
    base::MutexLock lock(mutex);
    for (const auto& [key, value] : context.client_metadata()) {
      seen.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    context.AddTrailingMetadata("spent", "3");
    context.AddTrailingMetadata("raw-bin", std::string("\0\1", 2));
    return grpc::Status::OK;
  }});
  const auto runner = Runner();
  ports::RunnerTask task =
      Task(server.target(), R"(,"metadata":{"X-A":["1","2"],"b-bin":"AAE=","n":5})");
  task.traceparent = "00-1-2-01";
  const RunnerResult result = Begin(*runner, std::move(task)).get();
  EXPECT_THAT(result.output.text(), HasSubstr(R"("trailers":{"raw-bin":["AAE="],"spent":["3"]})"));
  base::MutexLock lock(mutex);
  EXPECT_EQ(seen.count("x-a"), 2U);
  EXPECT_EQ(seen.find("b-bin")->second, std::string("\0\1", 2));
  EXPECT_EQ(seen.find("n")->second, "5");
  EXPECT_EQ(seen.find("idempotency-key")->second, "key-1");
  EXPECT_EQ(seen.find("traceparent")->second, "00-1-2-01");
}

TEST(GrpcRunnerTest, EveryCodeHasItsStatusAndEffect) {
  const auto runner = Runner();
  for (int code = 1; code <= 16; ++code) {
    EchoServer server(Answering({static_cast<grpc::StatusCode>(code), "because"}));
    const RunnerResult result = Call(*runner, server.target());
    const std::string name(CodeName(code));
    EXPECT_EQ(result.status, StatusOf(code)) << name;
    EXPECT_EQ(result.effect, EffectOf(code, {})) << name;
    EXPECT_EQ(result.output.text(),
              fmt::format(R"({{"status":"{}","message":"because","details":[]}})", name));
    EXPECT_EQ(result.reason, fmt::format("Failed to invoke GRPC task due to: {}: because", name));
    EXPECT_EQ(server.calls(), 1) << name;
  }
}

TEST(GrpcRunnerTest, SettingsMapCodes) {
  EchoServer server(Answering({grpc::StatusCode::ABORTED, ""}));
  const auto runner = Runner();
  ports::RunnerTask task = Task(server.target());
  task.settings = core::Payload(R"({"outcome":{"ABORTED":"NONE"}})");
  EXPECT_EQ(Begin(*runner, std::move(task)).get().effect, Effect::kNone);
}

TEST(GrpcRunnerTest, DetailsAreShown) {
  google::rpc::Status status;
  status.set_code(9);
  status.set_message("m");
  status.add_details()->PackFrom(MoneyFile());
  auto* money = status.add_details();
  money->set_type_url("type.googleapis.com/test.v1.Money");
  money->set_value(std::string("\x08\x07", 2));
  EchoServer server(
      Answering({grpc::StatusCode::FAILED_PRECONDITION, "m", status.SerializeAsString()}));
  const auto runner = Runner();
  const std::string output(Call(*runner, server.target()).output.text());
  EXPECT_THAT(output, HasSubstr(R"({"@type":"type.googleapis.com/test.v1.Money","cents":"7"})"));
  EXPECT_THAT(
      output,
      HasSubstr(R"({"@type":"type.googleapis.com/google.protobuf.FileDescriptorProto","value":")"));
}

TEST(GrpcRunnerTest, NotConnectedDidNothing) {
  const auto runner = Runner();
  const LocalPort closed;
  ports::RunnerTask task = Task(closed.target());
  task.settings = core::Payload(fmt::format(
      R"({{"descriptorSet":"{}","outcome":{{"UNAVAILABLE":"UNKNOWN"}}}})", DescriptorSet()));
  const RunnerResult refused = Begin(*runner, std::move(task)).get();
  EXPECT_EQ(refused.status, TaskStatus::kFailed);
  EXPECT_EQ(refused.effect, Effect::kNone) << refused.reason;
  EXPECT_THAT(refused.output.text(), HasSubstr(R"("status":"UNAVAILABLE")"));
  EXPECT_THAT(refused.reason, HasSubstr("Connection refused"));
  const RunnerResult by_reflection = Call(*runner, closed.target());
  EXPECT_EQ(by_reflection.status, TaskStatus::kFailed);
  EXPECT_EQ(by_reflection.effect, Effect::kNone);
  const RunnerResult unknown = Call(*runner, "no-such-name.invalid:1");
  EXPECT_EQ(unknown.status, TaskStatus::kFailed);
  EXPECT_EQ(unknown.effect, Effect::kNone);
  EXPECT_THAT(unknown.reason, HasSubstr("could not be resolved"));
}

TEST(GrpcRunnerTest, ServerThatGoesAwayLeavesTheOutcomeOpen) {
  EchoServer server(Silent());
  const auto runner = Runner();
  auto result = Begin(*runner, Task(server.target()));
  ASSERT_TRUE(testing::Eventually([&] { return server.calls() == 1; }));
  server.Stop();
  EXPECT_EQ(result.get().effect, Effect::kUnknown);
}

// A connection that is cut with the call on it, by a listener that speaks no gRPC.
TEST(GrpcRunnerTest, CutConnectionDidNothingBeforeItStood) {
  const LocalPort port(LocalPort::kClosesAtOnce);
  const auto runner = Runner();
  ports::RunnerTask task = Task(port.target());
  task.settings = core::Payload(fmt::format(R"({{"descriptorSet":"{}"}})", DescriptorSet()));
  const RunnerResult result = Begin(*runner, std::move(task)).get();
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.effect, Effect::kNone) << result.reason;
}

TEST(GrpcRunnerTest, DeadlineLeavesTheOutcomeOpen) {
  EchoServer server(Silent());
  const auto runner = Runner();
  // A deadline may pass before the connection stands, which is the other case.
  RunnerResult result;
  ASSERT_TRUE(testing::Eventually([&] {
    result = Call(*runner, server.target(), R"(,"deadlineMs":100)");
    return result.effect == Effect::kUnknown;
  }));
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_THAT(result.output.text(), HasSubstr("DEADLINE_EXCEEDED"));
}

TEST(GrpcRunnerTest, DeadlineBeforeTheCallDidNothing) {
  const LocalPort port(LocalPort::kSilent);
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, port.target(), R"(,"deadlineMs":20)");
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.effect, Effect::kNone);
  EXPECT_THAT(result.output.text(), HasSubstr("DEADLINE_EXCEEDED"));
}

TEST(GrpcRunnerTest, BadInputSaysWhat) {
  EchoServer server({});
  const auto runner = Runner();
  const auto reason = [&](const std::string& more) {
    const RunnerResult result = Call(*runner, server.target(), more);
    EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError) << more;
    EXPECT_EQ(result.effect, Effect::kNone) << more;
    return result.reason;
  };
  EXPECT_THAT(reason(R"(,"request":{"unknownField":1})"), HasSubstr("unknownField"));
  EXPECT_THAT(reason(R"(,"request":{"count":"x"})"), HasSubstr("test.v1.Order"));
  EXPECT_THAT(reason(R"(,"request":[])"), HasSubstr("expected an object"));
  EXPECT_THAT(reason(R"(,"deadlineMs":600001)"), HasSubstr("deadline_ms_max"));
  EXPECT_THAT(reason(R"(,"tls":"none")"), HasSubstr("no profile"));
  EXPECT_THAT(reason(R"(,"metadata":{"grpc-timeout":"1S"})"), HasSubstr("metadata"));
  EXPECT_THAT(reason(R"(,"method":"test.v1.Shop/Upload")"), HasSubstr("client streaming"));
  EXPECT_THAT(reason(R"(,"method":"test.v1.Shop/Watch")"), HasSubstr("server streaming"));
  EXPECT_THAT(reason(R"(,"method":"test.v1.Shop/Steal")"), HasSubstr("no method Steal"));
  EXPECT_THAT(reason(R"(,"method":"test.v1.Bank/Buy")"), HasSubstr("no such thing"));
  EXPECT_THAT(Call(*runner, "nowhere").reason, HasSubstr("host:port"));
  EXPECT_EQ(server.calls(), 0);
}

TEST(GrpcRunnerTest, PolicyIsAskedForTheAddress) {
  EchoServer server({});
  const auto strict = Runner(GrpcOptions{});
  for (const char* host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254"}) {
    const RunnerResult result = Call(*strict, fmt::format("{}:{}", host, server.port()));
    EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError) << host;
    EXPECT_EQ(result.effect, Effect::kNone) << host;
    EXPECT_THAT(result.reason, HasSubstr("egress policy")) << host;
  }
  const auto by_port = Runner(Options({fmt::format("*:{}", server.port())}));
  EXPECT_THAT(Call(*by_port, server.target()).reason, HasSubstr("deny rule"));
  EXPECT_EQ(server.inquiries(), 0);
}

TEST(GrpcRunnerTest, NamesAreResolved) {
  EchoServer server({});
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, fmt::format("dns:///localhost:{}", server.port()));
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
}

TEST(GrpcRunnerTest, ReplicasAreUsedInTurnWhileHealthy) {
  EchoServer first({});
  EchoServer second({});
  EchoServer ill({.healthy = false});
  const auto runner = Runner();
  ports::RunnerTask task = Task("x");
  task.input =
      core::Payload(fmt::format(R"({{"target":["{}","{}","{}"],"method":"test.v1.Shop/Buy"}})",
                                first.target(), second.target(), ill.target()));
  ASSERT_TRUE(testing::Eventually([&] {
    CHECK(Begin(*runner, task).get().status == TaskStatus::kCompleted);
    return first.calls() > 0 && second.calls() > 0;
  }));
  EXPECT_EQ(ill.calls(), 0);
}

TEST(GrpcRunnerTest, ReplyIsBounded) {
  EchoServer server({.handler = [](auto&, std::string& bytes) {
    bytes = FieldOf(1, std::string(2'000, 'x'));
    return grpc::Status::OK;
  }});
  GrpcOptions options = Options();
  options.response_bytes_max = 1'000;
  const auto runner = Runner(options);
  const RunnerResult result = Call(*runner, server.target());
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.effect, Effect::kApplied);
  EXPECT_THAT(result.reason,
              HasSubstr("grpc_response_bytes_max (1000; raised by --grpc-response-bytes-max)"));
}

TEST(GrpcRunnerTest, ReplyThatIsTooLargeToTakeIsNoRefusal) {
  EchoServer server({.handler = [](auto&, std::string& bytes) {
    bytes.assign(9 << 20, 'x');
    return grpc::Status::OK;
  }});
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, server.target());
  EXPECT_EQ(result.effect, Effect::kUnknown);
  EXPECT_THAT(result.output.text(), HasSubstr("RESOURCE_EXHAUSTED"));
}

TEST(GrpcRunnerTest, ReplyThatIsNoMessageWasDone) {
  EchoServer server({.handler = [](auto&, std::string& bytes) {
    bytes = "\xff\xff\xff";
    return grpc::Status::OK;
  }});
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, server.target());
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.effect, Effect::kApplied);
}

TEST(GrpcRunnerTest, RequestIsBounded) {
  EchoServer server({});
  GrpcOptions options = Options();
  options.request_bytes_max = 10;
  const auto runner = Runner(options);
  EXPECT_THAT(Call(*runner, server.target(), R"(,"request":{"orderId":"0123456789"})").reason,
              HasSubstr("grpc_request_bytes_max (10; raised by --grpc-request-bytes-max)"));
}

TEST(GrpcRunnerTest, ManyAtOnce) {
  EchoServer server({});
  const auto runner = Runner();
  std::vector<std::future<RunnerResult>> results;
  for (int i = 0; i < 500; ++i) {
    results.push_back(Begin(*runner, Task(server.target(), "", fmt::format("t.{}", i))));
  }
  for (auto& result : results) EXPECT_EQ(result.get().status, TaskStatus::kCompleted);
  EXPECT_EQ(server.calls(), 500);
  EXPECT_EQ(server.inquiries(), 1);
}

TEST(GrpcRunnerTest, ChannelsAreBounded) {
  EchoServer first({});
  EchoServer second({});
  GrpcOptions options = Options();
  options.channels_max = 1;
  const auto runner = Runner(options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Call(*runner, first.target()).status, TaskStatus::kCompleted);
    EXPECT_EQ(Call(*runner, second.target()).status, TaskStatus::kCompleted);
  }
}

TEST(GrpcRunnerTest, CancelEndsTheCallInFlight) {
  EchoServer server(Silent());
  const auto runner = Runner();
  auto result = Begin(*runner, Task(server.target()));
  ASSERT_TRUE(testing::Eventually([&] { return server.calls() == 1; }));
  runner->Cancel("t.unknown");
  runner->Cancel("t.1");
  const RunnerResult ended = result.get();
  EXPECT_EQ(ended.status, TaskStatus::kFailed);
  EXPECT_EQ(ended.effect, Effect::kUnknown);
}

TEST(GrpcRunnerTest, CancelBeforeTheCallDidNothing) {
  const LocalPort port(LocalPort::kSilent);
  const auto runner = Runner();
  auto result = Begin(*runner, Task(port.target()));
  runner->Cancel("t.1");
  EXPECT_EQ(result.get().effect, Effect::kNone);
}

TEST(GrpcRunnerTest, DestructorEndsEveryCall) {
  EchoServer server(Silent());
  const LocalPort port(LocalPort::kSilent);
  auto runner = Runner();
  std::vector<std::future<RunnerResult>> results;
  for (int i = 0; i < 20; ++i) {
    results.push_back(Begin(*runner, Task(i % 2 == 0 ? server.target() : port.target())));
  }
  ASSERT_TRUE(testing::Eventually([&] { return server.calls() == 10; }));
  runner.reset();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const RunnerResult ended = results[i].get();
    EXPECT_EQ(ended.status, TaskStatus::kFailed);
    EXPECT_EQ(ended.effect, i % 2 == 0 ? Effect::kUnknown : Effect::kNone);
  }
}

TEST(GrpcRunnerTest, ProfilesAreCheckedAtStart) {
  GrpcOptions twice = Options();
  twice.tls_profiles = {{.name = "a"}, {.name = "a"}};
  EXPECT_EQ(GrpcRunner::Start(twice).status().code(), absl::StatusCode::kInvalidArgument);
  GrpcOptions half = Options();
  half.tls_profiles = {{.name = "a", .cert_file = "c"}};
  EXPECT_EQ(GrpcRunner::Start(half).status().code(), absl::StatusCode::kInvalidArgument);
  GrpcOptions missing = Options();
  missing.tls_profiles = {{.name = "a", .ca_file = "/no/such/file"}};
  EXPECT_EQ(GrpcRunner::Start(missing).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace skald::grpc_call
