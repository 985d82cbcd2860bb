// TestService of skald.v1 over a ports::Rehearser. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include "engine/grpc/blocking_pool.h"
#include "engine/ports/rehearsal.h"
#include "skald/v1/test.grpc.pb.h"

namespace skald::grpc_edge {

void ToProto(const ports::RehearsalReport& report, v1::TestWorkflowResponse& message);

class TestServiceImpl final : public v1::TestService::CallbackService {
 public:
  // Both outlive the service.
  TestServiceImpl(ports::Rehearser& rehearser, BlockingPool& pool)
      : rehearser_(rehearser), pool_(pool) {}

  grpc::ServerUnaryReactor* TestWorkflow(grpc::CallbackServerContext* context,
                                         const v1::TestWorkflowRequest* request,
                                         v1::TestWorkflowResponse* response) override;

 private:
  ports::Rehearser& rehearser_;
  BlockingPool& pool_;
};

}  // namespace skald::grpc_edge
