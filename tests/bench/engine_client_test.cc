#include "tests/bench/engine_client.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "skald/v1/workflow.grpc.pb.h"

namespace skald::bench {
namespace {

constexpr std::chrono::milliseconds kShort(200);

// A server whose port is open and which serves when it is told to, as an engine that comes up.
class Early {
 public:
  Early() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~Early() { server_->Shutdown(std::chrono::system_clock::now()); }

  void SetServing(bool serving) {
    server_->GetHealthCheckService()->SetServingStatus(v1::WorkflowService::service_full_name(),
                                                       serving);
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  v1::WorkflowService::Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(EngineClientTest, OpenPortIsNoServingEngine) {
  Early server;
  // Nothing is said of the service yet, though the server as a whole counts as serving.
  EXPECT_EQ(AwaitServing(server.address(), kShort).code(), absl::StatusCode::kDeadlineExceeded);
  server.SetServing(false);
  const absl::Status status = AwaitServing(server.address(), kShort);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(status.message().find(server.address()), std::string::npos) << status;
}

TEST(EngineClientTest, WaitsUntilTheEngineServes) {
  Early server;
  server.SetServing(false);
  absl::Status status = absl::UnknownError("not asked");
  std::thread waiting([&] { status = AwaitServing(server.address()); });
  server.SetServing(true);
  waiting.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(EngineClientTest, NobodyThereIsToldInTime) {
  EXPECT_EQ(AwaitServing("127.0.0.1:1", kShort).code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace skald::bench
