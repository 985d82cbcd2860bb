#include "engine/http/http_server.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace skald::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using Message = beast::http::response<beast::http::string_body>;

HttpRequest ToRequest(const beast::http::request<beast::http::empty_body>& message) {
  const std::string target(message.target().data(), message.target().size());
  const std::size_t mark = target.find('?');
  HttpRequest request;
  request.method = std::string(message.method_string().data(), message.method_string().size());
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  return request;
}

// One connection. Keeps itself alive through its pending operation.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Tcp::socket socket, const HttpOptions& options, const HttpHandler& handler,
          std::shared_ptr<std::atomic<std::size_t>> connections)
      : stream_(std::move(socket)),
        options_(options),
        handler_(handler),
        connections_(std::move(connections)) {
    ++*connections_;
  }
  ~Session() { --*connections_; }

  void Read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
    stream_.expires_after(std::chrono::seconds(options_.silent_seconds_max));
    beast::http::async_read(stream_, buffer_, *parser_,
                            beast::bind_front_handler(&Session::OnRead, shared_from_this()));
  }

 private:
  void OnRead(beast::error_code error, std::size_t) {
    if (error == beast::http::error::end_of_stream || error == beast::error::timeout) {
      Close();
      return;
    }
    if (error == beast::http::error::header_limit) {
      Write({431, "text/plain; charset=utf-8", "header_bytes_max: the header is too long\n"},
            false);
      return;
    }
    if (error) {
      if (error.category() == make_error_code(beast::http::error::end_of_stream).category()) {
        Write({400, "text/plain; charset=utf-8",
               absl::StrCat("malformed request: ", error.message(), "\n")},
              false);
      }
      return;
    }
    const auto& message = parser_->get();
    const HttpRequest request = ToRequest(message);
    const bool known = request.method == "GET" || request.method == "HEAD";
    HttpResponse response =
        known ? handler_(request)
              : HttpResponse{405, "text/plain; charset=utf-8", "only GET and HEAD are served\n"};
    if (request.method == "HEAD") response.body.clear();
    Write(std::move(response), message.keep_alive());
  }

  void Write(HttpResponse response, bool keep_alive) {
    message_ = Message();
    message_.version(11);
    message_.result(static_cast<unsigned>(response.status));
    message_.set(beast::http::field::content_type, response.content_type);
    message_.keep_alive(keep_alive);
    message_.body() = std::move(response.body);
    message_.prepare_payload();
    beast::http::async_write(
        stream_, message_,
        beast::bind_front_handler(&Session::OnWrite, shared_from_this(), keep_alive));
  }

  void OnWrite(bool keep_alive, beast::error_code error, std::size_t) {
    if (error || !keep_alive) {
      Close();
      return;
    }
    Read();
  }

  void Close() {
    beast::error_code ignored;  // the peer may be gone already; there is nobody left to tell
    stream_.socket().shutdown(Tcp::socket::shutdown_both, ignored);
  }

  beast::tcp_stream stream_;
  const HttpOptions& options_;
  const HttpHandler& handler_;
  std::shared_ptr<std::atomic<std::size_t>> connections_;  // shared by all sessions
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::empty_body>> parser_;
  Message message_;
};

absl::StatusOr<Tcp::endpoint> ToEndpoint(const std::string& address, asio::io_context& context) {
  const std::size_t colon = address.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port > 65'535) {
    return absl::InvalidArgumentError(
        absl::StrCat("http address: ", address, ": host:port expected"));
  }
  beast::error_code error;
  Tcp::resolver resolver(context);
  const auto found = resolver.resolve(address.substr(0, colon), std::to_string(port),
                                      Tcp::resolver::passive, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("http address: ", address, ": ", error.message()));
  }
  return found.begin()->endpoint();
}

}  // namespace

struct HttpServer::Listener : std::enable_shared_from_this<HttpServer::Listener> {
  Listener(HttpOptions options_in, HttpHandler handler_in)
      : options(std::move(options_in)), handler(std::move(handler_in)) {}

  absl::Status Listen() {
    auto endpoint = ToEndpoint(options.address, context);
    if (!endpoint.ok()) return endpoint.status();
    beast::error_code error;
    acceptor.open(endpoint->protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("http: cannot listen on ", options.address, ": ", error.message()));
    }
    port = acceptor.local_endpoint(error).port();
    return absl::OkStatus();
  }

  void Accept() {
    acceptor.async_accept(asio::make_strand(context),
                          [self = shared_from_this()](beast::error_code error, Tcp::socket socket) {
                            if (error == asio::error::operation_aborted) return;
                            if (!error && *self->connections < self->options.connections_max) {
                              std::make_shared<Session>(std::move(socket), self->options,
                                                        self->handler, self->connections)
                                  ->Read();
                            }
                            self->Accept();
                          });
  }

  const HttpOptions options;
  const HttpHandler handler;
  asio::io_context context;
  Tcp::acceptor acceptor{context};
  std::shared_ptr<std::atomic<std::size_t>> connections =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::vector<std::thread> threads;
  int port = 0;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpOptions options,
                                                              HttpHandler handler) {
  auto listener = std::make_shared<Listener>(std::move(options), std::move(handler));
  if (absl::Status status = listener->Listen(); !status.ok()) return status;
  listener->Accept();
  for (std::size_t i = 0; i < listener->options.threads; ++i) {
    listener->threads.emplace_back([raw = listener.get()] { raw->context.run(); });
  }
  base::LogInfo("http.started", {{"address", listener->options.address}, {"port", listener->port}});
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

HttpServer::HttpServer(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}

HttpServer::~HttpServer() { Stop(); }

int HttpServer::port() const { return listener_->port; }

void HttpServer::Stop() {
  listener_->context.stop();
  for (std::thread& thread : listener_->threads) thread.join();
  listener_->threads.clear();
}

}  // namespace skald::http
