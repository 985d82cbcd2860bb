#include "tests/bench/inline_scenario.h"

#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "tests/bench/scenario.h"
#include "tests/bench/usage.h"

namespace skald::bench {
namespace {

void Pass(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

absl::StatusOr<Measurement> MeasurePeak(BenchCluster& cluster, const EngineSettings& settings) {
  ASSIGN_OR_RETURN(const std::string url, PrepareDatabase(cluster, settings, kInline));
  ASSIGN_OR_RETURN(const EngineProcess engine, StartEngine(settings, url));
  ASSIGN_OR_RETURN(const Scenario scenario, FindScenario(kInline));
  ASSIGN_OR_RETURN(const auto driver, StartDriver(settings, engine, kInline));
  const Bench bench{.cluster = cluster,
                    .database = kInline,
                    .server = *engine.process,
                    .workers = {},
                    .driver = *driver,
                    .engine_steps = scenario.engine_steps};
  const auto hosts_cpu_us = [&] {
    return static_cast<double>(ProcessTreeCpuUs(engine.process->pid()) -
                               ProcessCpuUs(engine.process->pid()));
  };
  const double hosts_before_us = hosts_cpu_us();
  ASSIGN_OR_RETURN(Window window, MeasureWindow(bench, settings.warm_up_seconds, settings.seconds));
  RETURN_IF_ERROR(CheckLoad(kInline, window.driver));
  Measurement measurement = MeasurementOf(kInline, window);
  measurement.figures["p50_ms"] = window.driver["p50_ms"];
  measurement.figures["p99_ms"] = window.driver["p99_ms"];
  // The driver counts from its start on, as the hosts' time is counted here.
  measurement.figures["scripts_cpu_us_per_task"] =
      (hosts_cpu_us() - hosts_before_us) / (window.driver["workflows"] * scenario.engine_steps);
  return measurement;
}

// What `driver` reports of a time of `settings.seconds`, after the warm-up.
absl::StatusOr<Report> Look(const EngineSettings& settings, ChildProcess& driver) {
  Pass(settings.warm_up_seconds);
  RETURN_IF_ERROR(driver.Ask("report").status());
  Pass(settings.seconds);
  return driver.Ask("report");
}

// Adds the figures of the light load beside one bad script after the other.
absl::Status MeasureBeside(const EngineSettings& settings, const EngineProcess& engine,
                           const char* scenario, const std::string& prefix, ChildProcess& light,
                           Measurement& measurement) {
  ASSIGN_OR_RETURN(const auto bad, StartDriver(settings, engine, scenario));
  ASSIGN_OR_RETURN(Report beside, Look(settings, light));
  ASSIGN_OR_RETURN(Report ended, bad->Ask("report"));
  RETURN_IF_ERROR(CheckLoad(kInlineLight, beside));
  RETURN_IF_ERROR(CheckLoad(scenario, ended));
  auto& figures = measurement.figures;
  figures[prefix + "_tasks"] = ended["workflows"];
  figures[prefix + "_p99_ms"] = beside["p99_ms"];
  figures[prefix + "_p99_times"] = beside["p99_ms"] / figures["calm_p99_ms"];
  return absl::OkStatus();
}

// Adds the figures of the light load, alone and beside the bad ones.
absl::Status MeasureLight(BenchCluster& cluster, const EngineSettings& settings,
                          Measurement& measurement) {
  ASSIGN_OR_RETURN(const std::string url, PrepareDatabase(cluster, settings, kInlineLight));
  ASSIGN_OR_RETURN(const EngineProcess engine, StartEngine(settings, url));
  ASSIGN_OR_RETURN(const auto light, StartDriver(settings, engine, kInlineLight));
  ASSIGN_OR_RETURN(Report calm, Look(settings, *light));
  if (calm["p99_ms"] <= 0) return absl::DeadlineExceededError("no workflow of inline_light ended");
  measurement.figures["calm_p99_ms"] = calm["p99_ms"];
  // In this order: what is left of a bomb is over at once, a loop goes on for four seconds.
  RETURN_IF_ERROR(MeasureBeside(settings, engine, kInlineBomb, "bomb", *light, measurement));
  return MeasureBeside(settings, engine, kInlineLoop, "loop", *light, measurement);
}

}  // namespace

absl::StatusOr<Measurement> MeasureInline(BenchCluster& cluster, const EngineSettings& settings) {
  ASSIGN_OR_RETURN(Measurement measurement, MeasurePeak(cluster, settings));
  RETURN_IF_ERROR(MeasureLight(cluster, settings, measurement));
  return measurement;
}

}  // namespace skald::bench
