// Medians: several rounds of the same scenarios, read as one.
#pragma once

#include <vector>

#include "tests/bench/measurement.h"

namespace skald::bench {

// One measurement for each scenario, in the order of their first: the median of every figure over
// the scenario's rounds (of an even number, the mean of the middle two).
std::vector<Measurement> Medians(const std::vector<Measurement>& rounds);

}  // namespace skald::bench
