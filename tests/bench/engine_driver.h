// EngineDriver: keeps a number of workflows at a time running on an engine, over its public API.
//
// Starts with StartMany, hears of ends over one Watch stream. Starts and ends are merged as they
// come, so that no call waits for another: at most kCallsMax calls of StartMany are in flight.
// Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/control.h"
#include "tests/bench/scenario.h"

namespace skald::bench {

class EngineDriver {
 public:
  static constexpr uint32_t kCallsMax = 4;
  static constexpr uint32_t kStartsPerCallMax = 1'000;

  // Waits until the engine at `address` serves (AwaitServing), registers the scenario's definitions
  // and begins the load.
  static absl::StatusOr<std::unique_ptr<EngineDriver>> Begin(const std::string& address,
                                                             const Scenario& scenario);
  // Ends the load; workflows in flight are left to the engine.
  virtual ~EngineDriver() = default;

  // workflows: ended as the scenario wants it, in all; unexpected: ended otherwise; refused: starts
  // put off because the engine was overloaded or not ready; failed: 1 when the load has stopped on
  // an error, told on standard error; p50_ms, p99_ms: start sent until end heard, since the last
  // report.
  virtual Report TakeReport() = 0;
};

}  // namespace skald::bench
