#include "workers/sdk/digest.h"

#include <gtest/gtest.h>

namespace skald::sdk {
namespace {

TEST(PayloadDigestTest, IsSha256InHexadecimal) {
  // printf 'a\0[1,]' | sha256sum
  EXPECT_EQ(PayloadDigest("a", "[1]").size(), 64u);
  EXPECT_EQ(PayloadDigest("a", "[1]").find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(PayloadDigestTest, DoesNotSeeWhiteSpaceNorTheOrderOfMembers) {
  EXPECT_EQ(PayloadDigest("t", R"({"a":1,"b":{"c":[1,2],"d":null}})"),
            PayloadDigest("t", R"( { "b" : {"d":null, "c": [1, 2]}, "a": 1 } )"));
}

TEST(PayloadDigestTest, SeesValuesTypesAndTheOrderOfElements) {
  const std::string digest = PayloadDigest("t", R"({"a":[1,2]})");
  EXPECT_NE(digest, PayloadDigest("t", R"({"a":[2,1]})"));
  EXPECT_NE(digest, PayloadDigest("t", R"({"a":["1",2]})"));
  EXPECT_NE(digest, PayloadDigest("u", R"({"a":[1,2]})"));
}

TEST(PayloadDigestTest, TakesWhatIsNotJsonByteByByte) {
  EXPECT_EQ(PayloadDigest("t", "{oops"), PayloadDigest("t", "{oops"));
  EXPECT_NE(PayloadDigest("t", "{oops"), PayloadDigest("t", "{oops "));
}

}  // namespace
}  // namespace skald::sdk
