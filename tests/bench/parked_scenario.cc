#include "tests/bench/parked_scenario.h"

#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "tests/bench/latency_samples.h"
#include "tests/bench/usage.h"

namespace skald::bench {
namespace {

constexpr char kDatabase[] = "parked100k";
// Statements that renew the node's lease, and the brackets of a transaction, whose contents are
// counted by themselves, as a regular expression of PostgreSQL.
constexpr char kLeaseRenewal[] = "skald\\.renew_node|^\\s*(begin|commit)";
constexpr uint64_t kActiveMax = 100;        // workflows in memory when all are said to be parked
constexpr std::chrono::seconds kSettle(3);  // for what a start or a load leaves behind
constexpr double kNanosecondsPerMs = 1e6;

// A running server and the client that talks to it.
struct Running {
  EngineProcess engine;
  std::unique_ptr<ChildProcess> client;
  double start_ms = 0;  // from the start of the process until it said that it is ready
};

absl::Status Command(Running& running, const std::string& command) {
  ASSIGN_OR_RETURN(Report answer, running.client->Ask(command));
  return answer["ok"] == 1 ? absl::OkStatus()
                           : absl::InternalError(absl::StrCat(kDatabase, ": ", command));
}

absl::StatusOr<Running> StartRunning(const EngineSettings& settings, const std::string& url) {
  Running running;
  const int64_t begun_ns = MonotonicNanoseconds();
  ASSIGN_OR_RETURN(running.engine, StartEngine(settings, url));
  ASSIGN_OR_RETURN(running.client, StartDriver(settings, running.engine, "parked"));
  RETURN_IF_ERROR(Command(running, "ready"));
  running.start_ms = static_cast<double>(MonotonicNanoseconds() - begun_ns) / kNanosecondsPerMs;
  return running;
}

double SettledRss(const Running& running) {
  std::this_thread::sleep_for(kSettle);
  return ResidentMib(running.engine.process->pid());
}

// Statements per second in the engine's database during an idle window.
struct IdleQueries {
  double other_per_s = 0;
  double lease_per_s = 0;
};

absl::StatusOr<IdleQueries> MeasureIdle(Database& maintenance, double seconds) {
  RETURN_IF_ERROR(maintenance.Run("SELECT pg_stat_statements_reset()"));
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  ASSIGN_OR_RETURN(const std::vector<double> calls,
                   maintenance.Numbers(absl::StrCat(
                       "SELECT coalesce(sum(calls) FILTER (WHERE query !~* '", kLeaseRenewal,
                       "'), 0), "
                       "coalesce(sum(calls) FILTER (WHERE query ~* '",
                       kLeaseRenewal,
                       "'), 0) "
                       "FROM pg_stat_statements JOIN pg_database ON dbid = pg_database.oid "
                       "WHERE datname = '",
                       kDatabase, "'")));
  return IdleQueries{calls[0] / seconds, calls[1] / seconds};
}

}  // namespace

absl::StatusOr<Measurement> MeasureParked(BenchCluster& cluster, const EngineSettings& settings) {
  ASSIGN_OR_RETURN(const std::string url, PrepareDatabase(cluster, settings, kDatabase));
  // The first start of all may have more to do; only later ones are compared.
  RETURN_IF_ERROR(StartRunning(settings, url).status());
  ASSIGN_OR_RETURN(Running filled, StartRunning(settings, url));
  const double empty_start_ms = filled.start_ms;
  const double empty_mib = SettledRss(filled);
  RETURN_IF_ERROR(Command(filled, absl::StrCat("start ", kParkedWorkflows)));
  RETURN_IF_ERROR(Command(filled, absl::StrCat("parked ", kActiveMax)));
  const double filled_mib = SettledRss(filled);
  filled = {};
  ASSIGN_OR_RETURN(Running restarted, StartRunning(settings, url));
  const double restarted_mib = SettledRss(restarted);
  ASSIGN_OR_RETURN(const IdleQueries idle, MeasureIdle(cluster.maintenance(), settings.seconds));
  return Measurement{.scenario = kDatabase,
                     .figures = {{"rss_mib", filled_mib},
                                 {"rss_growth_mib", filled_mib - empty_mib},
                                 {"rss_growth_restarted_mib", restarted_mib - empty_mib},
                                 {"start_ms", restarted.start_ms},
                                 {"start_delay_ms", restarted.start_ms - empty_start_ms},
                                 {"idle_queries_per_s", idle.other_per_s},
                                 {"lease_queries_per_s", idle.lease_per_s}}};
}

}  // namespace skald::bench
