#include "engine/core/masked_fields.h"

#include <gtest/gtest.h>

#include <string>

namespace skald::core {
namespace {

TEST(MaskedFieldsTest, MasksMembersOfThatNameAtAnyDepth) {
  const MaskedFields masked({"pin", "card", "pin"});
  EXPECT_EQ(masked.Mask(R"({ "card" : {"no": 1}, "list": [ {"pin": [1, 2]}, 3 ], "x": "pin" })"),
            R"({"card":"***","list":[{"pin":"***"},3],"x":"pin"})");
  EXPECT_EQ(masked.Mask(R"({"\u0070in":1,"Pin":2,"card":null})"),
            R"({"\u0070in":"***","Pin":2,"card":"***"})");
}

TEST(MaskedFieldsTest, LeavesEverythingElse) {
  const MaskedFields masked({"pin"});
  EXPECT_EQ(masked.Mask(R"("pin")"), R"("pin")");
  EXPECT_EQ(masked.Mask("[]"), "[]");
  EXPECT_EQ(masked.Mask("{}"), "{}");
  EXPECT_EQ(masked.Mask(""), "");
  EXPECT_TRUE(masked.Mask(Payload()).empty());
  const Payload odd("{ \"pin\" : 1 }");
  EXPECT_EQ(MaskedFields().Mask(odd).text().data(), odd.text().data());
}

}  // namespace
}  // namespace skald::core
