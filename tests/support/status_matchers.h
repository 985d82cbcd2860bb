// Matchers over absl::Status and absl::StatusOr, under the names that later Abseil releases give
// them (the packaged one has none).
//
//   EXPECT_THAT(store.Put(key), IsOk());
//   EXPECT_THAT(store.Get(key), IsOkAndHolds("value"));
//   EXPECT_THAT(store.Get(key), StatusIs(absl::StatusCode::kNotFound, HasSubstr("key")));
#pragma once

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace skald::testing {
namespace status_internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace status_internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  const absl::Status& status = status_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.ok();
}

MATCHER_P(IsOkAndHolds, inner, "is OK and holds a value that matches") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  using Value = std::decay_t<decltype(*arg)>;
  return ::testing::SafeMatcherCast<const Value&>(inner).MatchAndExplain(*arg, result_listener);
}

MATCHER_P(StatusIs, code, "has status code " + absl::StatusCodeToString(code)) {
  const absl::Status& status = status_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code;
}

MATCHER_P2(StatusIs, code, message,
           "has status code " + absl::StatusCodeToString(code) + " and a message that matches") {
  const absl::Status& status = status_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code && ::testing::SafeMatcherCast<const std::string&>(message).Matches(
                                      std::string(status.message()));
}

}  // namespace skald::testing
