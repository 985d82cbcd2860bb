// Refusals: what this node does not take because a bound is met: counted, told in the log,
// answered.
//
// The log gets at most one line per kRefusalLineUs, whatever the limit, with the number of refusals
// since the last: a flood of requests must not become one of lines. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "engine/core/types.h"
#include "engine/ports/clock.h"
#include "engine/ports/metrics.h"

namespace skald::runtime {

class Refusals {
 public:
  // Both outlive it.
  Refusals(ports::Metrics& metrics, const ports::Clock& clock) : metrics_(metrics), clock_(clock) {}

  // `limit` is the name of the bound, a constant; `what` is what was asked for.
  void Note(std::string_view limit, std::string_view what);
  // Notes it, and returns what to answer: RESOURCE_EXHAUSTED with a retry delay.
  absl::Status Refuse(std::string_view limit, std::string_view what);

 private:
  ports::Metrics& metrics_;
  const ports::Clock& clock_;
  std::atomic<std::uint64_t> untold_ = 0;
  std::atomic<core::TimeUs> next_line_at_ = 0;
};

}  // namespace skald::runtime
