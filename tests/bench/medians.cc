#include "tests/bench/medians.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

namespace skald::bench {

std::vector<Measurement> Medians(const std::vector<Measurement>& rounds) {
  std::vector<Measurement> medians;
  std::map<std::string, std::map<std::string, std::vector<double>>> values;
  for (const Measurement& round : rounds) {
    if (!values.contains(round.scenario)) {
      medians.push_back({.scenario = round.scenario, .figures = {}});
    }
    for (const auto& [key, value] : round.figures) {
      values[round.scenario][key].push_back(value);
    }
  }
  for (Measurement& measurement : medians) {
    for (auto& [key, figures] : values[measurement.scenario]) {
      std::ranges::sort(figures);
      const size_t size = figures.size();
      measurement.figures[key] = (figures[(size - 1) / 2] + figures[size / 2]) / 2;
    }
  }
  return medians;
}

}  // namespace skald::bench
