#include "tests/bench/timers_scenario.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace skald::bench {
namespace {

constexpr char kName[] = "timers";
constexpr std::uint32_t kSingles = 60;
constexpr const char* kKinds[] = {"wait", "poll_timeout", "workflow_timeout"};

}  // namespace

absl::StatusOr<Measurement> MeasureTimers(BenchCluster& cluster, const EngineSettings& settings) {
  ASSIGN_OR_RETURN(const std::string url, PrepareDatabase(cluster, settings, kName));
  ASSIGN_OR_RETURN(const EngineProcess engine, StartEngine(settings, url));
  ASSIGN_OR_RETURN(const auto client, StartDriver(settings, engine, kName));
  Measurement measurement{.scenario = kName, .figures = {}};
  for (const char* kind : kKinds) {
    for (const bool single : {false, true}) {
      const std::string command =
          absl::StrCat(single ? "single " : "burst ", kind, " ", single ? kSingles : kTimersAtOnce);
      ASSIGN_OR_RETURN(Report report, client->Ask(command));
      if (report["ok"] != 1) return absl::InternalError(absl::StrCat(kName, ": ", command));
      report.erase("ok");
      for (const auto& [key, value] : report) {
        measurement.figures[absl::StrCat(kind, single ? "_single_" : "_", key)] = value;
      }
    }
  }
  return measurement;
}

}  // namespace skald::bench
