#include "engine/codec/apart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/codec/events_json.h"
#include "engine/codec/state_json.h"

namespace skald::codec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

core::Payload Sized(std::size_t bytes) {
  return core::Payload("\"" + std::string(bytes - 2, 'x') + "\"");
}

std::vector<core::Event> Completed(const core::Payload& output) {
  return {{.seq = 7, .at = 5, .body = core::TaskCompleted{.task = 1, .output = output}}};
}

ports::Payloads Found(const Apart& encoded) {
  return {encoded.payloads.begin(), encoded.payloads.end()};
}

TEST(ApartTest, OnlyWhatIsBigStandsApart) {
  const Apart small = EncodeEventsApart(Completed(Sized(99)), 100);
  EXPECT_THAT(small.payloads, IsEmpty());
  EXPECT_EQ(small.text, EncodeEvents(Completed(Sized(99))));
  const Apart big = EncodeEventsApart(Completed(Sized(100)), 100);
  EXPECT_THAT(big.payloads, ElementsAre(Pair(PayloadName(Sized(100)), Sized(100))));
  EXPECT_THAT(big.text, HasSubstr(R"("output@":")" + PayloadName(Sized(100)) + "\""));
  EXPECT_THAT(big.text, Not(HasSubstr("xxx")));
  EXPECT_EQ(big.payload_bytes(), 100U);
}

TEST(ApartTest, EventsComeBackWithTheirPayloads) {
  const Apart encoded = EncodeEventsApart(Completed(Sized(100)), 100);
  EXPECT_THAT(NamedPayloads(encoded.text), ElementsAre(PayloadName(Sized(100))));
  const auto decoded = DecodeEvents(7, 5, encoded.text, Found(encoded));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(EncodeEvents(*decoded), EncodeEvents(Completed(Sized(100))));
}

TEST(ApartTest, StatesComeBackWithTheirPayloads) {
  core::State state;
  state.seq = 1;
  state.start.input = Sized(200);
  state.variables = Sized(10);
  const Apart encoded = EncodeStateApart(state, 100);
  EXPECT_THAT(encoded.payloads, ElementsAre(Pair(PayloadName(Sized(200)), Sized(200))));
  const auto decoded = DecodeState(core::Definition(), encoded.text, Found(encoded));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(EncodeState(*decoded), EncodeState(state));
}

TEST(ApartTest, APayloadThatIsGoneIsAnError) {
  const Apart encoded = EncodeEventsApart(Completed(Sized(100)), 100);
  const auto decoded = DecodeEvents(7, 5, encoded.text);
  EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("output"));
}

// What a user calls a member of a payload is no name of ours.
TEST(ApartTest, PayloadsAreNotLookedInto) {
  const std::string name = PayloadName(Sized(100));
  const core::Payload sly(R"({"output@":")" + name + "\"}");
  const std::string text = EncodeEvents(Completed(sly));
  EXPECT_THAT(NamedPayloads(text), ElementsAre(name)) << "it only looks like one";
  const auto decoded = DecodeEvents(7, 5, text, {{name, Sized(100)}});
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(std::get<core::TaskCompleted>(decoded->front().body).output == sly);
  EXPECT_THAT(NamedPayloads(R"({"a@":"0123","b":"@\":\""})"), IsEmpty());
}

TEST(ApartTest, NamesAreTheirDigests) {
  EXPECT_EQ(PayloadName(core::Payload("{}")),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

}  // namespace
}  // namespace skald::codec
