// HTTP steps over TLS: the server has to be who it says.
#include <openssl/ssl.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "engine/base/check.h"
#include "engine/http_call/http_runner.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/support/test_certificates.h"
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

namespace skald::http_call {
namespace {

using core::Effect;
using core::TaskStatus;
using ::skald::testing::TestCertificates;
namespace asio = boost::asio;

// Answers each connection with one reply.
class TlsServer {
 public:
  explicit TlsServer(const TestCertificates& files)
      : tls_(asio::ssl::context::tls_server),
        acceptor_(context_, {asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()) {
    tls_.use_certificate_chain_file(files.server_cert_file());
    tls_.use_private_key_file(files.server_key_file(), asio::ssl::context::pem);
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~TlsServer() {
    context_.stop();
    thread_.join();
  }
  int port() const { return port_; }

 private:
  struct Peer {
    Peer(asio::ip::tcp::socket socket, asio::ssl::context& tls) : stream(std::move(socket), tls) {}
    asio::ssl::stream<asio::ip::tcp::socket> stream;
    std::string request;
  };

  void Accept() {
    acceptor_.async_accept([this](auto error, asio::ip::tcp::socket socket) {
      if (error) return;
      // Shared by the operations on it.
      auto peer = std::make_shared<Peer>(std::move(socket), tls_);
      peer->stream.async_handshake(asio::ssl::stream_base::server,
                                   [peer](auto failed) { Read(peer, failed); });
      Accept();
    });
  }

  // The whole request first: a connection that is closed with bytes unread is reset, and the reply
  // may be lost with it. The peer closes.
  static void Read(const std::shared_ptr<Peer>& peer, boost::system::error_code failed) {
    if (failed) return;
    asio::async_read_until(peer->stream, asio::dynamic_buffer(peer->request), "\r\n\r\n",
                           [peer](auto error, std::size_t bytes) {
                             if (error) return;
                             peer->request.erase(0, bytes);
                             Reply(peer);
                           });
  }
  static void Reply(const std::shared_ptr<Peer>& peer) {
    asio::async_write(peer->stream, asio::buffer(kReply, sizeof(kReply) - 1),
                      [peer](auto error, std::size_t) { Read(peer, error); });
  }

  static constexpr char kReply[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
  asio::io_context context_;
  asio::ssl::context tls_;
  asio::ip::tcp::acceptor acceptor_;
  int port_;
  std::thread thread_;
};

ports::RunnerResult Call(const std::string& ca_file, const std::string& host, int port) {
  auto policy = base::EgressPolicy::Parse({.allow = {}, .deny = {}, .loopback = true});
  CHECK(policy.ok());
  HttpOptions options;
  options.egress = *policy;
  options.ca_file = ca_file;
  auto runner = HttpRunner::Start(std::move(options));
  CHECK(runner.ok());
  ports::RunnerTask task;
  task.input =
      core::Payload(fmt::format(R"({{"method":"POST","uri":"https://{}:{}/"}})", host, port));
  std::promise<ports::RunnerResult> promise;
  (*runner)->Run(std::move(task),
                 [&promise](ports::RunnerResult result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

TEST(HttpTlsTest, TrustedServerIsCalled) {
  const TestCertificates files;
  const TlsServer server(files);
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const auto result = Call(files.ca_file(), host, server.port());
    EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  }
}

TEST(HttpTlsTest, UnknownAuthorityIsRefusedBeforeAnythingIsSent) {
  const TestCertificates files;
  const TestCertificates others;
  const TlsServer server(files);
  for (const std::string& ca_file : {std::string(), others.ca_file()}) {
    const auto result = Call(ca_file, "localhost", server.port());
    EXPECT_EQ(result.status, TaskStatus::kFailed);
    EXPECT_EQ(result.effect, Effect::kNone) << result.reason;
  }
}

TEST(HttpTlsTest, CertificateHasToNameTheHost) {
  const TestCertificates files;
  const TlsServer server(files);
  // Another name of the same address.
  const auto result = Call(files.ca_file(), "127.1", server.port());
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  const auto other = Call(files.ca_file(), "[::ffff:127.0.0.1]", server.port());
  EXPECT_EQ(other.status, TaskStatus::kFailed);
  EXPECT_EQ(other.effect, Effect::kNone) << other.reason;
}

}  // namespace
}  // namespace skald::http_call
