// Transfer: one attempt of an HTTP step, from its first request over its redirects to its result.
//
// Owned and driven by HttpLoop on its thread; single-threaded. Holds the libcurl handle of the
// request that is under way, and what the wire has seen so far.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/http_call/http_reply.h"
#include "engine/http_call/http_request.h"
#include "engine/http_call/http_runner.h"

namespace skald::http_call {

using MonotonicTime = std::chrono::steady_clock::time_point;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

class Transfer {
 public:
  // `options` outlives it.
  Transfer(const HttpOptions& options, ports::RunnerTask task, ports::TaskRunner::Done done,
           MonotonicTime now);

  // Reads the input and the address. A result: the task ends with it, nothing was sent.
  std::optional<ports::RunnerResult> Prepare();

  // Sets the handle up for the current request. REQUIRES: Prepare() or Redirect() was fine.
  std::optional<ports::RunnerResult> Open(MonotonicTime now);

  // The request ended. A result, or nothing: the reply leads elsewhere, which is the current
  // request from now on.
  std::optional<ports::RunnerResult> Close(CURLcode code);

  // The result, when `now` is past a bound.
  std::optional<ports::RunnerResult> Expired(MonotonicTime now) const;
  ports::RunnerResult Canceled(std::string_view why) const;

  // Whether it is handed to libcurl.
  bool is_open() const { return easy_ != nullptr; }
  // Expired() has no result before this time, whatever happens from `now` on.
  MonotonicTime NextDeadline(MonotonicTime now) const;

  CURL* easy() const { return easy_.get(); }
  const std::string& origin() const { return origin_; }  // "https://host:443"
  const std::string& task_id() const { return task_.task_id; }
  ports::TaskRunner::Done TakeDone() { return std::move(done_); }

 private:
  friend struct TransferCallbacks;  // what libcurl calls; in transfer.cc

  std::optional<ports::RunnerResult> SetUri(const std::string& uri);
  std::optional<ports::RunnerResult> Redirect(const std::string& location);
  ports::RunnerResult Fail(core::TaskStatus status, std::string why) const;
  std::chrono::milliseconds ReadTimeout() const;
  // What a request that has no whole reply did.
  core::Effect EffectSoFar() const;
  void SetConnectionOptions();
  void SetRequestOptions();

  const HttpOptions& options_;
  ports::RunnerTask task_;
  ports::TaskRunner::Done done_;
  HttpRequest request_;

  // the current request
  std::string uri_;
  std::string origin_;
  std::string host_;  // without brackets
  std::uint16_t port_ = 0;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::unique_ptr<curl_slist, ListDeleter> header_lines_;
  std::string error_text_;  // libcurl writes into it
  std::size_t body_at_ = 0;
  HttpReply reply_;

  // what happened
  std::size_t redirects_ = 0;
  bool handed_over_ = false;   // the current request was given to a connection
  bool asked_before_ = false;  // an earlier, unsafe request may have been carried out
  std::string refused_;        // why a callback stopped the request; a repetition would not help
  MonotonicTime last_activity_;
  MonotonicTime deadline_;
};

}  // namespace skald::http_call
