// The engine's scenarios: a real server process, a worker and a driver of their own, over the
// public API, each scenario on an empty database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/child_process.h"
#include "tests/bench/measurement.h"
#include "tests/bench/scenario.h"

namespace skald::bench {

// `skald server` as a child process, with ports of its own.
struct EngineProcess {
  std::unique_ptr<ChildProcess> process;
  std::string address;  // of the gRPC API
};

struct EngineSettings {
  std::string binaries;  // folder of skald and the bench's programs
  std::string log_path;
  uint32_t workers = 1;  // processes
  double warm_up_seconds = 2;
  double seconds = 10;
};

// Makes an empty database of the cluster and the engine's schema in it; returns how to connect to
// it.
absl::StatusOr<std::string> PrepareDatabase(BenchCluster& cluster, const EngineSettings& settings,
                                            const std::string& name);

// Starts the server on free loopback ports and returns once it listens. UNAVAILABLE when it ends
// instead; the log says why.
absl::StatusOr<EngineProcess> StartEngine(const EngineSettings& settings,
                                          const std::string& database_url);

// Starts the driver of a load of `engine` and returns once it says that it is ready.
absl::StatusOr<std::unique_ptr<ChildProcess>> StartDriver(const EngineSettings& settings,
                                                          const EngineProcess& engine,
                                                          const std::string& load);

// INTERNAL when a workflow of the load that `driver` reports on ended otherwise than the scenario
// wants or the load broke off.
absl::Status CheckLoad(const std::string& scenario, const Report& driver);

// INTERNAL when a workflow ended otherwise than the scenario wants or the load broke off.
absl::StatusOr<Measurement> MeasureEngine(BenchCluster& cluster, const Scenario& scenario,
                                          const EngineSettings& settings);

}  // namespace skald::bench
