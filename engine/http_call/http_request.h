// HttpRequest: what the input of an HTTP step asks for (conductor.md 2.15).
//
// Pure. The request stands under `http_request` or in the input itself:
//
//   uri, method        required
//   headers            name -> value or list of values
//   accept             string or list, default application/json
//   contentType        default application/json
//   body               text as it is; objects as a form when contentType says so, else as JSON
//   connectionTimeOut, readTimeOut   milliseconds; absent, null or not positive: 3000
//   asyncComplete      true: success leaves the task open
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/ports/task_runner.h"

namespace skald::http_call {

struct HttpRequest {
  std::string uri;
  std::string method;                                        // upper case
  std::vector<std::pair<std::string, std::string>> headers;  // as they are sent, in order
  std::string body;
  bool has_body = false;
  std::int64_t connect_timeout_ms = 0;
  std::int64_t read_timeout_ms = 0;
  bool async_complete = false;

  // Whether it asks for nothing but an answer (RFC 9110 9.2.1), so that failing did nothing.
  bool IsSafe() const;
  // Whether sending it twice is sending it once (RFC 9110 9.2.2).
  bool IsIdempotent() const;
};

// INVALID_ARGUMENT: with the words of the reference where it has some.
// RESOURCE_EXHAUSTED: the body is longer than `body_bytes_max`, or a bound of limits.h.
absl::StatusOr<HttpRequest> ParseRequest(const ports::RunnerTask& task, std::size_t body_bytes_max);

}  // namespace skald::http_call
