// The floor's scenarios: skald_floor's three processes against a database of their own.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/measurement.h"

namespace skald::bench {

struct FloorSettings {
  uint32_t workflows = 1;  // at a time
  double warm_up_seconds = 2;
  double seconds = 10;
};

// Named floor_<workflows>. p50_ms and p99_ms are of the step latency.
absl::StatusOr<Measurement> MeasureFloor(BenchCluster& cluster, const std::string& binaries,
                                         FloorSettings settings);

}  // namespace skald::bench
