// LocalPort: a TCP port of this machine that is closed, or takes connections and says nothing.
//
// Single-threaded from the test's side.
#pragma once

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio.hpp>

namespace skald::grpc_call {

class LocalPort {
 public:
  enum Mood { kClosed, kSilent, kClosesAtOnce };

  explicit LocalPort(Mood mood = kClosed)
      : mood_(mood),
        acceptor_(std::in_place, context_,
                  boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)),
        port_(acceptor_->local_endpoint().port()) {
    if (mood == kClosed) {
      acceptor_.reset();
      return;
    }
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~LocalPort() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void Accept() {
    acceptor_->async_accept([this](auto error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      if (mood_ == kSilent) held_.push_back(std::move(socket));
      Accept();
    });
  }

  const Mood mood_;
  boost::asio::io_context context_;
  std::vector<boost::asio::ip::tcp::socket> held_;
  std::optional<boost::asio::ip::tcp::acceptor> acceptor_;
  int port_;
  std::thread thread_;
};

}  // namespace skald::grpc_call
