// skald_bench: measures the engine and the floor under it, on this machine, in one run.
// docs/operating.md and `skald_bench --help` say how to call it.
#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/status.h"
#include "tests/bench/bars.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/floor_scenario.h"

namespace skald::bench {
namespace {

struct Options {
  double seconds = 10;
  double warm_up_seconds = 2;
  std::string json_path;
  std::vector<uint32_t> floors = {1, 2000};
};

absl::Status Measure(const Options& options, std::vector<Measurement>& measurements) {
  const std::string binaries =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  ASSIGN_OR_RETURN(const auto cluster, BenchCluster::Start());
  for (const uint32_t workflows : options.floors) {
    ASSIGN_OR_RETURN(measurements.emplace_back(),
                     MeasureFloor(*cluster, binaries,
                                  {.workflows = workflows,
                                   .warm_up_seconds = options.warm_up_seconds,
                                   .seconds = options.seconds}));
  }
  return absl::OkStatus();
}

absl::Status Publish(const Options& options, const std::vector<Measurement>& measurements) {
  PrintTable(measurements, std::cout);
  PrintVerdicts(Judge(measurements), std::cout);
  if (options.json_path.empty()) {
    return absl::OkStatus();
  }
  std::ofstream file(options.json_path);
  file << ToJson(measurements);
  file.close();
  return file ? absl::OkStatus() : absl::InternalError("cannot write " + options.json_path);
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  using namespace skald::bench;
  Options options;
  CLI::App app("Measures Skald against the floor of a durable dispatcher.");
  app.add_option("--seconds", options.seconds, "length of each measurement")
      ->check(CLI::Range(1.0, 3600.0));
  app.add_option("--warm-up", options.warm_up_seconds, "seconds of load before each measurement");
  app.add_option("--json", options.json_path, "file to write the figures to");
  app.add_option("--floor", options.floors, "numbers of workflows at a time for the floor");
  CLI11_PARSE(app, argc, argv);
  std::vector<Measurement> measurements;
  absl::Status status = Measure(options, measurements);
  status.Update(Publish(options, measurements));
  if (!status.ok()) {
    std::cerr << "skald_bench: " << status << std::endl;
    return 1;
  }
  return 0;
}
