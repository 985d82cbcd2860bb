#include "engine/core/bound.h"

#include "gtest/gtest.h"

namespace skald::core {
namespace {

TEST(BoundTest, AConstantSaysWhereItStands) {
  EXPECT_EQ(FixedBound("kStepsMax", 2000), "kStepsMax (2000; fixed in engine/core/limits.h)");
  EXPECT_EQ(FixedBound("kUriBytesMax", 16384, "engine/http_call/limits.h"),
            "kUriBytesMax (16384; fixed in engine/http_call/limits.h)");
}

TEST(BoundTest, ASettingSaysItsOption) {
  EXPECT_EQ(SettingBound("http_response_bytes_max", 1048576),
            "http_response_bytes_max (1048576; raised by --http-response-bytes-max)");
}

}  // namespace
}  // namespace skald::core
