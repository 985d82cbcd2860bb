#include "engine/core/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/core/json_check.h"

namespace skald::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// `workflow.input` alone.
class InputScope : public Scope {
 public:
  explicit InputScope(std::string input) : input_(std::move(input)) {}
  std::size_t Resolve(const std::vector<std::string>& path, std::string&,
                      std::string_view& json) const override {
    if (path.size() < 2 || path[1] != "input") return 0;
    json = input_;
    return 2;
  }

 private:
  std::string input_;
};

std::optional<std::string> Lookup(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> secrets = {
      {"key", "s3\"cret"}, {"db", R"({"user":"u","port":5432})"}, {"other", "not yours"}};
  const auto found = secrets.find(name);
  return found == secrets.end() ? std::nullopt : std::optional(found->second);
}

struct Outcome {
  std::string stored;
  Substituted sent;
  std::string text() const { return std::string(sent.payload.text()); }
};

Outcome HandOver(const std::string& json, const std::string& input = "{}") {
  const auto compiled = Template::Compile(json, "");
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  if (!compiled.ok()) return {};
  Outcome outcome{compiled->Evaluate(InputScope(input)), {}};
  outcome.sent = SubstituteSecrets(Payload(outcome.stored), *compiled, "", Lookup);
  EXPECT_TRUE(CheckJson(outcome.text()).ok()) << outcome.text();
  return outcome;
}

// conductor.md 3.13: stored as the literal expression, substituted at hand-over.
TEST(SecretsTest, GenuineReferencesAreSubstituted) {
  const Outcome outcome = HandOver(
      R"({"a":"${workflow.secrets.key}","b":["x",{"c":"Bearer ${workflow.secrets.key}!"}],"d":1})");
  EXPECT_EQ(outcome.stored,
            R"({"a":"${workflow.secrets.key}","b":["x",{"c":"Bearer ${workflow.secrets.key}!"}],)"
            R"("d":1})");
  EXPECT_EQ(outcome.text(), R"({"a":"s3\"cret","b":["x",{"c":"Bearer s3\"cret!"}],"d":1})");
  EXPECT_THAT(outcome.sent.missing, IsEmpty());
}

TEST(SecretsTest, PathsReadIntoASecret) {
  EXPECT_EQ(HandOver(R"({"p":"${workflow.secrets.db.port}"})").text(), R"({"p":5432})");
  EXPECT_EQ(HandOver(R"({"p":"${workflow.secrets.db.user}@${workflow.secrets.db.port}"})").text(),
            R"({"p":"u@5432"})");
}

TEST(SecretsTest, WhatIsMissingIsNullOrNothing) {
  const Outcome outcome =
      HandOver(R"({"a":"${workflow.secrets.gone}","b":"<${workflow.secrets.gone}>",)"
               R"("c":"${workflow.secrets.key.x}"})");
  EXPECT_EQ(outcome.text(), R"({"a":null,"b":"<>","c":null})");
  EXPECT_THAT(outcome.sent.missing,
              ElementsAre("${workflow.secrets.gone}", "${workflow.secrets.gone}",
                          "${workflow.secrets.key.x}"));
}

TEST(SecretsTest, DataThatLooksLikeAReferenceIsData) {
  const std::string evil = R"({"x":"${workflow.secrets.other}","half":"${workflow.sec"})";
  const Outcome whole = HandOver(
      R"({"a":"${workflow.input.x}","b":"${workflow.input}","c":"${workflow.secrets.key}"})", evil);
  EXPECT_EQ(whole.text(),
            R"({"a":"${workflow.secrets.other}","b":)" + evil + R"(,"c":"s3\"cret"})");
  EXPECT_EQ(HandOver(R"({"a":"$${workflow.secrets.key}"})").text(),
            R"({"a":"${workflow.secrets.key}"})");
  EXPECT_EQ(HandOver(R"({"a":"${workflow.input.half}rets.other}"})", evil).text(),
            R"({"a":"${workflow.secrets.other}"})");
}

