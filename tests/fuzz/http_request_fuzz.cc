// Fuzzer of HTTP steps: an input and, behind a line feed, a reply. What is asked for stays on its
// lines and in its bounds; what becomes of the reply is JSON.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/core/json_check.h"
#include "engine/http_call/http_reply.h"
#include "engine/http_call/http_request.h"

namespace skald {
namespace {

constexpr std::size_t kBodyBytesMax = 4'096;

void RunRequest(std::string_view input) {
  if (!core::CheckJsonObject(input).ok()) return;
  ports::RunnerTask task;
  task.step_key = "key";
  task.input = core::Payload(std::string(input));
  const auto request = http_call::ParseRequest(task, kBodyBytesMax);
  if (!request.ok()) return;
  CHECK(!request->uri.empty());
  CHECK(!request->method.empty());
  CHECK(request->body.size() <= kBodyBytesMax);
  CHECK(request->read_timeout_ms > 0);
  for (const auto& [name, value] : request->headers) {
    CHECK(name.find_first_of("\r\n: ") == std::string::npos);
    CHECK(value.find_first_of("\r\n") == std::string::npos);
  }
}

void RunReply(std::string_view text) {
  http_call::HttpReply reply;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (!reply.AddHeaderLine(text.substr(0, end))) break;
    text.remove_prefix(end);
    if (text.starts_with("\r\n")) break;
  }
  reply.AddBody(text, kBodyBytesMax);
  CHECK(core::CheckJsonObject(reply.ToOutput()).ok());
  const auto result = http_call::ResultOf(reply, false, false, false);
  CHECK(core::CheckJsonObject(result.output.text()).ok());
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t split = text.find('\n');
  skald::RunRequest(text.substr(0, split));
  if (split != std::string_view::npos) skald::RunReply(text.substr(split + 1));
  return 0;
}
