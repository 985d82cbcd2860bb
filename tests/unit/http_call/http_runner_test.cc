// HttpRunner against servers that misbehave in every way, over real connections.
#include "engine/http_call/http_runner.h"

#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/mutex.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/unit/http_call/wire_server.h"

namespace skald::http_call {
namespace {

using core::Effect;
using core::TaskStatus;
using ports::RunnerResult;
using ::testing::HasSubstr;

HttpOptions Options(std::vector<std::string> deny = {}) {
  auto policy = base::EgressPolicy::Parse({.allow = {}, .deny = std::move(deny), .loopback = true});
  CHECK(policy.ok());
  HttpOptions options;
  options.egress = *policy;
  return options;
}

std::unique_ptr<HttpRunner> Runner(HttpOptions options = Options()) {
  auto runner = HttpRunner::Start(std::move(options));
  CHECK(runner.ok());
  return *std::move(runner);
}

ports::RunnerTask Task(const std::string& input, const std::string& id = "t.1") {
  ports::RunnerTask task;
  task.task_id = id;
  task.step_key = "key-1";
  task.task_type = "HTTP";
  task.input = core::Payload(input);
  return task;
}

std::string Input(const std::string& method, const std::string& uri, const std::string& more = "") {
  return fmt::format(R"({{"http_request":{{"method":"{}","uri":"{}"{}}}}})", method, uri, more);
}

std::future<RunnerResult> Begin(HttpRunner& runner, ports::RunnerTask task) {
  // Shared, because std::function copies what it holds.
  auto promise = std::make_shared<std::promise<RunnerResult>>();
  runner.Run(std::move(task),
             [promise](RunnerResult result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

RunnerResult Call(HttpRunner& runner, const std::string& input) {
  return Begin(runner, Task(input)).get();
}

// A port of this machine where nobody listens.
int ClosedPort() {
  boost::asio::io_context context;
  const boost::asio::ip::tcp::acceptor taken(context,
                                             {boost::asio::ip::make_address("127.0.0.1"), 0});
  return taken.local_endpoint().port();
}

TEST(HttpRunnerTest, ReplyBecomesOutput) {
  WireServer server(
      [](const WireRequest&) { return Reply(200, R"({"a":[1]})", "X-A: 1\r\nx-a: 2\r\n"); });
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, Input("GET", server.Url()));
  EXPECT_EQ(result.status, TaskStatus::kCompleted);
  EXPECT_EQ(result.effect, Effect::kApplied);
  EXPECT_EQ(result.output.text(),
            R"({"response":{"statusCode":200,"reasonPhrase":"Said","headers":)"
            R"({"Content-Length":["9"],"X-A":["1","2"]},"body":{"a":[1]}}})");
}

TEST(HttpRunnerTest, RequestCarriesWhatTheStepSays) {
  base::Mutex mutex;
  std::optional<WireRequest> seen;
  WireServer server([&](const WireRequest& request) {
    base::MutexLock lock(mutex);
    seen = request;
    return Reply(201, "");
  });
  const auto runner = Runner();
  ports::RunnerTask task = Task(
      Input("post", server.Url("/a?b=c"), R"(,"headers":{"X-L":["1","2"],"N":7},"body":{"x":1})"));
  task.traceparent = "00-1-2-01";
  task.tracestate = "s=1";
  const RunnerResult result = Begin(*runner, std::move(task)).get();
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  EXPECT_THAT(result.output.text(), HasSubstr(R"("body":null)"));
  base::MutexLock lock(mutex);
  EXPECT_EQ(seen->method_string(), "POST");
  EXPECT_EQ(seen->target(), "/a?b=c");
  EXPECT_EQ(seen->body(), R"({"x":1})");
  EXPECT_EQ((*seen)["Content-Type"], "application/json");
  EXPECT_EQ((*seen)["Accept"], "application/json");
  EXPECT_EQ((*seen)["Idempotency-Key"], "key-1");
  EXPECT_EQ((*seen)["traceparent"], "00-1-2-01");
  EXPECT_EQ((*seen)["tracestate"], "s=1");
  EXPECT_EQ((*seen)["N"], "7");
  EXPECT_EQ(seen->count("X-L"), 2U);
  EXPECT_EQ(seen->count("Expect"), 0U);
}

TEST(HttpRunnerTest, EveryStatusClassHasItsEffect) {
  struct Case {
    const char* method;
    int status;
    TaskStatus task;
    Effect effect;
  };
  const auto runner = Runner();
  for (const Case& c : std::vector<Case>{
           {"POST", 200, TaskStatus::kCompleted, Effect::kApplied},
           {"POST", 204, TaskStatus::kCompleted, Effect::kApplied},
           {"DELETE", 299, TaskStatus::kCompleted, Effect::kApplied},
           {"GET", 200, TaskStatus::kCompleted, Effect::kApplied},
           {"POST", 304, TaskStatus::kFailed, Effect::kUnknown},
           {"POST", 400, TaskStatus::kFailed, Effect::kNone},
           {"POST", 404, TaskStatus::kFailed, Effect::kNone},
           {"POST", 408, TaskStatus::kFailed, Effect::kNone},
           {"POST", 425, TaskStatus::kFailed, Effect::kNone},
           {"POST", 429, TaskStatus::kFailed, Effect::kNone},
           {"POST", 500, TaskStatus::kFailed, Effect::kUnknown},
           {"PUT", 503, TaskStatus::kFailed, Effect::kUnknown},
           {"GET", 500, TaskStatus::kFailed, Effect::kNone},
           {"HEAD", 503, TaskStatus::kFailed, Effect::kNone},
           {"OPTIONS", 404, TaskStatus::kFailed, Effect::kNone},
       }) {
    WireServer server([&c](const WireRequest& request) {
      const bool bodyless = c.status == 204 || c.status == 304 || request.method_string() == "HEAD";
      return bodyless ? WireReply{"HTTP/1.1 " + std::to_string(c.status) + " Said\r\n\r\n"}
                      : Reply(c.status, "text");
    });
    const RunnerResult result = Call(*runner, Input(c.method, server.Url()));
    EXPECT_EQ(result.status, c.task) << c.method << c.status << result.reason;
    EXPECT_EQ(result.effect, c.effect) << c.method << c.status << result.reason;
  }
}

TEST(HttpRunnerTest, RefusalIsWordedAsOnTheReference) {
  WireServer server([](const WireRequest&) { return Reply(404, R"({"e":1})"); });
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, Input("POST", server.Url()));
  EXPECT_EQ(result.reason, R"(Failed to invoke HTTP task due to: 404 Said: "{"e":1}")");
  EXPECT_EQ(result.output.text(), R"({"response":"404 Said: \"{\"e\":1}\""})");
}

TEST(HttpRunnerTest, AsyncCompleteLeavesTheTaskOpen) {
  WireServer server([](const WireRequest&) { return Reply(202, "7"); });
  const auto runner = Runner();
  ports::RunnerTask task = Task(Input("POST", server.Url()));
  task.settings = core::Payload(R"({"asyncComplete":true})");
  const RunnerResult result = Begin(*runner, std::move(task)).get();
  EXPECT_EQ(result.status, TaskStatus::kInProgress);
  EXPECT_EQ(result.effect, Effect::kApplied);
  EXPECT_THAT(result.output.text(), HasSubstr(R"("body":7.0)"));
}

TEST(HttpRunnerTest, BadInputSaysWhat) {
  const auto runner = Runner();
  EXPECT_THAT(Call(*runner, R"({"method":"GET"})").reason, HasSubstr("Missing HTTP URI. "));
  EXPECT_EQ(Call(*runner, R"({"uri":"http://x"})").reason, "No HTTP method specified");
  EXPECT_THAT(Call(*runner, R"({"http_request":[]})").reason, HasSubstr("expected an object"));
  EXPECT_THAT(Call(*runner, Input("GET", "file:///etc/passwd")).reason, HasSubstr("http or https"));
  EXPECT_THAT(Call(*runner, Input("GET", "http://[")).reason, HasSubstr("uri"));
  const RunnerResult relative = Call(*runner, Input("GET", "v_jobApiUrl/jobs"));
  EXPECT_THAT(relative.reason, HasSubstr("uri"));
  EXPECT_EQ(relative.status, TaskStatus::kFailed);
  EXPECT_EQ(relative.effect, Effect::kNone);
  const auto injected = Input("GET", "http://a", R"(,"headers":{"X":"a\r\nB: c"})");
  EXPECT_THAT(Call(*runner, injected).reason, HasSubstr("control characters"));
  const auto framed = Input("GET", "http://a", R"(,"headers":{"Transfer-Encoding":"chunked"})");
  EXPECT_THAT(Call(*runner, framed).reason, HasSubstr("cannot set it"));
}

TEST(HttpRunnerTest, NotConnectedDidNothing) {
  const auto runner = Runner();
  const RunnerResult refused =
      Call(*runner, Input("POST", fmt::format("http://127.0.0.1:{}/", ClosedPort())));
  EXPECT_EQ(refused.status, TaskStatus::kFailed);
  EXPECT_EQ(refused.effect, Effect::kNone);
  EXPECT_THAT(refused.reason, HasSubstr("Failed to invoke HTTP task due to: "));
  const RunnerResult unknown = Call(*runner, Input("POST", "http://no-such-name.invalid/"));
  EXPECT_EQ(unknown.status, TaskStatus::kFailed);
  EXPECT_EQ(unknown.effect, Effect::kNone);
}

TEST(HttpRunnerTest, PlainServerIsNoTlsServer) {
  WireServer server([](const WireRequest&) { return Reply(200, ""); });
  const auto runner = Runner();
  const RunnerResult result =
      Call(*runner, Input("POST", fmt::format("https://127.0.0.1:{}/", server.port())));
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.effect, Effect::kNone);
}

TEST(HttpRunnerTest, SilenceIsAReadTimeout) {
  WireServer server([](const WireRequest&) { return WireReply{.silent = true}; });
  const auto runner = Runner();
  const RunnerResult post = Call(*runner, Input("POST", server.Url(), R"(,"readTimeOut":500)"));
  EXPECT_EQ(post.status, TaskStatus::kFailed);
  EXPECT_EQ(post.effect, Effect::kUnknown);
  EXPECT_THAT(post.reason, HasSubstr("Read timed out"));
  const RunnerResult get = Call(*runner, Input("GET", server.Url(), R"(,"readTimeOut":"500")"));
  EXPECT_EQ(get.effect, Effect::kNone);
}

TEST(HttpRunnerTest, AttemptHasABound) {
  WireServer server([](const WireRequest&) { return WireReply{.silent = true}; });
  const auto runner = Runner();
  ports::RunnerTask task = Task(Input("POST", server.Url(), R"(,"readTimeOut":3600000)"));
  task.timeout_us = core::kSecondUs;  // enough to send a request on a busy machine
  const RunnerResult result = Begin(*runner, std::move(task)).get();
  EXPECT_EQ(result.effect, Effect::kUnknown);
  EXPECT_THAT(result.reason, HasSubstr("time is up"));
}

TEST(HttpRunnerTest, CutConnectionLeavesTheOutcomeOpen) {
  for (const char* bytes : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
                            "no HTTP at all\r\n\r\n"}) {
    WireServer server([bytes](const WireRequest&) { return WireReply{bytes, /*close=*/true}; });
    const auto runner = Runner();
    const RunnerResult result = Call(*runner, Input("POST", server.Url(), R"(,"body":"x")"));
    EXPECT_EQ(result.status, TaskStatus::kFailed) << bytes;
    EXPECT_EQ(result.effect, Effect::kUnknown) << bytes;
    EXPECT_EQ(server.requests(), 1) << bytes;
  }
}

// libcurl repeats a request on a fresh connection when a kept one turns out dead.
TEST(HttpRunnerTest, PostIsNotSentTwice) {
  for (const char* method : {"POST", "PATCH", "PUT", "GET"}) {
    WireServer server([first = true](const WireRequest&) mutable {
      return std::exchange(first, false) ? Reply(200, "1") : WireReply{"", /*close=*/true};
    });
    const auto runner = Runner();
    EXPECT_EQ(Call(*runner, Input("GET", server.Url())).status, TaskStatus::kCompleted);
    const RunnerResult result = Call(*runner, Input(method, server.Url()));
    const bool once = std::string(method).starts_with("P") && std::string(method) != "PUT";
    EXPECT_EQ(result.effect, std::string(method) == "GET" ? Effect::kNone : Effect::kUnknown);
    EXPECT_EQ(server.requests(), once ? 2 : 3) << method;
  }
}

TEST(HttpRunnerTest, ReplyIsBounded) {
  HttpOptions options = Options();
  options.response_bytes_max = 1'000;
  const auto runner = Runner(options);
  WireServer large([](const WireRequest&) { return Reply(200, std::string(1'001, 'x')); });
  const RunnerResult result = Call(*runner, Input("POST", large.Url()));
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.effect, Effect::kUnknown);
  EXPECT_THAT(result.reason,
              HasSubstr("http_response_bytes_max (1000; raised by --http-response-bytes-max)"));
  WireServer fits([](const WireRequest&) { return Reply(200, std::string(1'000, 'x')); });
  EXPECT_EQ(Call(*runner, Input("POST", fits.Url())).status, TaskStatus::kCompleted);
  WireServer headers([](const WireRequest&) {
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += "X: " + std::string(1'000, 'x') + "\r\n";
    return Reply(200, "", lines);
  });
  EXPECT_THAT(Call(*runner, Input("POST", headers.Url())).reason, HasSubstr("headers have more"));
}

TEST(HttpRunnerTest, RequestIsBounded) {
  HttpOptions options = Options();
  options.request_bytes_max = 10;
  const auto runner = Runner(options);
  const RunnerResult result = Call(*runner, Input("POST", "http://a", R"(,"body":"12345678901")"));
  EXPECT_EQ(result.effect, Effect::kNone);
  EXPECT_THAT(result.reason,
              HasSubstr("http_request_bytes_max (10; raised by --http-request-bytes-max)"));
}

TEST(HttpRunnerTest, RedirectIsFollowed) {
  base::Mutex mutex;
  std::vector<std::string> seen;
  WireServer server([&](const WireRequest& request) {
    base::MutexLock lock(mutex);
    seen.push_back(fmt::format("{} {} {} {}", std::string(request.method_string()),
                               std::string(request.target()), request.body(),
                               std::string(request["Authorization"])));
    if (request.target() == "/307") return Reply(307, "", "Location: /303\r\n");
    if (request.target() == "/303") return Reply(303, "", "Location: end?x=1\r\n");
    return Reply(200, "1");
  });
  const auto runner = Runner();
  const RunnerResult result =
      Call(*runner,
           Input("POST", server.Url("/307"), R"(,"body":"b","headers":{"Authorization":"me"})"));
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  base::MutexLock lock(mutex);
  EXPECT_THAT(seen, ::testing::ElementsAre("POST /307 b me", "POST /303 b me", "GET /end?x=1  me"));
}

TEST(HttpRunnerTest, CredentialsStayAtTheirOrigin) {
  std::promise<std::string> seen;
  WireServer other([&](const WireRequest& request) {
    seen.set_value(std::string(request["Authorization"]) + std::string(request["Cookie"]));
    return Reply(200, "");
  });
  WireServer server(
      [&](const WireRequest&) { return Reply(302, "", "Location: " + other.Url() + "\r\n"); });
  const auto runner = Runner();
  const auto input = Input("GET", server.Url(), R"(,"headers":{"Authorization":"a","Cookie":"c"})");
  EXPECT_EQ(Call(*runner, input).status, TaskStatus::kCompleted);
  EXPECT_EQ(seen.get_future().get(), "");
}

TEST(HttpRunnerTest, RedirectLoopEnds) {
  WireServer server([](const WireRequest&) { return Reply(307, "", "Location: /\r\n"); });
  const auto runner = Runner();
  const RunnerResult result = Call(*runner, Input("POST", server.Url()));
  EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(result.effect, Effect::kNone);
  EXPECT_THAT(result.reason, HasSubstr("more than 10 redirects"));
  EXPECT_EQ(server.requests(), 11);
}

TEST(HttpRunnerTest, RedirectToADeniedAddressIsRefused) {
  for (const char* target : {"http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/",
                             "http://2852039166/", "http://0.0.0.0/", "file:///etc/passwd"}) {
    WireServer server([target](const WireRequest& request) {
      return Reply(request.method_string() == "POST" ? 303 : 302, "",
                   std::string("Location: ") + target + "\r\n");
    });
    const auto runner = Runner();
    const RunnerResult get = Call(*runner, Input("GET", server.Url()));
    EXPECT_NE(get.status, TaskStatus::kCompleted) << target;
    EXPECT_EQ(get.effect, Effect::kNone) << target;
    // The POST was answered, and may have been carried out, before it led astray.
    const RunnerResult post = Call(*runner, Input("POST", server.Url()));
    EXPECT_NE(post.status, TaskStatus::kCompleted) << target;
    EXPECT_EQ(post.effect, Effect::kUnknown) << target;
  }
}

TEST(HttpRunnerTest, PolicyRefusesHostPortAndAddress) {
  WireServer server([](const WireRequest&) { return Reply(200, ""); });
  const std::string port = std::to_string(server.port());
  const auto by_port = Runner(Options({"*:" + port}));
  const RunnerResult refused = Call(*by_port, Input("POST", server.Url()));
  EXPECT_EQ(refused.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(refused.effect, Effect::kNone);
  EXPECT_THAT(refused.reason, HasSubstr("deny rule"));
  // The name is fine; what it resolves to is not.
  HttpOptions strict;
  const auto by_address = Runner(strict);
  const RunnerResult local = Call(*by_address, Input("POST", "http://localhost:" + port + "/"));
  EXPECT_EQ(local.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(local.effect, Effect::kNone);
  EXPECT_THAT(local.reason, HasSubstr("loopback address"));
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpRunnerTest, ConnectionsAreUsedAgain) {
  WireServer server([](const WireRequest&) { return Reply(200, ""); });
  const auto runner = Runner();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Call(*runner, Input("POST", server.Url())).status, TaskStatus::kCompleted);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpRunnerTest, ManyAtOnceKeepTheBoundOfTheHost) {
  HttpOptions options = Options();
  options.calls_per_host_max = 7;
  WireServer server([](const WireRequest&) { return Reply(200, "1"); });
  const auto runner = Runner(options);
  std::vector<std::future<RunnerResult>> results;
  for (int i = 0; i < 500; ++i) {
    results.push_back(Begin(*runner, Task(Input("POST", server.Url()), fmt::format("t.{}", i))));
  }
  for (auto& result : results) EXPECT_EQ(result.get().status, TaskStatus::kCompleted);
  EXPECT_EQ(server.requests(), 500);
  EXPECT_LE(server.connections(), 7);
}

TEST(HttpRunnerTest, CancelEndsTheCallInFlight) {
  WireServer server([](const WireRequest&) { return WireReply{.silent = true}; });
  const auto runner = Runner();
  auto sent = Begin(*runner, Task(Input("POST", server.Url(), R"(,"readTimeOut":3600000)")));
  ASSERT_TRUE(testing::Eventually([&] { return server.requests() == 1; }));
  runner->Cancel("t.1");
  runner->Cancel("t.unknown");
  const RunnerResult result = sent.get();
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_EQ(result.effect, Effect::kUnknown);
  EXPECT_THAT(result.reason, HasSubstr("canceled"));
}

TEST(HttpRunnerTest, CancelOfAWaitingCallDidNothing) {
  HttpOptions options = Options();
  options.calls_per_host_max = 1;
  WireServer server([](const WireRequest&) { return WireReply{.silent = true}; });
  const auto runner = Runner(options);
  const std::string input = Input("POST", server.Url(), R"(,"readTimeOut":3600000)");
  auto first = Begin(*runner, Task(input, "t.1"));
  auto second = Begin(*runner, Task(input, "t.2"));
  runner->Cancel("t.2");
  EXPECT_EQ(second.get().effect, Effect::kNone);
  ASSERT_TRUE(testing::Eventually([&] { return server.requests() == 1; }));
  runner->Cancel("t.1");
  EXPECT_EQ(first.get().effect, Effect::kUnknown);
}

TEST(HttpRunnerTest, DestructorEndsEveryCall) {
  HttpOptions options = Options();
  options.calls_per_host_max = 10;
  WireServer server([](const WireRequest&) { return WireReply{.silent = true}; });
  auto runner = Runner(options);
  std::vector<std::future<RunnerResult>> results;
  for (int i = 0; i < 50; ++i) {
    results.push_back(Begin(*runner, Task(Input("POST", server.Url(), R"(,"readTimeOut":3600000)"),
                                          fmt::format("t.{}", i))));
  }
  ASSERT_TRUE(testing::Eventually([&] { return server.requests() == 10; }));
  runner.reset();
  int unknown = 0;
  for (auto& result : results) {
    const RunnerResult ended = result.get();
    EXPECT_EQ(ended.status, TaskStatus::kFailed);
    unknown += ended.effect == Effect::kUnknown ? 1 : 0;
  }
  EXPECT_EQ(unknown, 10);
}

}  // namespace
}  // namespace skald::http_call
