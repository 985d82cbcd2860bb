#include "engine/core/json_scan.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/core/json_check.h"
#include "engine/core/json_write.h"

namespace skald::core {
namespace {

TEST(JsonScanTest, FindsMembersAsTheyWereWritten) {
  const std::string object =
      R"( {"a" : 1 , "b":{ "c" : [1, 2] }, "tricky\"key":"}],\\", "é":true, "last":null} )";
  ASSERT_TRUE(CheckJson(object).ok());
  const std::string_view text = TrimJson(object);
  EXPECT_EQ(FindMember(text, "a"), "1");
  EXPECT_EQ(FindMember(text, "b"), "{ \"c\" : [1, 2] }");
  EXPECT_EQ(FindMember(*FindMember(text, "b"), "c"), "[1, 2]");
  EXPECT_EQ(FindMember(text, "tricky\"key"), "\"}],\\\\\"");
  EXPECT_EQ(FindMember(text, "\xC3\xA9"), "true");
  EXPECT_EQ(FindMember(text, "last"), "null");
  EXPECT_EQ(FindMember(text, "c"), std::nullopt);
  EXPECT_EQ(FindMember("[1]", "a"), std::nullopt);
  EXPECT_EQ(FindMember("{}", ""), std::nullopt);
}

TEST(JsonScanTest, EscapedKeysAreTheSameKey) {
  EXPECT_EQ(FindMember(R"({"\u0061b":1})", "ab"), "1");
  EXPECT_EQ(FindMember(R"({"\ud83d\ude00":1})", "\xF0\x9F\x98\x80"), "1");
}

TEST(JsonScanTest, LastOfEqualKeysCounts) {
  EXPECT_EQ(FindMember(R"({"a":1,"b":2,"a":3})", "a"), "3");
}

TEST(JsonScanTest, FindsElementsFromBothEnds) {
  const std::string_view array = R"([10, "b,]", {"x":[1]}, []])";
  EXPECT_EQ(FindElement(array, 0), "10");
  EXPECT_EQ(FindElement(array, 1), "\"b,]\"");
  EXPECT_EQ(FindElement(array, 2), "{\"x\":[1]}");
  EXPECT_EQ(FindElement(array, 3), "[]");
  EXPECT_EQ(FindElement(array, 4), std::nullopt);
  EXPECT_EQ(FindElement(array, -1), "[]");
  EXPECT_EQ(FindElement(array, -4), "10");
  EXPECT_EQ(FindElement(array, -5), std::nullopt);
  EXPECT_EQ(FindElement("[]", 0), std::nullopt);
  EXPECT_EQ(FindElement("{}", 0), std::nullopt);
  EXPECT_EQ(FindElement("[1]", std::numeric_limits<std::int64_t>::min()), std::nullopt);
}

TEST(JsonScanTest, StringsEndAtTheirOwnQuote) {
  EXPECT_EQ(SkipJsonValue(R"("a\"b",1)", 0), 6u);
  EXPECT_EQ(SkipJsonValue(R"("a\\",1)", 0), 5u);
  EXPECT_EQ(SkipJsonValue(R"("a\\\"",1)", 0), 7u);
  EXPECT_EQ(SkipJsonValue(R"("")", 0), 2u);
}

TEST(JsonScanTest, TextSurvivesWritingAndReading) {
  std::string all;
  for (int c = 1; c < 128; ++c) all.push_back(static_cast<char>(c));
  all.append("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  std::string json;
  AppendJsonString(json, all);
  ASSERT_TRUE(CheckJson(json).ok()) << json;
  EXPECT_EQ(StringOf(json), all);
}

TEST(JsonWriteTest, WhatIsNotUtf8IsReplacedSoThatTheResultIsJson) {
  for (const std::string text :
       {"\x80", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "ok\xFFok"}) {
    std::string json;
    AppendJsonString(json, text);
    EXPECT_TRUE(CheckJson(json).ok()) << json;
    EXPECT_NE(json.find("\xEF\xBF\xBD"), std::string::npos);
  }
  std::string json;
  AppendJsonString(json, std::string_view("a\0b", 3));
  EXPECT_TRUE(CheckJson(json).ok());
}

TEST(JsonScanTest, IntegersOnlyWhenTheyFit) {
  EXPECT_EQ(IntegerOf("-12"), -12);
  EXPECT_EQ(IntegerOf("9223372036854775807"), 9223372036854775807);
  EXPECT_EQ(IntegerOf("9223372036854775808"), std::nullopt);
  EXPECT_EQ(IntegerOf("1.0"), std::nullopt);
  EXPECT_EQ(IntegerOf("1e3"), std::nullopt);
  EXPECT_EQ(IntegerOf(""), std::nullopt);
}

TEST(JsonScanTest, TextOfAMember) {
  const std::string object = R"({"a":"x\ny","b":5,"c":{"d":[1]},"n":null,"a":"later"})";
  EXPECT_EQ(TextIn(object, "a"), "later");
  EXPECT_EQ(TextIn(object, "b"), "5");
  EXPECT_EQ(TextIn(object, "c"), R"({"d":[1]})");
  EXPECT_EQ(TextIn(object, "n"), "");
  EXPECT_EQ(TextIn(object, "d"), "");
  EXPECT_EQ(TextIn("", "a"), "");
  EXPECT_EQ(TextIn("[1]", "a"), "");
  EXPECT_EQ(TextForm(R"("x\ny")"), "x\ny");
  EXPECT_EQ(TextForm("null"), "null");
}

TEST(MergeDefaultsTest, AddsWhatIsAbsentOrNull) {
  EXPECT_EQ(MergeDefaults(R"({"a":1,"b":null,"c":null})", R"({"a":9,"b":8,"d":7})"),
            R"({"a":1,"c":null,"b":8,"d":7})");
  EXPECT_EQ(MergeDefaults("", ""), "{}");
  EXPECT_EQ(MergeDefaults("{}", ""), "{}");
  EXPECT_EQ(MergeDefaults("", R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(MergeDefaults("{ }", R"({"a":{"b":1}})"), R"({"a":{"b":1}})");
}

}  // namespace
}  // namespace skald::core
