#include "engine/core/schema_definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/core/definition_builder.h"

namespace skald::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SchemaDefinitionTest, IsReadWithItsDefaults) {
  const auto parsed = ParseSchemaDefinition(R"( {"name":"order","data":{"type":"object"}} )");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value->name, "order");
  EXPECT_EQ(parsed.value->version, 1);
  EXPECT_EQ(parsed.value->source.text(), R"({"name":"order","data":{"type":"object"}})");
  EXPECT_THAT(parsed.warnings, IsEmpty());
  EXPECT_THAT(ParseSchemaDefinition(R"({"name":"a","type":"AVRO","version":3})").warnings,
              ElementsAre(At("type", "nothing is checked by it")));
}

TEST(SchemaDefinitionTest, MistakesAreNamed) {
  const auto mistakes = [](const std::string& json) {
    return ParseSchemaDefinition(json).mistakes;
  };
  EXPECT_THAT(mistakes("{"), ElementsAre(At("", "")));
  EXPECT_THAT(mistakes(R"({"data":{}})"), ElementsAre(At("name", "is required")));
  EXPECT_THAT(mistakes(R"({"name":"a"})"), ElementsAre(At("data", "needs it")));
  EXPECT_THAT(mistakes(R"({"name":"a","data":{"type":7}})"), ElementsAre(At("data", "type")));
  EXPECT_THAT(mistakes(R"({"name":"a","version":0,"data":{}})"), ElementsAre(At("version", "")));
  EXPECT_THAT(mistakes(R"({"name":"a","type":"XML","data":{}})"), ElementsAre(At("type", "JSON")));
}

std::optional<std::string> Stored(const std::string& name, std::int32_t version) {
  if (name != "order" || version > 2) return std::nullopt;
  return R"({"name":"order","version":9,"type":"JSON","data":{"minProperties":)" +
         std::to_string(version) + "}}";
}

// conductor.md 1.2: `version` is 1 where none is given.
TEST(SchemaDefinitionTest, ReferencesAreFilled) {
  EXPECT_EQ(WithStoredSchemas(R"({"inputSchema":{"name":"order"},"x":{"inputSchema":1}})", Stored),
            R"({"inputSchema":{"name":"order","type":"JSON","data":{"minProperties":1}},)"
            R"("x":{"inputSchema":1}})");
  EXPECT_EQ(
      WithStoredSchemas(R"({"outputSchema":{"name":"order","version":2,"data":null}})", Stored),
      R"({"outputSchema":{"name":"order","version":2,"type":"JSON",)"
      R"("data":{"minProperties":2}}})");
}

TEST(SchemaDefinitionTest, TaskDefinitionsInStepsAreFilledAtEveryDepth) {
  const std::string task = R"({"name":"a","taskDefinition":{"inputSchema":{"name":"order"}},)"
                           R"("inputParameters":{"inputSchema":{"name":"order"}}})";
  const std::string filled =
      R"({"name":"a","taskDefinition":{"inputSchema":{"name":"order","type":"JSON",)"
      R"("data":{"minProperties":1}}},"inputParameters":{"inputSchema":{"name":"order"}}})";
  const auto around = [](const std::string& step) {
    return R"({"tasks":[)" + step + R"(,{"forkTasks":[[)" + step + R"(]],"decisionCases":{"x":[)" +
           step + R"(]},"defaultCase":[)" + step + R"(],"loopOver":[)" + step + "]}]}";
  };
  EXPECT_EQ(WithStoredSchemas(around(task), Stored), around(filled));
}

TEST(SchemaDefinitionTest, WhatIsNoReferenceStays) {
  for (const char* json :
       {R"({"inputSchema":{"name":"order","data":{}}})", R"({"inputSchema":{"name":"gone"}})",
        R"({"inputSchema":{"name":"order","version":3}})", R"({"inputSchema":{"version":1}})",
        R"({"inputSchema":{"name":"order","version":"x"}})", R"({"inputSchema":null})",
        R"({"tasks":5,"outputSchema":"order"})", "{\"inputSchema\":", "[]"}) {
    EXPECT_EQ(WithStoredSchemas(json, Stored), json);
  }
}

}  // namespace
}  // namespace skald::core
