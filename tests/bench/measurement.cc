#include "tests/bench/measurement.h"

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "tests/bench/latency_samples.h"

namespace skald::bench {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

// One look at everything that is counted.
absl::StatusOr<Window> Look(const Bench& bench) {
  Window look;
  for (size_t i = 0; i < bench.workers.size(); ++i) {
    ASSIGN_OR_RETURN(Report report, bench.workers[i]->Ask("report"));
    look.tasks += report["tasks"];
    if (i == 0) {
      look.worker = report;
    }
  }
  ASSIGN_OR_RETURN(look.driver, bench.driver.Ask("report"));
  look.workflows = look.driver["workflows"];
  look.tasks += bench.engine_steps * look.workflows;
  look.seconds = static_cast<double>(MonotonicNanoseconds()) / kNanosecondsPerSecond;
  look.engine_cpu_us = static_cast<double>(ProcessCpuUs(bench.server.pid()));
  look.postgres_cpu_us = static_cast<double>(ProcessTreeCpuUs(bench.cluster.pid()));
  ASSIGN_OR_RETURN(look.database, ReadCounters(bench.cluster.maintenance(), bench.database));
  look.rss_mib = ResidentMib(bench.server.pid());
  return look;
}

DatabaseCounters Difference(const DatabaseCounters& after, const DatabaseCounters& before) {
  return {.transactions = after.transactions - before.transactions,
          .write_transactions = after.write_transactions - before.write_transactions,
          .wal_bytes = after.wal_bytes - before.wal_bytes,
          .statements = after.statements - before.statements,
          .reads = after.reads - before.reads};
}

}  // namespace

absl::StatusOr<Window> MeasureWindow(const Bench& bench, double warm_up_seconds, double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(warm_up_seconds));
  ASSIGN_OR_RETURN(const Window before, Look(bench));
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  ASSIGN_OR_RETURN(Window window, Look(bench));
  window.seconds -= before.seconds;
  window.tasks -= before.tasks;
  window.workflows -= before.workflows;
  window.engine_cpu_us -= before.engine_cpu_us;
  window.postgres_cpu_us -= before.postgres_cpu_us;
  window.database = Difference(window.database, before.database);
  if (window.tasks <= 0) {
    return absl::DeadlineExceededError(
        absl::StrCat("no task was done in ", window.seconds, " s of load"));
  }
  return window;
}

Measurement MeasurementOf(const std::string& scenario, const Window& window) {
  return {.scenario = scenario,
          .figures = {{"workflows_per_s", window.workflows / window.seconds},
                      {"tasks_per_s", window.tasks / window.seconds},
                      {"engine_cpu_us_per_task", window.engine_cpu_us / window.tasks},
                      {"postgres_cpu_us_per_task", window.postgres_cpu_us / window.tasks},
                      {"transactions_per_task", window.database.transactions / window.tasks},
                      {"wal_bytes_per_task", window.database.wal_bytes / window.tasks},
                      {"reads_per_task", window.database.reads / window.tasks},
                      {"rss_mib", window.rss_mib}}};
}

}  // namespace skald::bench
