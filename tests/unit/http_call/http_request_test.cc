#include "engine/http_call/http_request.h"

#include <string>
#include <string_view>

#include "engine/http_call/http_reply.h"
#include "gtest/gtest.h"

namespace skald::http_call {
namespace {

HttpRequest Parse(const std::string& more) {
  ports::RunnerTask task;
  task.input = core::Payload(R"({"uri":"http://a","method":"POST",)" + more + "}");
  auto request = ParseRequest(task, 1'000);
  EXPECT_TRUE(request.ok()) << request.status();
  return *request;
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "(none)";
}

TEST(HttpRequestTest, BodyFollowsTheContentType) {
  EXPECT_EQ(Parse(R"("body":{"a":1})").body, R"({"a":1})");
  EXPECT_EQ(Parse(R"("body":[1,2])").body, "[1,2]");
  EXPECT_EQ(Parse(R"("body":"te\"xt","contentType":"text/plain")").body, "te\"xt");
  EXPECT_EQ(Parse(R"("body":"{}")").body, "{}");
  EXPECT_FALSE(Parse(R"("body":null)").has_body);
  const std::string form = R"("contentType":"application/x-www-form-urlencoded")";
  EXPECT_EQ(Parse(form + R"(,"body":{"a b":"c&d","l":[1,true],"n":null,"u":"é"})").body,
            "a+b=c%26d&l=1&l=true&n=&u=%C3%A9");
}

TEST(HttpRequestTest, HeadersGivenWinOverDefaults) {
  const HttpRequest plain = Parse(R"("body":1)");
  EXPECT_EQ(HeaderOf(plain, "Accept"), "application/json");
  EXPECT_EQ(HeaderOf(plain, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(plain, "Idempotency-Key"), "(none)");
  EXPECT_EQ(HeaderOf(Parse(R"("method":"GET")"), "Content-Type"), "application/json");
  const HttpRequest given = Parse(R"("headers":{"accept":"text/html","content-type":"a/b"},)"
                                  R"("accept":["x/y"],"contentType":"c/d")");
  EXPECT_EQ(HeaderOf(given, "accept"), "text/html");
  EXPECT_EQ(HeaderOf(given, "Accept"), "(none)");
  EXPECT_EQ(HeaderOf(given, "content-type"), "a/b");
  EXPECT_EQ(HeaderOf(Parse(R"("accept":["a/b","c/d"])"), "Accept"), "a/b, c/d");
}

TEST(HttpRequestTest, TimeoutsHaveADefault) {
  EXPECT_EQ(Parse(R"("readTimeOut":null)").read_timeout_ms, 3'000);
  EXPECT_EQ(Parse(R"("readTimeOut":-1)").read_timeout_ms, 3'000);
  EXPECT_EQ(Parse(R"("readTimeOut":"x")").read_timeout_ms, 3'000);
  EXPECT_EQ(Parse(R"("connectionTimeOut":"5")").connect_timeout_ms, 5);
}

TEST(HttpReplyTest, BodyIsTypedAsOnTheReference) {
  EXPECT_EQ(BodyValue(""), "null");
  EXPECT_EQ(BodyValue(R"( {"a":1} )"), R"({"a":1})");
  EXPECT_EQ(BodyValue("[1]"), "[1]");
  EXPECT_EQ(BodyValue("5"), "5.0");
  EXPECT_EQ(BodyValue("1.5"), "1.5");
  EXPECT_EQ(BodyValue("1e999"), R"("1e999")");
  EXPECT_EQ(BodyValue("true"), R"("true")");
  EXPECT_EQ(BodyValue("null"), R"("null")");
  EXPECT_EQ(BodyValue(R"("text")"), R"("text")");
  EXPECT_EQ(BodyValue("{broken"), R"("{broken")");
  EXPECT_EQ(BodyValue("\xff"), "\"\uFFFD\"");
}

}  // namespace
}  // namespace skald::http_call
