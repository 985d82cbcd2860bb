// sim --seeds FROM-TO: runs one world per seed. A seed that fails is named and told again in
// detail; the exit status is 1 then, also when a rare path was never met in a run of kFullRun seeds
// or more. Without --seeds: seeds 1 to SKALD_SIM_SEEDS of the environment, or to kSeedsDefault.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/log.h"
#include "tests/sim/probes.h"
#include "tests/sim/world.h"

namespace {

constexpr unsigned long long kSeedsDefault = 10'000;
constexpr unsigned long long kFullRun = 2'000;
constexpr int kFailuresMax = 5;

struct Range {
  unsigned long long first = 1;
  unsigned long long last = kSeedsDefault;
};

bool ParseRange(int argc, char** argv, Range& range) {
  if (const char* count = std::getenv("SKALD_SIM_SEEDS"); count != nullptr) {
    range.last = std::strtoull(count, nullptr, 10);
  }
  if (argc == 1) return true;
  if (argc != 3 || std::strcmp(argv[1], "--seeds") != 0) return false;
  if (std::sscanf(argv[2], "%llu-%llu", &range.first, &range.last) == 2) return true;
  if (std::sscanf(argv[2], "%llu", &range.first) != 1) return false;
  range.last = range.first;
  return true;
}

void Tell(unsigned long long seed) {
  skald::sim::Probes ignored;
  skald::sim::World world(seed, ignored, true);
  const std::vector<std::string> complaints = world.Run();
  for (const std::string& line : world.trace()) std::printf("%s\n", line.c_str());
  for (const std::string& complaint : complaints) {
    std::printf("seed %llu: %s\n", seed, complaint.c_str());
  }
}

int CheckProbes(const skald::sim::Probes& probes, const Range& range) {
  int missed = 0;
  for (std::size_t i = 0; i < skald::sim::kProbeNames.size(); ++i) {
    const auto count = probes.count(static_cast<skald::sim::Probe>(i));
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(count),
                std::string(skald::sim::kProbeNames[i]).c_str());
    if (count == 0) ++missed;
  }
  if (missed == 0 || range.last - range.first + 1 < kFullRun) return 0;
  std::printf("%d paths were never met\n", missed);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Range range;
  if (!ParseRange(argc, argv, range)) {
    std::fprintf(stderr, "usage: sim [--seeds FROM-TO]\n");
    return 2;
  }
  skald::base::SetLogLevel(skald::base::LogLevel::kOff);
  skald::sim::Probes probes;
  int failures = 0;
  for (unsigned long long seed = range.first; seed <= range.last; ++seed) {
    skald::sim::World world(seed, probes, false);
    const std::vector<std::string> complaints = world.Run();
    if (complaints.empty()) continue;
    if (failures == 0) Tell(seed);
    std::printf("FAILED: sim --seeds %llu\n  %s\n", seed, complaints.front().c_str());
    std::fflush(stdout);
    if (++failures >= kFailuresMax) return 1;
  }
  const int missed = CheckProbes(probes, range);
  std::printf("%llu seeds, %d failed\n", range.last - range.first + 1, failures);
  return failures != 0 || missed != 0 ? 1 : 0;
}
