// The floor's worker and driver, each a process of its own that talks to a FloorServer.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace skald::bench {

// Echoes every task until standard input ends. Each line of standard input is answered with a
// report since the one before: tasks (results sent, in all), p50_ms and p99_ms (step latency:
// result of one step sent until the next task of the same workflow is received).
absl::Status RunFloorWorker(const std::string& address);

// Keeps `workflows` at a time running until standard input ends. Each line is answered with a
// report: workflows (finished, in all), p50_ms and p99_ms (start sent until the end is heard).
absl::Status RunFloorDriver(const std::string& address, uint32_t workflows);

inline constexpr uint32_t kPayloadBytes = 256;

}  // namespace skald::bench
