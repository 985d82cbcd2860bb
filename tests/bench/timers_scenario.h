// The timers scenario: how late the engine is at 10 000 moments of one second, and at single ones.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/engine_scenario.h"
#include "tests/bench/measurement.h"

namespace skald::bench {

inline constexpr std::uint32_t kTimersAtOnce = 10'000;

// Figures by kind of timer (wait, poll_timeout, workflow_timeout): <kind>_late_p50_ms, …p99…,
// …max…, <kind>_early of the many; <kind>_single_late_max_ms of the single ones.
absl::StatusOr<Measurement> MeasureTimers(BenchCluster& cluster, const EngineSettings& settings);

}  // namespace skald::bench
