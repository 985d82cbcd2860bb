// The pages of the HTTP port: /health, /ready and /metrics.
//
// /health: 200 as long as the process answers. /ready: 200 only while the node holds its lease, its
// shards are loaded and the database answers; else 503 and why. /metrics: Prometheus text.
// Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "engine/http/http_server.h"

namespace skald::http {

struct StatusSources {
  std::function<absl::Status()> ready;   // may block for some seconds
  std::function<std::string()> metrics;  // Prometheus text format 0.0.4
};

HttpHandler StatusPages(StatusSources sources);

}  // namespace skald::http
