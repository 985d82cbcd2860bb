// WireServer: an HTTP server of a test that decides about every byte: it may answer, cut, or keep
// silent.
//
// Handlers run on the server's one thread. Thread-safe otherwise. The destructor closes everything.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace skald::http_call {

using WireRequest = boost::beast::http::request<boost::beast::http::string_body>;

struct WireReply {
  std::string bytes;    // sent as they are
  bool close = false;   // then the connection is cut
  bool silent = false;  // instead: nothing is sent, the connection stays
};

inline WireReply Reply(int status, const std::string& body, const std::string& headers = "") {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body};
}

class WireServer {
 public:
  using Handler = std::function<WireReply(const WireRequest&)>;

  explicit WireServer(Handler handler)
      : handler_(std::move(handler)),
        acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()) {
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~WireServer() {
    context_.stop();
    thread_.join();
  }

  int port() const { return port_; }
  std::string Url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int connections() const { return connections_; }
  int requests() const { return requests_; }

 private:
  struct Session : std::enable_shared_from_this<Session> {
    Session(boost::asio::ip::tcp::socket socket_in, WireServer& server_in)
        : socket(std::move(socket_in)), server(server_in) {}

    void Read() {
      parser.emplace();
      parser->body_limit(64 << 20);
      boost::beast::http::async_read(socket, buffer, *parser,
                                     [self = shared_from_this()](auto error, std::size_t) {
                                       if (!error) self->Answer();
                                     });
    }
    void Answer() {
      ++server.requests_;
      WireReply reply = server.handler_(parser->get());
      if (reply.silent) {
        server.silent_.push_back(shared_from_this());
        return;
      }
      bytes = std::move(reply.bytes);
      boost::asio::async_write(
          socket, boost::asio::buffer(bytes),
          [self = shared_from_this(), close = reply.close](auto error, std::size_t) {
            if (!error && !close) self->Read();
          });
    }

    boost::asio::ip::tcp::socket socket;
    WireServer& server;
    boost::beast::flat_buffer buffer;
    std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser;
    std::string bytes;
  };

  void Accept() {
    acceptor_.async_accept([this](auto error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      ++connections_;
      std::make_shared<Session>(std::move(socket), *this)->Read();
      Accept();
    });
  }

  Handler handler_;
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  boost::asio::io_context context_;
  std::vector<std::shared_ptr<Session>> silent_;  // the server's thread; shared as sessions are
  boost::asio::ip::tcp::acceptor acceptor_;
  int port_;
  std::thread thread_;
};

}  // namespace skald::http_call
