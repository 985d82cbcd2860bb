#include "engine/codec/pinned.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace skald::codec {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kWorkflow[] = R"( {"name":"order", "version":2, "team":"red", "tasks":[
    {"name":"charge","taskReferenceName":"c","compensateWith":"refund"},
    {"name":"charge","taskReferenceName":"d","compensateWith":null,
     "saga":{"kind":"READ_ONLY"}}]} )";

core::TaskDefinitionLookup Registered(std::map<std::string, std::string> tasks) {
  return [tasks = std::move(tasks)](const std::string& name) -> std::optional<std::string> {
    const auto found = tasks.find(name);
    return found == tasks.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(PinnedTest, CarriesTheTaskDefinitionsThatAreUsed) {
  const auto lookup = Registered({{"charge", R"({"name":"charge","retryCount":8})"},
                                  {"refund", R"({"name":"refund","responseTimeoutSeconds":5})"},
                                  {"other", R"({"name":"other"})"}});
  const auto pinned = PinDefinition(kWorkflow, lookup, {.name_space = "shop"});
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  EXPECT_THAT(pinned->body, Not(HasSubstr("other")));

  const auto decoded = DecodePinned(pinned->body, 77);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->id, 77);
  EXPECT_EQ(decoded->name_space, "shop");
  EXPECT_EQ(decoded->version, 2);
  EXPECT_EQ(decoded->steps[0].task.retry.retry_count, 8);
  EXPECT_EQ(decoded->steps[0].saga.undo->response_timeout_us, 5 * core::kSecondUs);
  EXPECT_EQ(decoded->source, pinned->definition.source);
  EXPECT_THAT(std::string(decoded->source.text()), HasSubstr(R"("team":"red")"));
}

TEST(PinnedTest, SameSourcesGiveTheSameBytes) {
  const auto lookup =
      Registered({{"refund", R"( {"name":"refund"} )"}, {"charge", R"({"name":"charge"})"}});
  const auto first = PinDefinition(kWorkflow, lookup, {});
  const auto second = PinDefinition(std::string("\n") + kWorkflow, lookup, {});
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->body, second->body);
  EXPECT_THAT(
      first->body,
      HasSubstr(R"("taskDefinitions":{"charge":{"name":"charge"},"refund":{"name":"refund"}})"));
}

TEST(PinnedTest, TheServersWordOnUnknownOutcomesIsPinnedWhereNobodyElseSaysSo) {
  constexpr char kSteps[] = R"({"name":"w","tasks":[
      {"name":"a","taskReferenceName":"a","compensateWith":"u"},
      {"name":"b","taskReferenceName":"b","compensateWith":"u","saga":{"unknown":"PARK"}},
      {"name":"p","taskReferenceName":"p","saga":{"kind":"PIVOT"}}]})";
  for (const auto policy : {core::UnknownPolicy::kCompensate, core::UnknownPolicy::kProbe}) {
    const auto pinned = PinDefinition(kSteps, Registered({}), {.unknown_default = policy});
    ASSERT_TRUE(pinned.ok()) << pinned.status();
    const auto decoded = DecodePinned(pinned->body, 1);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    const bool probe = policy == core::UnknownPolicy::kProbe;
    for (const core::Definition* form : {&pinned->definition, &*decoded}) {
      EXPECT_EQ(form->steps[0].saga.unknown, probe ? core::UnknownPolicy::kByBarrier : policy);
      EXPECT_EQ(form->steps[1].saga.unknown, core::UnknownPolicy::kPark);
      EXPECT_EQ(form->steps[2].saga.unknown, core::UnknownPolicy::kByBarrier);
    }
  }
  const auto plain = PinDefinition(kSteps, Registered({}), {});
  ASSERT_TRUE(plain.ok());
  EXPECT_THAT(plain->body, Not(HasSubstr("unknownDefault")));
  EXPECT_FALSE(DecodePinned(R"({"namespace":"n","workflow":{"name":"w","tasks":[{"name":"a",
      "taskReferenceName":"a"}]},"taskDefinitions":{},"unknownDefault":"GUESS"})",
                            1)
                   .ok());
}

TEST(PinnedTest, CarriesWhatIsKnownOfSubWorkflows) {
  const char* const kParent =
      R"({"name":"p","tasks":[
        {"name":"s","taskReferenceName":"s","type":"SUB_WORKFLOW",
         "subWorkflowParam":{"name":"ship"},"saga":{"kind":"READ_ONLY"}},
        {"name":"t","taskReferenceName":"t","type":"SUB_WORKFLOW",
         "subWorkflowParam":{"name":"pay","version":2}},
        {"name":"u","taskReferenceName":"u","type":"SUB_WORKFLOW","saga":{"kind":"RETRYABLE"},
         "subWorkflowParam":{"name":"mail","version":3}}]})";
  const auto children = [](const std::string& name, std::int32_t version) {
    return std::optional(
        core::ChildInfo{.version = version == 0 ? 5 : version, .has_pivot = name == "pay"});
  };
  const auto pinned =
      PinDefinition(kParent, Registered({}), {.children = children, .begins = true});
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  EXPECT_THAT(
      pinned->body,
      HasSubstr(R"("subWorkflows":{"pay/2":{"version":2,"pivot":true},"ship":{"version":5}})"));
  const auto decoded = DecodePinned(pinned->body, 1);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->steps[0].child.latest_version, 5);
  EXPECT_EQ(decoded->steps[1].saga.kind, core::StepKind::kPivot);
}

TEST(PinnedTest, MissingTaskDefinitionsStayMissing) {
  const auto pinned = PinDefinition(kWorkflow, Registered({}), {});
  ASSERT_TRUE(pinned.ok());
  const auto decoded = DecodePinned(pinned->body, 1);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->steps[0].task.retry.retry_count, 3);
}

TEST(PinnedTest, MistakesAreReported) {
  const auto pinned = PinDefinition(R"({"name":"x","tasks":[{}]})", nullptr, {});
  EXPECT_EQ(pinned.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(pinned.status().message()), HasSubstr("tasks[0].taskReferenceName"));
}

TEST(PinnedTest, TooLargeTogetherIsRefused) {
  std::string steps;
  std::map<std::string, std::string> tasks;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "t" + std::to_string(i);
    steps +=
        (i > 0 ? "," : "") + (R"({"name":")" + name) + R"(","taskReferenceName":")" + name + "\"}";
    tasks[name] = R"({"name":")" + name + R"(","note":")" + std::string(250'000, 'x') + "\"}";
  }
  const auto pinned =
      PinDefinition(R"({"name":"big","tasks":[)" + steps + "]}", Registered(tasks), {});
  EXPECT_EQ(pinned.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(PinnedTest, DamageIsAnError) {
  for (const char* body : {"", "[]", "{}", R"({"namespace":"a"})",
                           R"({"namespace":1,"workflow":{},"taskDefinitions":{}})",
                           R"({"namespace":"a","workflow":{},"taskDefinitions":{}})",
                           R"({"namespace":"a","workflow":7,"taskDefinitions":{}})"}) {
    EXPECT_EQ(DecodePinned(body, 1).status().code(), absl::StatusCode::kInvalidArgument) << body;
  }
}

}  // namespace
}  // namespace skald::codec
