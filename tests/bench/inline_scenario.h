// The inline scenario: INLINE steps through a whole server (engine, commits, script hosts), and
// what a script that loops or eats memory does to the others.
#pragma once

#include "absl/status/statusor.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/engine_scenario.h"
#include "tests/bench/measurement.h"

namespace skald::bench {

// Figures at the peak as every scenario's, tasks being INLINE steps (their CPU time with that of
// the script hosts: scripts_cpu_us_per_task); then, of workflows of one INLINE step, two at a time:
// calm_p99_ms, and beside one bad script after the other bomb_p99_ms, loop_p99_ms and these as
// times of the calm, bomb_p99_times, loop_p99_times; bomb_tasks, loop_tasks: how many bad ones
// ended meanwhile. INTERNAL when a bad script costs any task but its own.
absl::StatusOr<Measurement> MeasureInline(BenchCluster& cluster, const EngineSettings& settings);

}  // namespace skald::bench
