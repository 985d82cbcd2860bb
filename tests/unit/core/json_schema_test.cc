#include "engine/core/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace skald::core {
namespace {

using ::skald::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string MistakeOf(const std::string& schema, const std::string& value) {
  const auto compiled = JsonSchema::Compile(schema);
  EXPECT_THAT(compiled, IsOk()) << schema;
  return compiled.ok() ? (*compiled)->FirstMistake(value) : "";
}
std::string CompileError(const std::string& schema) {
  const auto compiled = JsonSchema::Compile(schema);
  EXPECT_FALSE(compiled.ok()) << schema;
  return std::string(compiled.status().message());
}

struct Case {
  std::string schema, good, bad, message;
};

TEST(JsonSchemaTest, EveryWordAcceptsAndRefuses) {
  const Case cases[] = {
      {R"({"type":"string"})", R"("x")", "1", "$: string expected, not a number"},
      {R"({"type":["integer","null"]})", "2.0", "2.5", "integer or null expected"},
      {R"({"type":"number"})", "2.5", "true", "number expected"},
      {R"({"enum":[1,{"a":[2]}]})", R"({"a":[2.0]})", "2", "$: is none of 1"},
      {R"({"const":"a"})", R"("\u0061")", R"("b")", "is none of \"a\""},
      {R"({"minimum":3})", "3", "2", "$: is less than 3"},
      {R"({"maximum":3})", "3", "4", "$: is more than 3"},
      {R"({"exclusiveMinimum":3})", "3.1", "3", "not above 3"},
      {R"({"exclusiveMaximum":3})", "2", "3", "not below 3"},
      {R"({"minimum":3,"exclusiveMinimum":true})", "4", "3", "not above 3"},
      {R"({"multipleOf":0.1})", "0.3", "0.35", "no multiple of 0.1"},
      {R"({"minLength":2})", R"("äö")", R"("ä")", "1 characters, at least 2"},
      {R"({"maxLength":2})", R"("äö")", R"("äöü")", "3 characters, at most 2"},
      {R"({"pattern":"^a+$"})", R"("aa")", R"("ab")", "does not match ^a+$"},
      {R"({"items":{"type":"integer"}})", "[1,2]", R"([1,"2"])", "$[1]: integer expected"},
      {R"({"items":[{"type":"string"}],"additionalItems":false})", R"(["a"])", R"(["a",1])",
       "$[1]: nothing is allowed here"},
      {R"({"prefixItems":[{"type":"string"}],"items":{"type":"null"}})", R"(["a",null])",
       R"(["a",1])", "$[1]: null expected"},
      {R"({"minItems":1,"maxItems":2})", "[1]", "[1,2,3]", "3 items, at most 2"},
      {R"({"uniqueItems":true})", R"([1,"1"])", "[1,2,1.0]", "items 0 and 2 are the same"},
      {R"({"contains":{"const":1}})", "[2,1]", "[2]", "no item is of the kind"},
      {R"({"properties":{"a":{"type":"string"}}})", R"({"b":1})", R"({"a":1})",
       "$.a: string expected"},
      {R"({"required":["a"]})", R"({"a":null})", R"({"b":1})", "$.a: is required"},
      {R"({"properties":{"a":true},"additionalProperties":false})", R"({"a":1})",
       R"({"a":1,"b c":2})", "b c"},
      {R"({"patternProperties":{"^x":{"type":"null"}},"additionalProperties":{"type":"number"}})",
       R"({"x1":null,"y":1})", R"({"x1":1})", "$.x1: null expected"},
      {R"({"propertyNames":{"maxLength":2}})", R"({"ab":1})", R"({"abc":1})",
       "$.abc: 3 characters"},
      {R"({"minProperties":1})", R"({"a":1})", "{}", "0 members, at least 1"},
      {R"({"dependentRequired":{"a":["b"]}})", R"({"b":1})", R"({"a":1})",
       "$.b: is required beside a"},
      {R"({"dependencies":{"a":{"required":["c"]}}})", R"({"a":1,"c":2})", R"({"a":1})",
       "$.c: is required"},
      {R"({"allOf":[{"minimum":1},{"maximum":2}]})", "2", "3", "more than 2"},
      {R"({"anyOf":[{"type":"null"},{"type":"string"}]})", "null", "1", "none of what it may be"},
      {R"({"oneOf":[{"minimum":1},{"maximum":5}]})", "0", "3", "is 2 of the kinds"},
      {R"({"not":{"type":"null"}})", "1", "null", "is what it must not be"},
      {R"({"if":{"type":"string"},"then":{"minLength":1},"else":{"minimum":0}})", R"("a")", "-1",
       "less than 0"},
      {R"({"$defs":{"n":{"type":"number"}},"properties":{"a":{"$ref":"#/$defs/n"}}})", R"({"a":1})",
       R"({"a":"1"})", "$.a: number expected"},
      {R"({"properties":{"next":{"$ref":"#"}},"required":["v"]})", R"({"v":1,"next":{"v":2}})",
       R"({"v":1,"next":{"v":2,"next":{}}})", "$.next.next.v: is required"},
      {R"({"items":[{"type":"string"},{"$ref":"#/items/0"}]})", R"(["a","b"])", R"(["a",1])",
       "$[1]: string expected"},
      {"true", "1", "", ""},
      {R"({"properties":{"a":false}})", "{}", R"({"a":1})", "nothing is allowed here"},
      {R"({"format":"email","title":"x","default":1})", "1", "", ""},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schema);
    EXPECT_THAT(MistakeOf(one.schema, one.good), IsEmpty());
    if (!one.bad.empty()) EXPECT_THAT(MistakeOf(one.schema, one.bad), HasSubstr(one.message));
  }
}

