// GRPC steps over TLS: who is trusted, and who they say they are.
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/check.h"
#include "engine/grpc_call/grpc_runner.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/support/test_certificates.h"
#include "tests/unit/grpc_call/echo_server.h"

namespace skald::grpc_call {
namespace {

using core::Effect;
using core::TaskStatus;
using ::skald::testing::TestCertificates;

std::shared_ptr<grpc::ServerCredentials> Credentials(const TestCertificates& files, bool mutual) {
  grpc::SslServerCredentialsOptions options(
      mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
             : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_root_certs = TestCertificates::Read(files.ca_file());
  options.pem_key_cert_pairs.push_back({TestCertificates::Read(files.server_key_file()),
                                        TestCertificates::Read(files.server_cert_file())});
  return grpc::SslServerCredentials(options);
}

ports::RunnerResult Call(const TestCertificates& files, const EchoServer& server,
                         const std::string& host, const std::string& tls) {
  auto policy = base::EgressPolicy::Parse({.allow = {}, .deny = {}, .loopback = true});
  CHECK(policy.ok());
  GrpcOptions options;
  options.egress = *policy;
  options.tls_profiles = {{.name = "one-way", .ca_file = files.ca_file()},
                          {.name = "mutual",
                           .ca_file = files.ca_file(),
                           .cert_file = files.client_cert_file(),
                           .key_file = files.client_key_file()}};
  auto runner = GrpcRunner::Start(std::move(options));
  CHECK(runner.ok());
  ports::RunnerTask task;
  task.task_id = "t.1";
  task.input = core::Payload(fmt::format(
      R"({{"target":"{}:{}","method":"test.v1.Shop/Buy","tls":{}}})", host, server.port(), tls));
  std::promise<ports::RunnerResult> promise;
  (*runner)->Run(std::move(task),
                 [&promise](ports::RunnerResult result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

TEST(GrpcTlsTest, ProfileNamesWhomToTrust) {
  const TestCertificates files;
  EchoServer server({.credentials = Credentials(files, false)});
  const auto trusted = Call(files, server, "localhost", R"("one-way")");
  EXPECT_EQ(trusted.status, TaskStatus::kCompleted) << trusted.reason;
  for (const char* tls : {"true", "false"}) {
    const auto refused = Call(files, server, "localhost", tls);
    EXPECT_EQ(refused.status, TaskStatus::kFailed) << tls;
    EXPECT_EQ(refused.effect, Effect::kNone) << tls;
  }
  EXPECT_EQ(server.calls(), 1);
}

TEST(GrpcTlsTest, CertificateHasToNameTheTarget) {
  const TestCertificates files;
  EchoServer server({.credentials = Credentials(files, false), .address = "127.0.0.2:0"});
  const auto refused = Call(files, server, "127.0.0.2", R"("one-way")");
  EXPECT_EQ(refused.status, TaskStatus::kFailed);
  EXPECT_EQ(refused.effect, Effect::kNone);
  EXPECT_EQ(server.calls(), 0);
}

TEST(GrpcTlsTest, ClientShowsItsCertificate) {
  const TestCertificates files;
  EchoServer server({.credentials = Credentials(files, true)});
  const auto known = Call(files, server, "localhost", R"("mutual")");
  EXPECT_EQ(known.status, TaskStatus::kCompleted) << known.reason;
  const auto unknown = Call(files, server, "localhost", R"("one-way")");
  EXPECT_EQ(unknown.status, TaskStatus::kFailed);
  EXPECT_EQ(server.calls(), 1);
}

}  // namespace
}  // namespace skald::grpc_call
