// TimersClient: has an engine wait for many moments, and looks how late it was at each.
//
// Lateness is from the due time that the engine stored to the moment at which this process hears
// of what followed: decided, made durable, told. Both are on this machine's clock. How late the
// decision itself was is told apart, from the times in the history.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/control.h"

namespace skald::bench {

// What becomes due. Each workflow holds one timer and ends by it.
enum class TimerKind : std::uint8_t {
  kWait,             // a WAIT step
  kPollTimeout,      // a task that nobody takes
  kWorkflowTimeout,  // timeoutSeconds of the workflow
};

class TimersClient {
 public:
  explicit TimersClient(const std::string& address);

  // `count` timers that are due within the same second. Figures: count, late_min_ms, late_p50_ms,
  // late_p99_ms, late_max_ms, decided_max_ms, early (how many were told, or decided, before they
  // were due). DEADLINE_EXCEEDED when some are not told within two minutes.
  absl::StatusOr<Report> Burst(TimerKind kind, std::uint32_t count);
  // The same of timers that are due one after the other.
  absl::StatusOr<Report> Singles(TimerKind kind, std::uint32_t count);

 private:
  absl::StatusOr<Report> Run(TimerKind kind, const std::vector<std::uint32_t>& batches,
                             std::uint32_t pause_ms, bool same_second);

  std::shared_ptr<grpc::Channel> channel_;
  std::uint32_t runs_ = 0;
};

}  // namespace skald::bench
