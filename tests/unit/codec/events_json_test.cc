#include "engine/codec/events_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/core/json_check.h"
#include "tests/unit/codec/random_values.h"
#include <boost/json.hpp>

namespace skald::codec {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

bool SameEvent(const core::Event& a, const core::Event& b) {
  if (a.seq != b.seq || a.at != b.at || a.body.index() != b.body.index()) return false;
  return std::visit(
      [&](const auto& body) {
        return SameFields(body, std::get<std::decay_t<decltype(body)>>(b.body));
      },
      a.body);
}

TEST(EventsJsonTest, EveryKindComesBackAsItWas) {
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 200; ++round) {
    std::vector<core::Event> events;
    for (std::size_t kind = 0; kind < std::variant_size_v<core::EventBody>; ++kind) {
      const auto at = static_cast<core::TimeUs>(1'700'000'000'000'000 + random() % 3);
      events.push_back({.seq = 40 + kind, .at = at, .body = RandomBody(kind, random)});
    }
    const std::string text = EncodeEvents(events);
    ASSERT_TRUE(core::CheckJson(text).ok()) << text;
    const auto decoded = DecodeEvents(40, events.front().at, text);
    ASSERT_TRUE(decoded.ok()) << decoded.status() << text;
    ASSERT_THAT(*decoded, SizeIs(events.size()));
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_TRUE(SameEvent(events[i], (*decoded)[i])) << EventJson(events[i]);
    }
    EXPECT_EQ(EncodeEvents(*decoded), text);
  }
}

// A field that is added to an event and not to event_fields.h would be lost in the store.
template <std::size_t kIndex = 0>
void ExpectAllFieldsVisited() {
  if constexpr (kIndex < std::variant_size_v<core::EventBody>) {
    using Body = std::variant_alternative_t<kIndex, core::EventBody>;
    std::mt19937_64 random(1);
    RandomFields fields(random);
    Body body;
    VisitFields(fields, body);
    // What StepsAdded carries compiled follows from its text, a definition from its id.
    constexpr bool compiled = std::is_same_v<Body, core::StepsAdded> ||
                              std::is_same_v<Body, core::WorkflowReopened> ||
                              std::is_same_v<Body, core::WorkflowUpgraded>;
    constexpr std::size_t derived = compiled ? 1 : 0;
    EXPECT_EQ(fields.count() + derived, boost::pfr::tuple_size_v<Body>)
        << core::Name(core::EventBody(std::in_place_index<kIndex>));
    ExpectAllFieldsVisited<kIndex + 1>();
  }
}
TEST(EventsJsonTest, EveryFieldIsStored) { ExpectAllFieldsVisited(); }

// The format is an interface: this text changes only by additions.
TEST(EventsJsonTest, TextIsAsSpecified) {
  const core::TimeUs at = 1'700'000'000'000'000;
  const std::vector<core::Event> events = {
      {1, at,
       core::WorkflowStarted{.name_space = "default",
                             .name = "order",
                             .version = 3,
                             .definition_id = 9,
                             .input = core::Payload("{\"a\": 1}"),
                             .idempotency_key = "k"}},
      {2, at,
       core::TaskScheduled{.task = 1,
                           .run = 1,
                           .step = 0,
                           .task_type = "charge_card",
                           .reference = "charge",
                           .input = core::Payload("{}"),
                           .after = {}}},
      {3, at + 5, core::TaskStarted{.task = 1, .worker = "w-1", .barrier = true}},
      {4, at, core::TaskFailed{.task = 1, .reason = "no \"funds\"", .effect = core::Effect::kNone}},
      {5, at,
       core::WorkflowEnded{.status = core::WorkflowStatus::kFailed,
                           .saga_status = core::SagaStatus::kAbandoned,
                           .unresolved = {1, 3}}},
  };
  EXPECT_EQ(
      EncodeEvents(events),
      R"([{"type":"WorkflowStarted","namespace":"default","name":"order","version":3,)"
      R"("definition":9,"input":{"a": 1},"idempotency_key":"k"},)"
      R"({"type":"TaskScheduled","task":1,"run":1,"step":0,"task_type":"charge_card",)"
      R"("ref":"charge","input":{}},)"
      R"({"type":"TaskStarted","at":1700000000000005,"task":1,"worker":"w-1","barrier":true},)"
      R"({"type":"TaskFailed","task":1,"reason":"no \"funds\"","effect":"NONE"},)"
      R"({"type":"WorkflowEnded","status":"FAILED","saga":"ABANDONED","unresolved":[1,3]}])");
  EXPECT_EQ(EventJson(events[2]),
            R"({"seq":3,"at":1700000000000005,"type":"TaskStarted","task":1,"worker":"w-1",)"
            R"("barrier":true})");
  EXPECT_EQ(EncodeEvents({}), "[]");
}

