#include <string>

#include "engine/core/json_check.h"
#include "engine/script/js_text.h"
#include "engine/script/source_cache.h"
#include "gtest/gtest.h"

namespace skald::script {
namespace {

TEST(JsonFromUtf16Test, TextBecomesUtf8) {
  EXPECT_EQ(JsonFromUtf16(u"{\"a\":[1,true,\"x\"]}"), "{\"a\":[1,true,\"x\"]}");
  EXPECT_EQ(JsonFromUtf16(u"\"\u00e9\u20ac\U0001F600\""),
            "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST(JsonFromUtf16Test, HalvesOfPairsAreReplaced) {
  EXPECT_EQ(JsonFromUtf16(u"\"a\\ud800b\""),
            "\"a\xEF\xBF\xBD"
            "b\"");
  const std::u16string raw = {u'"', 0xDC00, u'"'};
  EXPECT_EQ(JsonFromUtf16(raw), "\"\xEF\xBF\xBD\"");
}

TEST(JsonFromUtf16Test, EscapedBackslashBeforeSuchLettersIsNoEscape) {
  EXPECT_EQ(JsonFromUtf16(u"\"\\\\ud800\""), R"("\\ud800")");
  EXPECT_EQ(JsonFromUtf16(u"\"\\n\\u001f\""), R"("\n\u001f")");
}

TEST(CutTextTest, CharactersStayWhole) {
  EXPECT_EQ(CutText("abc", 3), "abc");
  EXPECT_EQ(CutText("abcd", 3), "abc");
  EXPECT_EQ(CutText("ab\xC3\xA9", 3), "ab");
  EXPECT_EQ(CutText("\xE2\x82\xAC", 2), "");
}

TEST(SourceCacheTest, LeastRecentlyUsedGoesFirst) {
  SourceCache<int> cache(2, 100);
  cache.Put("a", 1);
  cache.Put("b", 2);
  ASSERT_NE(cache.Find("a"), nullptr);
  cache.Put("c", 3);
  EXPECT_EQ(cache.Find("b"), nullptr);
  ASSERT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(*cache.Find("a"), 1);
  EXPECT_EQ(cache.size(), 2U);
}

TEST(SourceCacheTest, BytesOfSourcesAreBounded) {
  SourceCache<int> cache(10, 10);
  cache.Put("12345", 1);
  cache.Put("67890", 2);
  EXPECT_EQ(cache.size(), 2U);
  cache.Put("x", 3);
  EXPECT_EQ(cache.Find("12345"), nullptr);
  EXPECT_EQ(cache.size(), 2U);
  // One that is too large by itself is kept until the next comes: its caller uses it.
  EXPECT_EQ(cache.Put(std::string(50, 'y'), 4), 4);
  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace skald::script
