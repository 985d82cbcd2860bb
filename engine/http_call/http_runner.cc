#include "engine/http_call/http_runner.h"

#include <curl/curl.h>

#include <utility>

#include "engine/http_call/http_loop.h"

namespace skald::http_call {

absl::StatusOr<std::unique_ptr<HttpRunner>> HttpRunner::Start(HttpOptions options) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return absl::InternalError("libcurl could not be set up");
  }
  std::unique_ptr<CURLM, MultiDeleter> multi(curl_multi_init());
  if (multi == nullptr) return absl::InternalError("libcurl gave no multi handle");
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS,
                    static_cast<long>(options.idle_connections_max));
  return std::unique_ptr<HttpRunner>(
      new HttpRunner(std::make_unique<HttpLoop>(std::move(options), std::move(multi))));
}

HttpRunner::HttpRunner(std::unique_ptr<HttpLoop> loop) : loop_(std::move(loop)) {}

HttpRunner::~HttpRunner() = default;

std::size_t HttpRunner::Capacity() const { return loop_->options().calls_max; }

void HttpRunner::Run(ports::RunnerTask task, Done done) {
  loop_->Post(std::move(task), std::move(done));
}

void HttpRunner::Cancel(std::string_view task_id) { loop_->Cancel(task_id); }

}  // namespace skald::http_call
