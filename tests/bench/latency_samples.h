// LatencySamples: durations, kept one by one, with exact quantiles.
//
// Single-threaded. Holds at most kSamplesMax durations; later ones are dropped, which at that
// number no longer moves a quantile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skald::bench {

// Nanoseconds of the monotonic clock, for differences within one process.
int64_t MonotonicNanoseconds();

struct Quantiles {
  double p50_ms = 0;
  double p99_ms = 0;
  size_t count = 0;
};

class LatencySamples {
 public:
  static constexpr size_t kSamplesMax = 8'000'000;

  void Add(int64_t duration_ns);

  // Quantiles of all durations since the last call; then forgets them.
  Quantiles Take();

 private:
  std::vector<uint32_t> tenths_of_us_;
};

}  // namespace skald::bench
