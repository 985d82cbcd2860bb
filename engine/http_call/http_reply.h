// HttpReply: what came back, and what it means for the task (conductor.md 2.15, saga.md 2.3).
//
// Pure, single-threaded. Fed by the transfer while the reply arrives, within named bounds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ports/task_runner.h"

namespace skald::http_call {

class HttpReply {
 public:
  // A status line begins the reply anew: an earlier one was 1xx. False: the bound of limits.h.
  bool AddHeaderLine(std::string_view line);
  // False: longer than `bytes_max`.
  bool AddBody(std::string_view bytes, std::size_t bytes_max);
  void Clear() { *this = HttpReply(); }

  int status() const { return status_; }
  const std::string& body() const { return body_; }
  // "OK"; of a reply without one the standard's.
  std::string Reason() const;
  // {"response":{"statusCode":…,"reasonPhrase":…,"headers":{name:[…]},"body":…}}
  std::string ToOutput() const;
  // "404 Not Found: \"…\"", as the reference words a refusal; the body is cut.
  std::string Refusal() const;

 private:
  int status_ = 0;
  std::string reason_;
  std::size_t header_bytes_ = 0;
  std::vector<std::pair<std::string, std::vector<std::string>>> headers_;  // in order of arrival
  std::string body_;
};

// The body as a JSON value: objects and arrays as they are, a number as a double, else a string;
// null when there is none.
std::string BodyValue(std::string_view body);

// A task that failed before or without a whole reply; also its output {"response": why}.
ports::RunnerResult FailedResult(core::TaskStatus status, core::Effect effect, std::string why);

// How a whole reply ends the task. `safe`: the request only asked. `asked_before`: an earlier
// request of this attempt may have done something (a POST that was answered with 303).
ports::RunnerResult ResultOf(const HttpReply& reply, bool safe, bool asked_before,
                             bool async_complete);

}  // namespace skald::http_call
