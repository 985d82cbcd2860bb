// parked100k: what sleeping workflows cost an engine in memory, start time and idle queries.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/engine_scenario.h"
#include "tests/bench/measurement.h"

namespace skald::bench {

inline constexpr uint32_t kParkedWorkflows = 100'000;

// Figures: rss_growth_mib (the server that took them in, all parked, against itself when empty),
// rss_growth_restarted_mib (a server restarted over them against one restarted empty), start_ms and
// start_delay_ms (restart until ready, and how much longer than empty), idle_queries_per_s
// (statements in an idle window beside lease renewals) and lease_queries_per_s.
absl::StatusOr<Measurement> MeasureParked(BenchCluster& cluster, const EngineSettings& settings);

}  // namespace skald::bench