TEST(EventsJsonTest, PayloadsAreMaskedForPeople) {
  const core::Event event{
      .seq = 1,
      .at = 5,
      .body = core::TaskFailed{.task = 1,
                               .reason = "pin",
                               .output = core::Payload(R"({"pin": 1, "reason": {"pin": 2}})")}};
  EXPECT_EQ(EventJson(event, core::MaskedFields({"pin", "task"})),
            R"({"seq":1,"at":5,"type":"TaskFailed","task":1,"reason":"pin","effect":"NONE",)"
            R"("output":{"pin":"***","reason":{"pin":"***"}}})");
}

// What people and other programs read it with.
TEST(EventsJsonTest, OtherReadersTakeIt) {
  std::mt19937_64 random(7);
  for (std::size_t kind = 0; kind < std::variant_size_v<core::EventBody>; ++kind) {
    const core::Event event{.seq = 1, .at = 5, .body = RandomBody(kind, random)};
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(EventJson(event), error);
    ASSERT_FALSE(error) << EventJson(event);
    EXPECT_EQ(std::string_view(value.at("type").as_string()), core::Name(event.body));
  }
}

TEST(EventsJsonTest, PayloadsKeepEveryByte) {
  const std::string odd = "{ \"b\" : 1.50e+3 ,\t\"a\":\"\\u00e9\\/\", \"a\": [ ] }";
  const std::vector<core::Event> events = {{1, 0, core::VariablesSet{core::Payload(odd)}}};
  const auto decoded = DecodeEvents(1, 0, EncodeEvents(events));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<core::VariablesSet>((*decoded)[0].body).variables.text(), odd);
}

TEST(EventsJsonTest, LaterFieldsArePassedOver) {
  const auto decoded = DecodeEvents(
      8, 3, R"( [ {"mood":{"deep":[1]}, "type" : "PivotPassed" , "run" : 4 , "seq":99} ] )");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ((*decoded)[0].seq, 8u);
  EXPECT_EQ((*decoded)[0].at, 3);
  EXPECT_EQ(std::get<core::PivotPassed>((*decoded)[0].body).run, 4u);
}

TEST(EventsJsonTest, DamagedRowsAreErrorsThatSayWhere) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "unexpected end"},
      {"[{]", "unexpected character"},
      {"{}", "not a list"},
      {"[1]", "stored event 5: not an object"},
      {"[{}]", "unknown event type ''"},
      {R"([{"type":"PivotPassed"},{"type":"PivotLost"}])",
       "stored event 6: unknown event type 'PivotLost'"},
      {R"([{"type":7}])", "field type: '7' does not fit"},
      {R"([{"type":"TaskReleased","task":-1}])", "field task: '-1' does not fit"},
      {R"([{"type":"TaskReleased","task":4294967296}])", "field task"},
      {R"([{"type":"TaskReleased","task":1.5}])", "field task"},
      {R"([{"type":"TaskStarted","barrier":1}])", "field barrier"},
      {R"([{"type":"TaskStarted","worker":1}])", "field worker"},
      {R"([{"type":"TaskFailed","effect":"MAYBE"}])", "field effect: '\"MAYBE\"' does not fit"},
      {R"([{"type":"TaskScheduled","after":{}}])", "field after"},
      {R"([{"type":"TaskScheduled","after":["x"]}])", "field after"},
      {R"([{"type":"TaskReleased","at":"now"}])", "field at"},
  };
  for (const auto& [text, message] : cases) {
    const auto decoded = DecodeEvents(5, 0, text);
    ASSERT_FALSE(decoded.ok()) << text;
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace skald::codec
