#include "engine/base/status.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace skald::base {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::IsOkAndHolds;
using ::skald::testing::StatusIs;

absl::Status Pass(const absl::Status& status, int& reached) {
  RETURN_IF_ERROR(status);
  ++reached;
  return absl::OkStatus();
}

absl::StatusOr<int> LengthOf(absl::StatusOr<std::unique_ptr<std::string>> text) {
  ASSIGN_OR_RETURN(const std::unique_ptr<std::string> owned, std::move(text));
  return static_cast<int>(owned->size());
}

TEST(StatusMacroTest, ReturnIfErrorGoesOnWhenOk) {
  int reached = 0;
  EXPECT_THAT(Pass(absl::OkStatus(), reached), IsOk());
  EXPECT_EQ(reached, 1);
}

TEST(StatusMacroTest, ReturnIfErrorReturnsTheError) {
  int reached = 0;
  EXPECT_THAT(Pass(absl::AbortedError("again"), reached),
              StatusIs(absl::StatusCode::kAborted, "again"));
  EXPECT_EQ(reached, 0);
}

TEST(StatusMacroTest, AssignOrReturnMovesTheValue) {
  EXPECT_THAT(LengthOf(std::make_unique<std::string>("four")), IsOkAndHolds(4));
}

TEST(StatusMacroTest, AssignOrReturnReturnsTheError) {
  EXPECT_THAT(LengthOf(absl::NotFoundError("none")), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace skald::base