TEST(JsonSchemaTest, WordsOfAnotherKindOfValueSayNothing) {
  EXPECT_THAT(MistakeOf(R"({"minimum":3,"minLength":9,"required":["a"],"minItems":2})", "true"),
              IsEmpty());
}

TEST(JsonSchemaTest, MalformedSchemasAreTold) {
  EXPECT_THAT(CompileError("[]"), HasSubstr("a schema"));
  EXPECT_THAT(CompileError(R"({"type":"text"})"), HasSubstr("type: null, boolean"));
  EXPECT_THAT(CompileError(R"({"properties":{"a":{"minimum":"1"}}})"),
              HasSubstr("properties.a.minimum: a number expected, not a string"));
  EXPECT_THAT(CompileError(R"js({"pattern":"(?=a)"})js"), HasSubstr("RE2"));
  EXPECT_THAT(CompileError(R"({"minLength":-1})"), HasSubstr("a whole number"));
  EXPECT_THAT(CompileError(R"({"$ref":"#/$defs/none"})"), HasSubstr("there is no"));
  EXPECT_THAT(CompileError(R"({"$ref":"http://x/y"})"), HasSubstr("same document"));
  EXPECT_THAT(CompileError(R"({"unevaluatedProperties":false})"), HasSubstr("not supported"));
}

TEST(JsonSchemaTest, WhatReferencesItselfEnds) {
  EXPECT_THAT(MistakeOf(R"({"$ref":"#"})", "1"), HasSubstr("kSchemaWorkMax"));
  EXPECT_THAT(MistakeOf(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", "1"),
              HasSubstr("kSchemaWorkMax"));
}

TEST(JsonSchemaTest, ACheckCostsABoundedAmount) {
  std::string items = "[0";
  for (int i = 1; i < 5'000; ++i) absl::StrAppend(&items, ",", i);
  EXPECT_THAT(MistakeOf(R"({"uniqueItems":true})", items + "]"), HasSubstr("kSchemaWorkMax"));
  const std::string text = absl::StrCat("\"", std::string(1'000'000, 'a'), "\"");
  EXPECT_THAT(MistakeOf(R"({"pattern":"^(a|aa)*b$"})", text), HasSubstr("does not match"))
      << "as long as the text, and no deeper";
}

}  // namespace
}  // namespace skald::core
