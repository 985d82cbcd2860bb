#include "engine/core/template.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"

namespace skald::core {
namespace {

using Documents = std::map<std::string, std::string>;

// Documents by "root.second"; everything else is missing.
class MapScope : public Scope {
 public:
  explicit MapScope(Documents documents) : documents_(std::move(documents)) {}

  std::size_t Resolve(const std::vector<std::string>& path, std::string& scratch,
                      std::string_view& json) const override {
    if (path.size() < 2) return 0;
    const auto found = documents_.find(path[0] + "." + path[1]);
    if (found == documents_.end()) return 0;
    scratch = found->second;
    json = scratch;
    return 2;
  }

 private:
  Documents documents_;
};

const MapScope& Orders() {
  static const MapScope scope(Documents{
      {"workflow.input",
       R"({"id":"o-1","cents":1250,"lines":[{"sku":"a"},{"sku":"b"}],"a b":true,"none":null,)"
       R"("deep":{"x.y":{"z":[1,[2,3]]}},"text":"say \"hi\"\n","é":"ü","0":"zero"})"},
      {"charge.output", R"( {"paymentId" : "p-9"} )"},
      {"list.output", "[1,2,3]"},
  });
  return scope;
}

std::string Evaluate(std::string_view json) {
  const auto compiled = Template::Compile(json, "");
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  if (!compiled.ok()) return "";
  std::string result = compiled->Evaluate(Orders());
  EXPECT_TRUE(CheckJson(result).ok()) << result;
  return result;
}

// conductor.md 3.13: a string that is exactly one expression keeps the JSON type.
TEST(TemplateTest, WholeValueKeepsItsType) {
  EXPECT_EQ(Evaluate(R"({"a":"${workflow.input.cents}"})"), R"({"a":1250})");
  EXPECT_EQ(Evaluate(R"("${workflow.input.id}")"), R"("o-1")");
  EXPECT_EQ(Evaluate(R"(["${workflow.input.lines}"])"), R"([[{"sku":"a"},{"sku":"b"}]])");
  EXPECT_EQ(Evaluate(R"("${ workflow.input.cents }")"), "1250");
  EXPECT_EQ(Evaluate(R"("${charge.output}")"), R"({"paymentId" : "p-9"})");
}

// 〃: embedded expressions are converted to text; maps and lists as JSON.
TEST(TemplateTest, InStringUseBecomesText) {
  EXPECT_EQ(Evaluate(R"("order ${workflow.input.id}: ${workflow.input.cents} c")"),
            R"("order o-1: 1250 c")");
  EXPECT_EQ(Evaluate(R"("<${workflow.input.text}>")"), R"("<say \"hi\"\n>")");
  EXPECT_EQ(Evaluate(R"("<${workflow.input.lines[0]}>")"), R"("<{\"sku\":\"a\"}>")");
  EXPECT_EQ(Evaluate(R"("${workflow.input.id}${workflow.input.id}")"), R"("o-1o-1")");
  EXPECT_EQ(Evaluate(R"("x${workflow.input['a b']}")"), R"("xtrue")");
}

// 〃: missing path → null, never an error.
TEST(TemplateTest, MissingIsNull) {
  EXPECT_EQ(Evaluate(R"({"a":"${workflow.input.nothing}","b":"${gone.output.x}"})"),
            R"({"a":null,"b":null})");
  EXPECT_EQ(Evaluate(R"("is ${workflow.input.nothing}")"), R"("is null")");
  EXPECT_EQ(Evaluate(R"("${workflow.input.cents.deeper}")"), "null");
  EXPECT_EQ(Evaluate(R"("${workflow.input.lines[7].sku}")"), "null");
  EXPECT_EQ(Evaluate(R"("${workflow.input.none}")"), "null");
  EXPECT_EQ(Evaluate(R"("${workflow}")"), "null");
}

TEST(TemplateTest, PathsReachIntoMapsAndLists) {
  EXPECT_EQ(Evaluate(R"("${workflow.input.lines[1].sku}")"), R"("b")");
  EXPECT_EQ(Evaluate(R"("${workflow.input.lines[-1]['sku']}")"), R"("b")");
  EXPECT_EQ(Evaluate(R"("${workflow.input['deep'][\"x.y\"].z[1][0]}")"), "2");
  EXPECT_EQ(Evaluate(R"("${list.output[2]}")"), "3");
  EXPECT_EQ(Evaluate("\"${workflow.input.\xC3\xA9}\""), "\"\xC3\xBC\"");
  EXPECT_EQ(Evaluate(R"("${workflow.input['0']}")"), R"("zero")");
  EXPECT_EQ(Evaluate(R"("${workflow.input[0]}")"), "null");
}

// 〃: `${}` or blank → empty string; `$${x}` yields the literal `${x}`.
TEST(TemplateTest, BlankAndEscapedExpressions) {
  EXPECT_EQ(Evaluate(R"("${}")"), R"("")");
  EXPECT_EQ(Evaluate(R"("${  }")"), R"("")");
  EXPECT_EQ(Evaluate(R"("a${}b")"), R"("ab")");
  EXPECT_EQ(Evaluate(R"("$${workflow.input.id}")"), R"("${workflow.input.id}")");
  EXPECT_EQ(Evaluate(R"("cost: $$${x} ${workflow.input.id}")"), R"("cost: $${x} o-1")");
  EXPECT_EQ(Evaluate(R"("${$}")"), R"("$")");
}

TEST(TemplateTest, WhatOnlyLooksLikeOneStaysText) {
  EXPECT_EQ(Evaluate(R"("${workflow.input.id")"), R"("${workflow.input.id")");
  EXPECT_EQ(Evaluate(R"("$workflow {x} }")"), R"("$workflow {x} }")");
  EXPECT_EQ(Evaluate(R"({"${workflow.input.id}":1})"), R"({"${workflow.input.id}":1})");
}

TEST(TemplateTest, EscapesInTheSourceHideNothing) {
  EXPECT_EQ(Evaluate(R"("\u0024\u007bworkflow.input.id}")"), R"("o-1")");
  EXPECT_EQ(Evaluate(R"("${workflow.input['a\u0020b']}")"), "true");
}

TEST(TemplateTest, ConstantsAreCopiedWithoutSpace) {
  EXPECT_EQ(Evaluate(R"( { "a" : [ 1 , "x y" , { } ] , "b" : null } )"),
            R"({"a":[1,"x y",{}],"b":null})");
  const auto constant = Template::Compile(R"({"a":1})", "");
  EXPECT_TRUE(constant->is_constant());
  EXPECT_TRUE(constant->roots().empty());
  EXPECT_EQ(Template().Evaluate(Orders()), "{}");
}

TEST(TemplateTest, RootsAndUsesSayWhatIsRead) {
  const auto compiled = Template::Compile(
      R"({"a":"${workflow.input.x}","b":["${charge.output.id} ${saga.reason}","${charge.input}"]})",
      "");
  ASSERT_TRUE(compiled.ok());
  EXPECT_EQ(compiled->roots(), (std::vector<std::string>{"charge", "saga", "workflow"}));
  ASSERT_EQ(compiled->uses().size(), 4u);
  EXPECT_EQ(compiled->uses()[1].place, "b[0]");
  EXPECT_EQ(compiled->uses()[1].text, "charge.output.id");
  EXPECT_EQ(compiled->uses()[3].place, "b[1]");
}

// 〃: nested `${a.${b}}` works.
TEST(TemplateTest, ExpressionsInsideExpressions) {
  const MapScope scope(Documents{
      {"workflow.input", R"({"key":"b","n":1,"path":"x.y","where":"b']['c","ref":"list"})"},
      {"a.output", R"({"b":{"c":7},"x":{"y":8},"list":[1,2,3],"null":"found"})"},
      {"list.output", R"({"v":9})"},
  });
  const auto value = [&](const std::string& text) {
    const auto compiled = Template::Compile("\"" + text + "\"", "");
    EXPECT_TRUE(compiled.ok()) << compiled.status();
    return compiled.ok() ? compiled->Evaluate(scope) : "";
  };
  EXPECT_EQ(value("${a.output.${workflow.input.key}.c}"), "7");
  EXPECT_EQ(value("${a.output['${workflow.input.key}']['c']}"), "7");
  EXPECT_EQ(value("${a.output.list[${workflow.input.n}]}"), "2");
  EXPECT_EQ(value("${a.output.${workflow.input.path}}"), "8");
  EXPECT_EQ(value("${a.output['${workflow.input.where}']}"), "7");
  EXPECT_EQ(value("${${workflow.input.ref}.output.v}"), "9");
  EXPECT_EQ(value("${a.output.${workflow.input.${workflow.input.none}}}"), R"("found")");
  EXPECT_EQ(value("is ${a.output.${workflow.input.key}}!"), R"("is {\"c\":7}!")");
  EXPECT_EQ(value("${a.output.${workflow.input}}"), "null");
}

TEST(TemplateTest, ExpressionsInsideExpressionsAreReadToo) {
  const auto compiled = Template::Compile(R"("${a.output.${b.output.x}}")", "");
  EXPECT_EQ(compiled->roots(), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(compiled->reads_anything());
  EXPECT_TRUE(Template::Compile(R"("${${b.output.x}.output}")", "")->reads_anything());
  const auto filter = Template::Compile(R"("${a.output[?(@.x == $.c.output.y)]}")", "");
  EXPECT_EQ(filter->roots(), (std::vector<std::string>{"a", "c"}));
}

TEST(TemplateTest, BracesInBracketsBelongToTheExpression) {
  EXPECT_EQ(Evaluate(R"("${workflow.input.lines[?(@.sku != '}')]}")"),
            R"([{"sku":"a"},{"sku":"b"}])");
  EXPECT_EQ(Evaluate(R"("<${workflow.input.lines[?(@ == {'sku':'b'})].sku}>")"), R"("<[\"b\"]>")");
}

TEST(TemplateTest, LimitsAreNamed) {
  std::string list = "[0";
  for (int i = 0; i < 100'000; ++i) list += ",[]";
  const MapScope scope(Documents{{"a.output", list + "]"}});
  const auto compiled =
      Template::Compile(R"({"x":"${a.output..[?(@..[*])]..*}","y":"${a.output[0]}","z":1})", "");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const auto tried = compiled->TryEvaluate(scope);
  EXPECT_EQ(tried.status().message(),
            "expression ${a.output..[?(@..[*])]..*} passes "
            "kPathWorkMax (500000; fixed in engine/core/limits.h)");
  EXPECT_EQ(compiled->Evaluate(scope), R"({"x":null,"y":null,"z":1})");
  std::string many = "[0";
  for (int i = 0; i < 100; ++i) many += R"(,"${a.output}")";
  const auto large = Template::Compile(many + "]", "");
  EXPECT_NE(large->TryEvaluate(scope).status().message().find("kPayloadBytesCeiling"),
            absl::string_view::npos);
}

TEST(TemplateTest, NestingIsBounded) {
  std::string deep = "a.b";
  for (int i = 0; i < 5; ++i) deep = "a.${" + deep + "}";
  EXPECT_NE(Template::Compile("\"${" + deep + "}\"", "x")
                .status()
                .message()
                .find("kExpressionNestingMax"),
            absl::string_view::npos);
  std::string endless;
  for (int i = 0; i < 100'000; ++i) endless += "${";
  EXPECT_TRUE(Template::Compile("\"" + endless + "\"", "x").ok());
}

// A reference to a secret stays what it is, wherever it stands; how one is written is checked.
TEST(TemplateTest, SecretsStayReferences) {
  EXPECT_EQ(Evaluate(R"({"k":"${ workflow.secrets.key }","u":"x-${workflow.secrets.a.b}"})"),
            R"({"k":"${workflow.secrets.key}","u":"x-${workflow.secrets.a.b}"})");
  for (const char* text :
       {"workflow.secrets", "workflow['secrets'].a", "workflow.secrets['a']",
        "workflow.secrets.${workflow.input.id}", "charge.output.${workflow.secrets.a}"}) {
    const auto compiled = Template::Compile(std::string("\"${") + text + "}\"", "x");
    EXPECT_FALSE(compiled.ok()) << text;
  }
}

TEST(TemplateTest, MalformedPathsAreMistakes) {
  for (const char* text : {"a.", ".a", "a[", "a[1", "a['x'", "a b", "a)", "a['x']b", "(a)"}) {
    EXPECT_FALSE(Template::Compile(std::string("\"${") + text + "}\"", "x").ok()) << text;
  }
  EXPECT_FALSE(Template::Compile("{\"a\":", "x").ok());
  EXPECT_FALSE(Template::Compile("", "x").ok());
  const std::string long_path = "\"${" + std::string(kExpressionBytesMax + 1, 'a') + "}\"";
  EXPECT_FALSE(Template::Compile(long_path, "x").ok());
}

TEST(TemplateTest, EveryMistakeIsFound) {
  MistakeList mistakes;
  Template::Compile(R"({"a":"${x...y}","b":{"c":"${z.}"}})", "in", mistakes);
  ASSERT_EQ(mistakes.mistakes().size(), 2u);
  EXPECT_EQ(mistakes.mistakes()[0].path, "in.a");
  EXPECT_EQ(mistakes.mistakes()[1].path, "in.b.c");
}

// Evaluated in two goes, the second finds what the first kept and nothing in the values.
TEST(TemplateTest, KeptExpressionsAreTheOnlyOnesLeft) {
  const MapScope at_completion(Documents{
      {"workflow.input",
       R"({"evil":"${saga.reason}","half":"$","also":"$${x}","esc":"\u0024{saga.reason}"})"},
  });
  const MapScope at_undo(Documents{{"saga.reason", R"("declined: $ {}")"}});
  const auto compiled = Template::Compile(
      R"({"a":"${workflow.input.evil}","b":"${workflow.input.half}{saga.reason}",)"
      R"("c":"why ${saga.reason}, ${workflow.input.also}","d":"${saga.reason}",)"
      R"("e":"$${saga.reason}","f":"${workflow.input}","g":"${workflow.input.half}${saga.reason}",)"
      R"("h":"<${workflow.input.esc}>","i":"$"})",
      "");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const std::string kept = compiled->EvaluateExcept("saga", at_completion);
  const auto rest = Template::Compile(kept, "");
  ASSERT_TRUE(rest.ok()) << rest.status() << kept;
  EXPECT_EQ(rest->roots(), std::vector<std::string>{"saga"});
  const std::string result = rest->Evaluate(at_undo);
  const auto text = [&](std::string_view key) { return StringOf(*FindMember(result, key)); };
  EXPECT_EQ(text("a"), "${saga.reason}");
  EXPECT_EQ(text("b"), "${saga.reason}");
  EXPECT_EQ(text("c"), "why declined: $ {}, $${x}");
  EXPECT_EQ(text("d"), "declined: $ {}");
  EXPECT_EQ(text("e"), "${saga.reason}");
  EXPECT_EQ(StringOf(*FindMember(*FindMember(result, "f"), "also")), "$${x}");
  EXPECT_EQ(StringOf(*FindMember(*FindMember(result, "f"), "esc")), "${saga.reason}");
  EXPECT_EQ(text("g"), "$declined: $ {}");
  EXPECT_EQ(text("h"), "<${saga.reason}>");
  EXPECT_EQ(text("i"), "$");
}

// What stood beside a kept expression may turn out empty; it is text all the same.
TEST(TemplateTest, AKeptExpressionBesideNothingStaysText) {
  const MapScope at_completion(Documents{{"workflow.input", R"({"none":""})"}});
  const MapScope at_undo(Documents{{"saga.generation", "2"}});
  const auto compiled = Template::Compile(
      R"({"before":"${workflow.input.none}${saga.generation}","after":"${saga.generation}${}",)"
      R"("whole":"${saga.generation}"})",
      "");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const auto rest = Template::Compile(compiled->EvaluateExcept("saga", at_completion), "");
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(rest->Evaluate(at_undo), R"({"before":"2","after":"2","whole":2})");
}

}  // namespace
}  // namespace skald::core
