#include "engine/http/status_pages.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace skald::http {
namespace {

constexpr char kJson[] = "application/json";

// `text` as a JSON string.
std::string Quoted(absl::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result.push_back('\\');
      result.push_back(c);
    } else {
      result.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
  }
  result.push_back('"');
  return result;
}

}  // namespace

HttpHandler StatusPages(StatusSources sources) {
  return [sources = std::move(sources)](const HttpRequest& request) -> HttpResponse {
    if (request.path == "/health") return {200, kJson, "{\"status\":\"UP\"}\n"};
    if (request.path == "/metrics") {
      return {200, "text/plain; version=0.0.4; charset=utf-8", sources.metrics()};
    }
    if (request.path == "/ready") {
      const absl::Status ready = sources.ready();
      if (ready.ok()) return {200, kJson, "{\"status\":\"READY\"}\n"};
      return {
          503, kJson,
          absl::StrCat("{\"status\":\"NOT_READY\",\"reason\":", Quoted(ready.message()), "}\n")};
    }
    return {404, kJson,
            "{\"message\":\"no such page: /health, /ready and /metrics are served\"}\n"};
  };
}

}  // namespace skald::http
