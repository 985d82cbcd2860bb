// HttpRunner: runs HTTP steps with libcurl, all on one thread (conductor.md 2.15).
//
// A call connects only where the egress policy lets it, asked again at each redirect and at each
// connection with the address that is really connected to. https is verified. Connections are kept
// and used again, within the bounds of HttpOptions. Environment proxies are not used.
//
// What a failed attempt did is told from the wire (saga.md 2.3): nothing handed to a connection,
// or 4xx: NONE. Handed over and no whole reply, or 5xx: UNKNOWN. Reads (GET, HEAD, OPTIONS, TRACE)
// that fail did nothing. A POST or PATCH is handed to one connection only; libcurl's own repetition
// on a connection that turned out dead is let through for idempotent methods alone.
//
// Redirects: 301, 302, 303 turn a POST into a GET (303 turns all but HEAD); 307 and 308 repeat it.
// Credentials (Authorization, Cookie) do not go along to another origin.
//
// Thread-safe. `done` is called on the runner's thread, or within Run() when the runner is
// stopping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/egress_policy.h"
#include "engine/ports/task_runner.h"

namespace skald::http_call {

struct HttpOptions {
  base::EgressPolicy egress;
  std::size_t calls_max = 1'000;         // at once, waiting ones too: Capacity()
  std::size_t calls_per_host_max = 100;  // at once to one scheme://host:port; more wait
  std::size_t idle_connections_max = 256;
  std::size_t request_bytes_max = 10 << 20;  // body
  std::size_t response_bytes_max = 1 << 20;  // body, after decompression
  std::size_t redirects_max = 10;
  std::int64_t attempt_ms_default = 600'000;  // of a task that names no bound
  std::string ca_file;                        // PEM; empty: the system's
  std::string user_agent = "skald";
};

class HttpLoop;

class HttpRunner final : public ports::TaskRunner {
 public:
  // INTERNAL: libcurl could not be set up.
  static absl::StatusOr<std::unique_ptr<HttpRunner>> Start(HttpOptions options);
  ~HttpRunner() override;

  std::vector<std::string> TaskTypes() const override { return {"HTTP"}; }
  std::size_t Capacity() const override;
  void Run(ports::RunnerTask task, Done done) override;
  void Cancel(std::string_view task_id) override;

 private:
  explicit HttpRunner(std::unique_ptr<HttpLoop> loop);
  std::unique_ptr<HttpLoop> loop_;
};

}  // namespace skald::http_call
