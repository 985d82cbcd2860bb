// Measurement: the figures of one scenario, and how they are read off a running system.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/child_process.h"
#include "tests/bench/usage.h"

namespace skald::bench {

// One entry of the output file: the scenario's name and its figures by key.
struct Measurement {
  std::string scenario;
  std::map<std::string, double> figures;
};

// The processes of one running system: where to look and whom to ask.
struct Bench {
  BenchCluster& cluster;
  std::string database;  // name of the system's database
  ChildProcess& server;
  std::vector<ChildProcess*> workers;
  ChildProcess& driver;
  uint32_t engine_steps = 0;  // of each workflow; tasks that are not among the workers' results
};

// What changed in a window of time, in the middle of a steady load.
struct Window {
  double seconds = 0;
  double tasks = 0;      // results of all workers, and the engine's own steps
  double workflows = 0;  // finished, as the driver heard
  Report worker;         // last report of the first worker
  Report driver;         // last report of the driver
  double engine_cpu_us = 0;
  double postgres_cpu_us = 0;
  DatabaseCounters database;
  double rss_mib = 0;
};

// Lets the load run for `warm_up_seconds`, then measures for `seconds`.
absl::StatusOr<Window> MeasureWindow(const Bench& bench, double warm_up_seconds, double seconds);

// The figures that every scenario has; latencies are left to the caller.
Measurement MeasurementOf(const std::string& scenario, const Window& window);

}  // namespace skald::bench
