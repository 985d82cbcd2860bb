// TestService: what a call hands to the rehearser, and what comes back.
#include "engine/grpc/test_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace skald::grpc_edge {
namespace {

class FakeRehearser final : public ports::Rehearser {
 public:
  absl::StatusOr<ports::RehearsalReport> Rehearse(const ports::RehearsalRequest& given) override {
    request = given;
    return answer;
  }

  ports::RehearsalRequest request;
  absl::StatusOr<ports::RehearsalReport> answer;
};

class TestServiceTest : public ::testing::Test {
 protected:
  TestServiceTest() : pool_(1, 10), service_(rehearser_, pool_) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::TestService::NewStub(server_->InProcessChannel({}));
  }
  ~TestServiceTest() override { server_->Shutdown(); }

  grpc::Status Call(const v1::TestWorkflowRequest& request) {
    grpc::ClientContext context;
    return stub_->TestWorkflow(&context, request, &response_);
  }

  FakeRehearser rehearser_;
  BlockingPool pool_;
  TestServiceImpl service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TestService::Stub> stub_;
  v1::TestWorkflowResponse response_;
};

TEST_F(TestServiceTest, ReportComesBackWhole) {
  ports::RehearsalReport report;
  report.passed = true;
  report.warnings = {"w"};
  report.status = core::WorkflowStatus::kFailed;
  report.saga_status = core::SagaStatus::kCompensated;
  report.output = "{}";
  report.executed = {"a", "b"};
  report.undone = {"a"};
  report.virtual_us = 7;
  report.timeline = {{.at_us = 5,
                      .workflow = "order",
                      .workflow_id = "id",
                      .seq = 2,
                      .event = "TaskFailed",
                      .operation = "ACTION",
                      .reference = "b",
                      .attempt = 1,
                      .result = "effect NONE"}};
  rehearser_.answer = report;
  v1::TestWorkflowRequest request;
  request.set_definition("{1}");
  request.set_mocks("{2}");
  request.add_definitions("{3}");
  request.set_name("order");
  request.set_version(4);
  ASSERT_TRUE(Call(request).ok());
  EXPECT_EQ(rehearser_.request.name_space, "default");
  EXPECT_EQ(rehearser_.request.definition, "{1}");
  EXPECT_EQ(rehearser_.request.mocks, "{2}");
  EXPECT_EQ(rehearser_.request.name, "order");
  EXPECT_EQ(rehearser_.request.version, 4);
  EXPECT_THAT(rehearser_.request.definitions, ::testing::ElementsAre("{3}"));
  EXPECT_TRUE(response_.passed());
  EXPECT_EQ(response_.status(), v1::WORKFLOW_STATUS_FAILED);
  EXPECT_EQ(response_.saga_status(), v1::SAGA_STATUS_COMPENSATED);
  EXPECT_EQ(response_.executed_size(), 2);
  ASSERT_EQ(response_.timeline_size(), 1);
  EXPECT_EQ(response_.timeline(0).event(), "TaskFailed");
  EXPECT_EQ(response_.timeline(0).attempt(), 1);
}

TEST_F(TestServiceTest, ErrorsKeepTheirCodes) {
  rehearser_.answer = absl::FailedPreconditionError("'a' has no mock");
  const grpc::Status status = Call({});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "'a' has no mock");
  v1::TestWorkflowRequest bad;
  bad.set_namespace_("no such/name");
  EXPECT_EQ(Call(bad).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace skald::grpc_edge
