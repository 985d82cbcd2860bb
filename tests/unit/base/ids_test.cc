#include "engine/base/ids.h"

#include <string>
#include <type_traits>
#include <unordered_set>

#include "absl/hash/hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace skald::base {
namespace {

using ::skald::testing::IsOkAndHolds;
using ::skald::testing::StatusIs;
using ::testing::HasSubstr;

constexpr std::string_view kText = "0192f3a0-7c1e-7abc-8123-4567890abcde";

TEST(UuidTest, TextGoesRoundTrip) {
  const absl::StatusOr<Uuid> id = Uuid::Parse(kText);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(id->ToString(), kText);
}

TEST(UuidTest, UpperCaseIsReadAndWrittenLower) {
  const absl::StatusOr<Uuid> id = Uuid::Parse("0192F3A0-7C1E-7ABC-8123-4567890ABCDE");
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(id->ToString(), kText);
}

TEST(UuidTest, AnythingElseIsRefused) {
  for (const std::string_view text :
       {"", "0192f3a0", "0192f3a07c1e7abc81234567890abcde", "0192f3a0-7c1e-7abc-8123-4567890abcd",
        "0192f3a0-7c1e-7abc-8123-4567890abcdef", "0192f3a0-7c1e-7abc-8123+4567890abcde",
        "0192f3a0-7c1e-7abc-8123-4567890abcdg", "{192f3a0-7c1e-7abc-8123-4567890abcd}",
        "-0192f3a-7c1e-7abc-8123-4567890abcde"}) {
    EXPECT_THAT(Uuid::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(UuidTest, LongRefusedTextIsCutInTheMessage) {
  const absl::StatusOr<Uuid> id = Uuid::Parse(std::string(1 << 20, 'x'));
  EXPECT_LT(id.status().message().size(), 200u);
}

TEST(UuidTest, BytesGoRoundTrip) {
  const absl::StatusOr<Uuid> id = Uuid::Parse(kText);
  ASSERT_TRUE(id.ok());
  EXPECT_THAT(Uuid::FromBytes(id->bytes_view()), IsOkAndHolds(*id));
  EXPECT_THAT(Uuid::FromBytes("short"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not 5")));
}

TEST(UuidTest, VersionSevenIsAPureFunctionOfItsArguments) {
  const Uuid id = UuidV7(0x0192f3a07c1e, 0xabc, 0x0123'4567'890a'bcde);
  EXPECT_EQ(id.ToString(), kText);
  EXPECT_EQ(id, UuidV7(0x0192f3a07c1e, 0xabc, 0x0123'4567'890a'bcde));
}

TEST(UuidTest, BitsBeyondTheFieldsAreDropped) {
  const Uuid id = UuidV7(-1, ~uint64_t{0}, ~uint64_t{0});
  EXPECT_EQ(id.ToString(), "ffffffff-ffff-7fff-bfff-ffffffffffff");
}

TEST(UuidTest, TimeIsReadBack) {
  EXPECT_EQ(UuidV7(1'700'000'000'123, 1, 2).UnixMs(), 1'700'000'000'123);
}

TEST(UuidTest, LaterIdsSortAfterEarlierOnes) {
  EXPECT_LT(UuidV7(255, 0xfff, ~uint64_t{0}), UuidV7(256, 0, 0));
  EXPECT_LT(Uuid(), UuidV7(0, 0, 0));
}

TEST(UuidTest, SlotIsTheLowSixteenBits) {
  EXPECT_EQ(UuidV7(1, 2, 0xffff'0000'0000'beef).Slot(), 0xbeef);
}

TEST(UuidTest, SlotCanBeReplacedAlone) {
  const Uuid id = UuidV7(1, 2, 0x1234'5678'9abc'beef);
  const Uuid child = id.WithSlot(0x0102);
  EXPECT_EQ(child.Slot(), 0x0102);
  EXPECT_EQ(child.WithSlot(0xbeef), id);
}

TEST(UuidTest, OnlyZerosAreNil) {
  EXPECT_TRUE(Uuid().is_nil());
  EXPECT_FALSE(UuidV7(0, 0, 0).is_nil());
}

TEST(UuidTest, HashesSpreadOverIdsOfOneMillisecond) {
  std::unordered_set<uint64_t> hashes;
  for (uint64_t i = 0; i < 1000; ++i) hashes.insert(UuidV7(77, 5, i).Hash());
  EXPECT_EQ(hashes.size(), 1000u);
}

TEST(TypedIdTest, KindsDoNotMix) {
  using FirstId = TypedId<struct FirstTag>;
  using SecondId = TypedId<struct SecondTag>;
  static_assert(!std::is_convertible_v<FirstId, SecondId>);
  static_assert(!std::is_constructible_v<FirstId, SecondId>);
  static_assert(!std::is_convertible_v<Uuid, FirstId>);
  static_assert(!std::equality_comparable_with<FirstId, SecondId>);
}

TEST(TypedIdTest, BehavesAsItsUuid) {
  using FirstId = TypedId<struct FirstTag>;
  const absl::StatusOr<FirstId> id = FirstId::Parse(kText);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(id->ToString(), kText);
  EXPECT_EQ(id->Slot(), 0xbcde);
  EXPECT_EQ(*id, FirstId(*Uuid::Parse(kText)));
  EXPECT_EQ(absl::HashOf(*id), absl::HashOf(FirstId(*Uuid::Parse(kText))));
  EXPECT_THAT(FirstId::Parse("x"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace skald::base
