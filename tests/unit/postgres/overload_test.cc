// What finds a queue before the database full is told when to come back.
#include "engine/runtime/overload.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/postgres/key_claimer.h"
#include "tests/support/status_matchers.h"

namespace skald::postgres {
namespace {

TEST(OverloadTest, ClaimsBeyondTheirBoundAreRefusedWithADelay) {
  KeyClaimer claimer("host=/nonexistent");
  absl::Status status;
  claimer.Claim(std::vector<ports::KeyClaim>(kClaimsQueuedMax + 1),
                [&](const absl::StatusOr<std::vector<ports::KeyHolder>>& holders) {
                  status = holders.status();
                });
  EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kResourceExhausted,
                                        ::testing::HasSubstr("claims_queued_max")));
  EXPECT_TRUE(runtime::RetryDelayUs(status).has_value());
}

}  // namespace
}  // namespace skald::postgres
