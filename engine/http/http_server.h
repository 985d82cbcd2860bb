// HttpServer: a small HTTP/1.1 server for GET requests: health, readiness, metrics.
//
// Start binds and listens, so that an address in use is an error at once. Handlers run on the
// server's own threads and may block; the destructor (or Stop) ends all connections and joins.
// Bounds: connections, header bytes, seconds a connection may be silent (HttpOptions). A connection
// beyond the bound is closed. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace skald::http {

struct HttpRequest {
  std::string method;  // "GET", "HEAD"
  std::string path;    // without the query
  std::string query;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpOptions {
  std::string address = "127.0.0.1:8080";  // host:port; port 0 takes a free one
  std::size_t threads = 2;
  std::size_t connections_max = 10'000;
  std::size_t header_bytes_max = 16 * 1024;
  int silent_seconds_max = 30;
};

class HttpServer {
 public:
  // INVALID_ARGUMENT: not an address. UNAVAILABLE: it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpOptions options,
                                                           HttpHandler handler);
  ~HttpServer();

  int port() const;
  // Idempotent.
  void Stop();

 private:
  struct Listener;
  explicit HttpServer(std::shared_ptr<Listener> listener);
  std::shared_ptr<Listener> listener_;  // shared with its pending accept
};

}  // namespace skald::http
