#include "engine/grpc/api_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/runtime/engine.h"
#include "google/rpc/error_model.pb.h"

namespace skald::grpc_edge {
namespace {

using ::testing::HasSubstr;

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status model;
  EXPECT_TRUE(model.ParseFromString(status.error_details()));
  google::rpc::ErrorInfo info;
  for (const auto& detail : model.details()) detail.UnpackTo(&info);
  return info;
}

// 0 = no RetryInfo.
std::int64_t DelayMsIn(const grpc::Status& status) {
  google::rpc::Status model;
  EXPECT_TRUE(model.ParseFromString(status.error_details()));
  google::rpc::RetryInfo retry;
  for (const auto& detail : model.details()) detail.UnpackTo(&retry);
  return retry.retry_delay().seconds() * 1'000 + retry.retry_delay().nanos() / 1'000'000;
}

TEST(ApiStatusTest, CodesAreKept) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  const grpc::Status status = ToGrpc(absl::NotFoundError("no such workflow"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such workflow");
  EXPECT_EQ(InfoOf(status).reason(), "NOT_FOUND");
}

google::rpc::BadRequest MistakesOf(const grpc::Status& status) {
  google::rpc::Status model;
  EXPECT_TRUE(model.ParseFromString(status.error_details()));
  google::rpc::BadRequest mistakes;
  for (const auto& detail : model.details()) detail.UnpackTo(&mistakes);
  return mistakes;
}

TEST(ApiStatusTest, AnInvalidArgumentNamesItsField) {
  const auto mistakes =
      MistakesOf(ToGrpc(absl::InvalidArgumentError("starts[3].page_size: 9, at most: 5")));
  ASSERT_EQ(mistakes.field_violations_size(), 1);
  EXPECT_EQ(mistakes.field_violations(0).field(), "starts[3].page_size");
  EXPECT_EQ(mistakes.field_violations(0).description(), "9, at most: 5");
}

TEST(ApiStatusTest, AnInvalidArgumentOfNoFieldIsAViolationToo) {
  for (const char* message : {"nothing of use", "two words: wrong", ": x"}) {
    const auto mistakes = MistakesOf(ToGrpc(absl::InvalidArgumentError(message)));
    ASSERT_EQ(mistakes.field_violations_size(), 1);
    EXPECT_EQ(mistakes.field_violations(0).field(), "");
    EXPECT_EQ(mistakes.field_violations(0).description(), message);
  }
}

TEST(ApiStatusTest, OtherErrorsHaveNoViolations) {
  EXPECT_EQ(MistakesOf(ToGrpc(absl::NotFoundError("name: x"))).field_violations_size(), 0);
}

TEST(ApiStatusTest, ACommitInDoubtMayBeRepeated) {
  const grpc::Status status = ToGrpc(absl::UnknownError("claim keys: connection lost"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("claim keys: connection lost"));
  EXPECT_EQ(InfoOf(status).reason(), "OUTCOME_UNKNOWN");
  EXPECT_GT(DelayMsIn(status), 0);
}

TEST(ApiStatusTest, WhatIsAwayTellsWhenToComeBackWhoeverSaidSo) {
  EXPECT_EQ(DelayMsIn(ToGrpc(absl::UnavailableError("commit: connection lost"))), 200);
  EXPECT_EQ(DelayMsIn(ToGrpc(runtime::OverloadError("inbox_max", "start a workflow"))), 100);
}

TEST(ApiStatusTest, WhatIsTooLargeIsNotToBeRepeated) {
  const absl::Status too_large = absl::ResourceExhaustedError("input: 2097152 bytes");
  EXPECT_EQ(DelayMsIn(ToGrpc(too_large)), 0);
  EXPECT_EQ(DelayMsIn(ToGrpc(absl::NotFoundError("no such workflow"))), 0);
}

}  // namespace
}  // namespace skald::grpc_edge
