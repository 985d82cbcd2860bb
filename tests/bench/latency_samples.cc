#include "tests/bench/latency_samples.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace skald::bench {
namespace {

constexpr int64_t kNanosecondsPerTick = 100;
constexpr double kMillisecondsPerTick = 1e-4;

double QuantileMs(std::vector<uint32_t>& ticks, double quantile) {
  const auto rank = static_cast<size_t>(quantile * static_cast<double>(ticks.size() - 1));
  const auto place = ticks.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(ticks.begin(), place, ticks.end());
  return *place * kMillisecondsPerTick;
}

}  // namespace

int64_t MonotonicNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void LatencySamples::Add(int64_t duration_ns) {
  if (tenths_of_us_.size() >= kSamplesMax) {
    return;
  }
  const int64_t ticks = std::clamp<int64_t>(duration_ns / kNanosecondsPerTick, 0,
                                            std::numeric_limits<uint32_t>::max());
  tenths_of_us_.push_back(static_cast<uint32_t>(ticks));
}

Quantiles LatencySamples::Take() {
  Quantiles result;
  result.count = tenths_of_us_.size();
  if (!tenths_of_us_.empty()) {
    result.p50_ms = QuantileMs(tenths_of_us_, 0.50);
    result.p99_ms = QuantileMs(tenths_of_us_, 0.99);
  }
  tenths_of_us_.clear();
  return result;
}

}  // namespace skald::bench
