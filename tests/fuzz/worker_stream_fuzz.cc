// Fuzzer of what a worker sends: any bytes give a refusal or values within their bounds.
#include <cstddef>
#include <cstdint>

#include "engine/base/check.h"
#include "engine/core/limits.h"
#include "engine/grpc/worker_requests.h"

namespace skald {
namespace {

void CheckKey(const runtime::TaskKey& key) { CHECK(key.task != 0); }

void Run(const std::uint8_t* data, std::size_t size) {
  v1::WorkRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return;
  if (!grpc_edge::CheckBounds(request).ok()) return;
  if (request.has_hello()) {
    const auto hello = grpc_edge::ToHello(request.hello(), 30'000);
    if (hello.ok()) {
      CHECK(hello->credits >= 1 && hello->credits <= grpc_edge::kCreditsMax);
      CHECK(!hello->worker_id.empty() && !hello->task_types.empty());
      CHECK(hello->lease_us >= core::kSecondUs);
    }
  }
  if (const auto received = grpc_edge::ToReceived(request); received.ok()) {
    for (const runtime::TaskKey& key : *received) CheckKey(key);
  }
  if (const auto beats = grpc_edge::ToBeats(request); beats.ok()) {
    for (const runtime::Beat& beat : *beats) CHECK(beat.progress_percent <= 100);
  }
  const grpc_edge::ReadResults read = grpc_edge::ToResults(request);
  for (const runtime::Result& result : read.results) {
    CheckKey(result.task);
    CHECK(result.report.task == result.task.task && result.report.fence == result.task.fence);
    CHECK(result.report.trace.size() <= 2 * core::kTraceBytesMax + 1);
    CHECK(result.report.output.empty() || result.report.output.text().back() == '}' ||
          result.report.output.text().find('}') != std::string_view::npos);
  }
  CHECK(read.results.size() + read.refused.size() ==
        static_cast<std::size_t>(request.results_size()));
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skald::Run(data, size);
  return 0;
}
