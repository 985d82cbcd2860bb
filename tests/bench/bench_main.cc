// skald_bench: measures the engine and the floor under it, on this machine, in one run.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "tests/bench/bars.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/engine_scenario.h"
#include "tests/bench/floor_scenario.h"
#include "tests/bench/inline_scenario.h"
#include "tests/bench/medians.h"
#include "tests/bench/parked_scenario.h"
#include "tests/bench/scenario.h"
#include "tests/bench/timers_scenario.h"
#include "tests/bench/tool_scenario.h"
#include <CLI/CLI.hpp>

namespace skald::bench {
namespace {

struct Options {
  double seconds = 10;
  double warm_up_seconds = 2;
  uint32_t rounds = 3;
  uint32_t workers = 1;
  std::string json_path;
  std::vector<std::string> only;  // names of scenarios; empty: all
  std::vector<uint32_t> floors = {1, 2000};
  bool parked = false;
  bool timers = false;
  bool scripts = false;
};

constexpr const char* kScriptJobs[] = {"inline", "scripts", "expressions"};
constexpr const char* kExpressionRounds = "200000";

// A measurement still to be made.
struct Job {
  std::string name;
  std::function<absl::StatusOr<Measurement>(BenchCluster&)> measure;
};

// A machine's disk and neighbours change within minutes: what is read against each other is
// measured right after each other, and in several rounds, of which the medians are published.
constexpr std::string_view kCompared[] = {"floor_1", "light_load", "floor_2000", "chain3", "undo3"};

int Turn(const Job& job) {
  return static_cast<int>(std::ranges::find(kCompared, job.name) - std::begin(kCompared));
}

bool IsCompared(const Job& job) { return Turn(job) < static_cast<int>(std::size(kCompared)); }

// Every job once for each of its rounds, in the order in which they are made.
std::vector<Job> InRounds(const std::vector<Job>& jobs, uint32_t rounds) {
  std::vector<Job> all;
  for (uint32_t round = 0; round < rounds; ++round) {
    std::ranges::copy_if(jobs, std::back_inserter(all), IsCompared);
  }
  std::ranges::remove_copy_if(jobs, std::back_inserter(all), IsCompared);
  return all;
}

// Scripts through a server and by themselves, and expressions.
std::vector<Job> ScriptJobs(const EngineSettings& engine) {
  return {{kScriptJobs[0], [=](BenchCluster& cluster) { return MeasureInline(cluster, engine); }},
          {kScriptJobs[1],
           [=](BenchCluster&) {
             return MeasureTool(kScriptJobs[1],
                                {engine.binaries + "/skald_script_bench",
                                 absl::StrCat(engine.seconds / 2), engine.binaries + "/skald"});
           }},
          {kScriptJobs[2], [=](BenchCluster&) {
             return MeasureTool(kScriptJobs[2],
                                {engine.binaries + "/expression_bench", kExpressionRounds});
           }}};
}

std::vector<Job> Jobs(const Options& options) {
  const std::string binaries =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  const EngineSettings engine{.binaries = binaries,
                              .log_path = binaries + "/skald_bench.log",
                              .workers = options.workers,
                              .warm_up_seconds = options.warm_up_seconds,
                              .seconds = options.seconds};
  std::vector<Job> jobs;
  for (const uint32_t workflows : options.floors) {
    const FloorSettings floor{.workflows = workflows,
                              .warm_up_seconds = options.warm_up_seconds,
                              .seconds = options.seconds};
    jobs.push_back({absl::StrCat("floor_", workflows),
                    [=](BenchCluster& cluster) { return MeasureFloor(cluster, binaries, floor); }});
  }
  for (const Scenario& scenario : Scenarios()) {
    jobs.push_back({scenario.name, [=](BenchCluster& cluster) {
                      return MeasureEngine(cluster, scenario, engine);
                    }});
  }
  std::ranges::copy(ScriptJobs(engine), std::back_inserter(jobs));
  if (options.parked) {
    jobs.push_back(
        {"parked100k", [=](BenchCluster& cluster) { return MeasureParked(cluster, engine); }});
  }
  if (options.timers) {
    jobs.push_back(
        {"timers", [=](BenchCluster& cluster) { return MeasureTimers(cluster, engine); }});
  }
  std::vector<std::string> only = options.only;
  if (options.scripts) only.insert(only.end(), std::begin(kScriptJobs), std::end(kScriptJobs));
  std::erase_if(jobs, [&](const Job& job) {
    return !only.empty() && std::ranges::count(only, job.name) == 0;
  });
  std::ranges::stable_sort(jobs, {}, Turn);
  return jobs;
}

// A job that fails does not keep the others from being made; the first failure is returned.
absl::Status RunJobs(const std::vector<Job>& jobs, std::vector<Measurement>& measurements) {
  ASSIGN_OR_RETURN(const auto cluster, BenchCluster::Start());
  absl::Status status = absl::OkStatus();
  for (const Job& job : jobs) {
    std::cerr << "measuring " << job.name << std::endl;
    absl::StatusOr<Measurement> measurement = job.measure(*cluster);
    if (measurement.ok()) {
      measurements.push_back(*std::move(measurement));
      continue;
    }
    std::cerr << job.name << ": " << measurement.status() << std::endl;
    status.Update(measurement.status());
  }
  return status;
}

absl::Status Publish(const Options& options, const std::vector<Measurement>& measurements) {
  const std::vector<Verdict> verdicts = Judge(measurements);
  PrintTable(measurements, std::cout);
  PrintVerdicts(verdicts, std::cout);
  if (!options.json_path.empty()) {
    std::ofstream file(options.json_path);
    file << ToJson(measurements);
    file.close();
    if (!file) return absl::InternalError("cannot write " + options.json_path);
  }
  return AllPassed(verdicts) ? absl::OkStatus() : absl::FailedPreconditionError("a bar was missed");
}

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("--seconds", options.seconds, "length of each measurement")
      ->check(CLI::Range(1.0, 3600.0));
  app.add_option("--warm-up", options.warm_up_seconds, "seconds of load before each measurement");
  app.add_option("--rounds", options.rounds,
                 "how often what is read against each other is measured; medians are published")
      ->check(CLI::Range(1, 100));
  app.add_option("--json", options.json_path, "file to write the figures to");
  app.add_option("--only", options.only, "names of the scenarios to measure");
  app.add_option("--floor", options.floors, "workflows at a time, one floor_<n> for each");
  app.add_option("--workers", options.workers, "worker processes of the engine")
      ->check(CLI::Range(1, 64));
  app.add_flag("--parked", options.parked, "also measure parked100k, which takes minutes");
  app.add_flag("--timers", options.timers, "also measure timers, which takes two minutes");
  app.add_flag("--scripts", options.scripts, "measure scripts and expressions only");
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  skald::bench::Options options;
  CLI::App app("Measures Skald against the floor of a durable dispatcher.");
  skald::bench::AddOptions(app, options);
  CLI11_PARSE(app, argc, argv);
  std::vector<skald::bench::Measurement> measurements;
  absl::Status status = RunJobs(InRounds(Jobs(options), options.rounds), measurements);
  status.Update(Publish(options, skald::bench::Medians(measurements)));
  if (!status.ok()) {
    std::cerr << "skald_bench: " << status << std::endl;
    return 1;
  }
  return 0;
}
