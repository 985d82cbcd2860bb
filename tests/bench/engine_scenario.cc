#include "tests/bench/engine_scenario.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace skald::bench {
namespace {

using Children = std::vector<std::unique_ptr<ChildProcess>>;

constexpr std::chrono::seconds kStartDeadline(60);
constexpr std::chrono::milliseconds kStartPoll(5);

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

bool Listens(int port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool connected =
      connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(handle);
  return connected;
}

// A port that was free a moment ago.
absl::StatusOr<int> FreePort() {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      handle >= 0 && bind(handle, generic, size) == 0 && getsockname(handle, generic, &size) == 0;
  close(handle);
  if (!bound) {
    return absl::UnavailableError("no free loopback port");
  }
  return ntohs(address.sin_port);
}

absl::StatusOr<Children> StartWorkers(const EngineSettings& settings, const Scenario& scenario,
                                      const std::string& address) {
  Children workers;
  for (uint32_t i = 0; i < settings.workers; ++i) {
    ASSIGN_OR_RETURN(workers.emplace_back(),
                     ChildProcess::Start({.command = {settings.binaries + "/skald_bench_worker",
                                                      address, scenario.name},
                                          .log_path = settings.log_path}));
  }
  for (const auto& worker : workers) {
    RETURN_IF_ERROR(worker->ReadReport().status());
  }
  return workers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> StartDriver(const EngineSettings& settings,
                                                          const EngineProcess& engine,
                                                          const std::string& load) {
  ASSIGN_OR_RETURN(auto driver,
                   ChildProcess::Start({.command = {settings.binaries + "/skald_bench_driver",
                                                    engine.address, load}}));
  RETURN_IF_ERROR(driver->ReadReport().status());
  return driver;
}

absl::Status CheckLoad(const std::string& scenario, const Report& driver) {
  const double unexpected = driver.at("unexpected");
  if (unexpected > 0 || driver.at("failed") > 0) {
    return absl::InternalError(absl::StrCat(scenario, ": ", unexpected,
                                            " workflows ended otherwise than they should",
                                            driver.at("failed") > 0 ? "; the load broke off" : ""));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PrepareDatabase(BenchCluster& cluster, const EngineSettings& settings,
                                            const std::string& name) {
  ASSIGN_OR_RETURN(std::string url, cluster.CreateDatabase(name));
  ASSIGN_OR_RETURN(const auto migration,
                   ChildProcess::Start(
                       {.command = {settings.binaries + "/skald", "migrate", "--database-url", url},
                        .log_path = settings.log_path,
                        .log_output = true}));
  RETURN_IF_ERROR(migration->Wait());
  return url;
}

absl::StatusOr<EngineProcess> StartEngine(const EngineSettings& settings,
                                          const std::string& database_url) {
  EngineProcess engine;
  ASSIGN_OR_RETURN(const int grpc_port, FreePort());
  ASSIGN_OR_RETURN(const int http_port, FreePort());
  engine.address = absl::StrCat("127.0.0.1:", grpc_port);
  ASSIGN_OR_RETURN(
      engine.process,
      ChildProcess::Start({.command = {settings.binaries + "/skald", "server", "--database-url",
                                       database_url, "--grpc-address", engine.address,
                                       "--http-address", absl::StrCat("127.0.0.1:", http_port)},
                           .log_path = settings.log_path,
                           .log_output = true}));
  const auto deadline = std::chrono::steady_clock::now() + kStartDeadline;
  while (!Listens(grpc_port)) {
    if (!engine.process->Running() || std::chrono::steady_clock::now() > deadline) {
      return absl::UnavailableError(
          absl::StrCat("the server does not listen; see ", settings.log_path));
    }
    std::this_thread::sleep_for(kStartPoll);
  }
  return engine;
}

absl::StatusOr<Measurement> MeasureEngine(BenchCluster& cluster, const Scenario& scenario,
                                          const EngineSettings& settings) {
  ASSIGN_OR_RETURN(const std::string url, PrepareDatabase(cluster, settings, scenario.name));
  ASSIGN_OR_RETURN(const EngineProcess engine, StartEngine(settings, url));
  ASSIGN_OR_RETURN(const Children workers, StartWorkers(settings, scenario, engine.address));
  ASSIGN_OR_RETURN(const auto driver, StartDriver(settings, engine, scenario.name));
  Bench bench{.cluster = cluster,
              .database = scenario.name,
              .server = *engine.process,
              .workers = {},
              .driver = *driver};
  for (const auto& worker : workers) {
    bench.workers.push_back(worker.get());
  }
  ASSIGN_OR_RETURN(Window window, MeasureWindow(bench, settings.warm_up_seconds, settings.seconds));
  RETURN_IF_ERROR(CheckLoad(scenario.name, window.driver));
  Measurement measurement = MeasurementOf(scenario.name, window);
  Report& latencies = scenario.step_latency ? window.worker : window.driver;
  measurement.figures["p50_ms"] = latencies["p50_ms"];
  measurement.figures["p99_ms"] = latencies["p99_ms"];
  if (scenario.undone_steps > 0) {
    measurement.figures["undone_steps_per_s"] =
        scenario.undone_steps * measurement.figures["workflows_per_s"];
  }
  return measurement;
}

}  // namespace skald::bench