// In a string with a genuine reference, one more that a value brought along holds all of it back.
TEST(SecretsTest, StringsThatAreNotAsTheTemplateMadeThemAreLeft) {
  const std::string evil = R"({"x":"${workflow.secrets.other}","y":"${workflow.secrets.key}"})";
  for (const char* text : {"${workflow.secrets.key} ${workflow.input.x}",
                           "${workflow.input.x} ${workflow.secrets.key}",
                           "${workflow.secrets.key} ${workflow.input.y}",
                           "${workflow.input.y}${workflow.secrets.key}"}) {
    const Outcome outcome = HandOver(std::string("{\"a\":[\"") + text + "\"]}", evil);
    EXPECT_EQ(outcome.text(), outcome.stored) << text;
    EXPECT_THAT(outcome.sent.withheld, ElementsAre("a[0]")) << text;
  }
  EXPECT_EQ(HandOver(R"({"a":"$${workflow.secrets.key}=${workflow.secrets.key}"})").text(),
            R"({"a":"${workflow.secrets.key}=s3\"cret"})");
  EXPECT_EQ(HandOver(R"({"a":"${workflow.secrets.key}=$${workflow.secrets.key}"})").text(),
            R"({"a":"s3\"cret=${workflow.secrets.key}"})");
}

// An undo's input is made in two goes; the references go through both.
TEST(SecretsTest, ReferencesSurviveAnEvaluationInTwoGoes) {
  const auto compiled = Template::Compile(
      R"({"k":"${workflow.secrets.key}","r":"${saga.reason}: ${workflow.secrets.key}",)"
      R"("x":"${workflow.input.x}"})",
      "");
  const InputScope scope(R"({"x":"${workflow.secrets.other}"})");
  const auto rest = Template::Compile(compiled->EvaluateExcept("saga", scope), "");
  ASSERT_TRUE(rest.ok()) << rest.status();
  const Payload stored(rest->Evaluate(scope));
  EXPECT_EQ(SubstituteSecrets(stored, *compiled, "", Lookup).payload.text(),
            R"({"k":"s3\"cret","r":"null: s3\"cret","x":"${workflow.secrets.other}"})");
}

// The default input of an undo holds the action's input as its member "input".
TEST(SecretsTest, TheValueMayStandBelow) {
  const auto compiled = Template::Compile(R"({"k":"${workflow.secrets.key}"})", "");
  const Payload stored(
      R"({"k":"${workflow.secrets.key}","input":{"k":"${workflow.secrets.key}"},"outcome":"x"})");
  EXPECT_EQ(SubstituteSecrets(stored, *compiled, "input", Lookup).payload.text(),
            R"({"k":"${workflow.secrets.key}","input":{"k":"s3\"cret"},"outcome":"x"})");
  EXPECT_EQ(SubstituteSecrets(Payload("{}"), *compiled, "input", Lookup).payload.text(), "{}");
  EXPECT_TRUE(SubstituteSecrets(Payload(), *compiled, "", Lookup).payload.empty());
}

TEST(SecretsTest, WhatWasPutInIsKnown) {
  EXPECT_THAT(
      HandOver(R"({"a":"${workflow.secrets.key}","b":"x ${workflow.secrets.other}"})").sent.values,
      ElementsAre("s3\"cret", "not yours"));
  // Too short to be looked for; a number is no text.
  EXPECT_THAT(
      HandOver(R"({"a":"${workflow.secrets.db.user}${workflow.secrets.db.port}"})").sent.values,
      IsEmpty());
}

TEST(SecretsTest, ValuesAreHiddenInResults) {
  const std::vector<std::string> values = {"s3\"cret", "s3\"cret-2"};
  EXPECT_EQ(HideSecrets(R"(401 for s3"cret-2, then s3"cret)", values), "401 for ***, then ***");
  EXPECT_EQ(HideSecrets("s3cret", values), "s3cret");
  const Payload echo(
      R"({ "a" : "Bearer s3\"cret!", "b":["s3\u0022cret", {"s3\"cret":1}], "c":2 })");
  EXPECT_EQ(HideSecrets(echo, values).text(),
            R"({ "a" : "Bearer ***!", "b":["***", {"***":1}], "c":2 })");
  const Payload other(R"({"a":"\\","b":"\"s3\""})");
  EXPECT_EQ(HideSecrets(other, values).text().data(), other.text().data());
  EXPECT_TRUE(HideSecrets(Payload(), values).empty());
}

}  // namespace
}  // namespace skald::core
