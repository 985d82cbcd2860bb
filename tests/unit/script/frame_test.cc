#include "engine/script/frame.h"

#include <string>

#include "engine/script/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace skald::script {
namespace {

using ::testing::HasSubstr;

std::string Body(std::string frame) { return frame.substr(4); }

TEST(FrameTest, RequestComesBackAsItWas) {
  const std::string input = "{\"a\":\"\xC3\xA9\"}";
  const std::string frame = EncodeRequest({.id = 0x0102030405060708,
                                           .language = Language::kJq,
                                           .time_ms = 4'000,
                                           .output_bytes_max = 77,
                                           .source = std::string_view("a\0b", 3),
                                           .input = input});
  const std::string body = Body(frame);
  const auto request = DecodeRequest(body);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->id, 0x0102030405060708U);
  EXPECT_EQ(request->language, Language::kJq);
  EXPECT_EQ(request->time_ms, 4'000U);
  EXPECT_EQ(request->output_bytes_max, 77U);
  EXPECT_EQ(request->source, std::string_view("a\0b", 3));
  EXPECT_EQ(request->input, input);
}

TEST(FrameTest, ReplyComesBackAsItWas) {
  const auto reply = DecodeReply(Body(EncodeReply(
      {.id = 9, .verdict = {.outcome = Outcome::kScriptError, .text = "boom"}, .last = true})));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->id, 9U);
  EXPECT_EQ(reply->verdict.outcome, Outcome::kScriptError);
  EXPECT_EQ(reply->verdict.text, "boom");
  EXPECT_TRUE(reply->last);
}

TEST(FrameTest, EveryCutReplyIsRefused) {
  const std::string body =
      Body(EncodeReply({.id = 9, .verdict = {.outcome = Outcome::kValue, .text = "12345"}}));
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(DecodeReply(std::string_view(body).substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(DecodeReply(body + "x").ok());
}

TEST(FrameTest, ReplyThatOnlyTheEngineMayGiveIsRefused) {
  std::string body = Body(EncodeReply({.verdict = {.outcome = Outcome::kHostCrashed}}));
  EXPECT_FALSE(DecodeReply(body).ok());
  body = Body(EncodeReply({.verdict = {.outcome = Outcome::kReady}}));
  body[9] = 2;  // neither last nor not
  EXPECT_FALSE(DecodeReply(body).ok());
}

TEST(FrameTest, UnknownLanguageIsRefused) {
  std::string body = Body(EncodeRequest({.source = "1", .input = "{}"}));
  body[8] = 2;
  EXPECT_FALSE(DecodeRequest(body).ok());
}

TEST(FrameDecoderTest, FramesComeOutHoweverTheyCameIn) {
  const std::string stream = EncodeReply({.id = 1, .verdict = {.text = "first"}}) +
                             EncodeReply({.id = 2, .verdict = {.text = ""}}) +
                             EncodeReply({.id = 3, .verdict = {.text = "third"}});
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{7}, stream.size()}) {
    FrameDecoder decoder;
    std::uint64_t expected = 1;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      decoder.Append(std::string_view(stream).substr(at, step));
      for (;;) {
        const auto body = decoder.Next();
        ASSERT_TRUE(body.ok());
        if (!body->has_value()) break;
        const auto reply = DecodeReply(**body);
        ASSERT_TRUE(reply.ok());
        EXPECT_EQ(reply->id, expected++);
      }
    }
    EXPECT_EQ(expected, 4U) << "in steps of " << step;
  }
}

TEST(FrameDecoderTest, FrameBeyondTheBoundIsRefusedByItsLength) {
  FrameDecoder decoder;
  decoder.Append("\xFF\xFF\xFF\x7F");
  const auto body = decoder.Next();
  ASSERT_FALSE(body.ok());
  EXPECT_THAT(std::string(body.status().message()), HasSubstr("2147483647 bytes"));
}

}  // namespace
}  // namespace skald::script
