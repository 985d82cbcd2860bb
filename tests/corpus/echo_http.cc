#include "tests/corpus/echo_http.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <boost/json.hpp>

namespace skald::corpus {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kBodyBytesMax = 16u << 20;

boost::json::object ArgumentsOf(std::string_view query) {
  boost::json::object arguments;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : "";
    arguments[{pair.data(), equals}] = boost::json::string_view(value.data(), value.size());
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return arguments;
}

boost::json::object HeadersOf(const Request& request) {
  boost::json::object headers = {{"Accept-Encoding", "gzip, x-gzip, deflate"},
                                 {"Connection", "keep-alive"},
                                 {"User-Agent", "Apache-HttpClient/5.5.2 (Java/25.0.3)"}};
  for (const auto& field : request) {
    const std::string name(field.name_string());
    // Ours alone (docs/conductor-differences.md).
    if (name == "Idempotency-Key") continue;
    if (!headers.contains(name)) headers[name] = std::string(field.value());
  }
  return headers;
}

Response AnswerTo(const Request& request) {
  const std::string target(request.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  boost::json::error_code error;
  boost::json::value json = boost::json::parse(request.body(), error);
  if (error) json = nullptr;
  const boost::json::object body = {
      {"method", std::string(request.method_string())},
      {"path", target.substr(0, mark)},
      {"args", ArgumentsOf(std::string_view(target).substr(std::min(mark + 1, target.size())))},
      {"headers", HeadersOf(request)},
      {"data", request.body()},
      {"json", json}};
  Response response(http::status::ok, request.version());
  response.set(http::field::content_type, "application/json");
  response.keep_alive(request.keep_alive());
  response.body() = boost::json::serialize(body);
  response.prepare_payload();
  return response;
}

asio::awaitable<void> Serve(asio::ip::tcp::socket socket) {
  beast::flat_buffer buffer;
  while (true) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kBodyBytesMax);
    const auto [read_error, read] = co_await http::async_read(socket, buffer, parser, kNoThrow);
    if (read_error) co_return;
    const Response response = AnswerTo(parser.get());
    const auto [write_error, written] = co_await http::async_write(socket, response, kNoThrow);
    if (write_error || !response.keep_alive()) co_return;
  }
}

asio::awaitable<void> Accept(asio::ip::tcp::acceptor& acceptor) {
  while (true) {
    auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
    if (error) co_return;
    asio::co_spawn(acceptor.get_executor(), Serve(std::move(socket)), asio::detached);
  }
}

}  // namespace

struct EchoHttp::Running {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread;
};

EchoHttp::EchoHttp() : running_(std::make_unique<Running>()) {
  asio::co_spawn(running_->context, Accept(running_->acceptor), asio::detached);
  running_->thread = std::thread([this] { running_->context.run(); });
}

EchoHttp::~EchoHttp() {
  running_->context.stop();
  running_->thread.join();
}

std::string EchoHttp::address() const {
  return fmt::format("127.0.0.1:{}", running_->acceptor.local_endpoint().port());
}

}  // namespace skald::corpus
