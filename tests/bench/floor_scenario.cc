#include "tests/bench/floor_scenario.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace skald::bench {

absl::StatusOr<Measurement> MeasureFloor(BenchCluster& cluster, const std::string& binaries,
                                         FloorSettings settings) {
  const std::string name = absl::StrCat("floor_", settings.workflows);
  ASSIGN_OR_RETURN(const std::string url, cluster.CreateDatabase(name));
  const std::string program = binaries + "/skald_floor";
  ASSIGN_OR_RETURN(const auto server, ChildProcess::Start({.command = {program, "server", url}}));
  ASSIGN_OR_RETURN(Report ready, server->ReadReport());
  const std::string address = absl::StrCat("127.0.0.1:", ready["port"]);
  ASSIGN_OR_RETURN(const auto worker,
                   ChildProcess::Start({.command = {program, "worker", address}}));
  RETURN_IF_ERROR(worker->ReadReport().status());
  ASSIGN_OR_RETURN(const auto driver,
                   ChildProcess::Start({.command = {program, "driver", address,
                                                    absl::StrCat(settings.workflows)}}));
  RETURN_IF_ERROR(driver->ReadReport().status());
  const Bench bench{.cluster = cluster,
                    .database = name,
                    .server = *server,
                    .workers = {worker.get()},
                    .driver = *driver};
  ASSIGN_OR_RETURN(Window window, MeasureWindow(bench, settings.warm_up_seconds, settings.seconds));
  Measurement measurement = MeasurementOf(name, window);
  measurement.figures["p50_ms"] = window.worker["p50_ms"];
  measurement.figures["p99_ms"] = window.worker["p99_ms"];
  return measurement;
}

}  // namespace skald::bench
