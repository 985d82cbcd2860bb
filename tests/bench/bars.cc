#include "tests/bench/bars.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace skald::bench {
namespace {

constexpr double kFloorShareMin = 0.2;
constexpr double kTasksPerSecondMin = 15'000;
constexpr double kLightP50FloorTimesMax = 2;
constexpr double kLightP50MsMax = 1;
constexpr double kLightP99FloorTimesMax = 1.5;
constexpr double kUndoShareMin = 0.8;
constexpr double kUndoneSteps = 2;  // of each workflow of undo3
constexpr double kTransactionsPerTaskMax = 0.05;
// A node looks at its tables every second or so whatever the load; what counts as none is far below
// one read for each commit.
constexpr double kReadsPerTaskMax = 0.0005;
constexpr double kTimersLateMsMax = 250;
constexpr double kSingleTimerLateMsMax = 100;
constexpr double kInlinePerSecondMin = 5'000;
constexpr double kBesideBadScriptTimesMax = 3;
constexpr double kTypicalInputUsMax = 5;
constexpr double kParkedRssGrowthMibMax = 50;
constexpr double kParkedStartDelayMsMax = 2'000;

struct Column {
  const char* title;
  const char* key;
  int decimals;
};

constexpr Column kColumns[] = {
    {"workflows/s", "workflows_per_s", 0},
    {"tasks/s", "tasks_per_s", 0},
    {"p50 ms", "p50_ms", 2},
    {"p99 ms", "p99_ms", 2},
    {"engine us", "engine_cpu_us_per_task", 1},
    {"postgres us", "postgres_cpu_us_per_task", 1},
    {"tx/task", "transactions_per_task", 4},
    {"reads/task", "reads_per_task", 4},
    {"WAL B/task", "wal_bytes_per_task", 0},
    {"RSS MiB", "rss_mib", 1},
};
constexpr int kNameWidth = 12;
constexpr int kColumnWidth = 12;

std::optional<double> Figure(const std::vector<Measurement>& measurements,
                             const std::string& scenario, const std::string& key) {
  for (const Measurement& measurement : measurements) {
    const auto found = measurement.figures.find(key);
    if (measurement.scenario == scenario && found != measurement.figures.end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

// Collects verdicts of the form "a figure against a limit"; figures not measured give none.
class Judgement {
 public:
  explicit Judgement(const std::vector<Measurement>& measurements) : measurements_(measurements) {}

  std::optional<double> Of(const std::string& scenario, const std::string& key) const {
    return Figure(measurements_, scenario, key);
  }

  void AtLeast(const std::string& bar, std::optional<double> value, double limit) {
    Add(absl::StrCat(bar, " >= ", limit), value, value && *value >= limit);
  }

  void AtMost(const std::string& bar, std::optional<double> value, double limit) {
    Add(absl::StrCat(bar, " <= ", limit), value, value && *value <= limit);
  }

  std::vector<Verdict> Take() { return std::move(verdicts_); }

 private:
  void Add(std::string bar, std::optional<double> value, bool passed) {
    if (value) {
      verdicts_.push_back({std::move(bar), absl::StrFormat("%.4g", *value), passed});
    }
  }

  const std::vector<Measurement>& measurements_;
  std::vector<Verdict> verdicts_;
};

std::optional<double> Ratio(std::optional<double> part, std::optional<double> whole) {
  return part && whole && *whole > 0 ? std::optional(*part / *whole) : std::nullopt;
}

void JudgeScripts(Judgement& judge) {
  // Through a whole server, and through the script runner alone.
  for (const std::string scenario : {"inline", "scripts"}) {
    judge.AtLeast(scenario + " INLINE/s", judge.Of(scenario, "tasks_per_s"), kInlinePerSecondMin);
    judge.AtMost(scenario + " p99 beside a while(true), in times of that without",
                 judge.Of(scenario, "loop_p99_times"), kBesideBadScriptTimesMax);
    judge.AtMost(scenario + " p99 beside a memory bomb, in times of that without",
                 judge.Of(scenario, "bomb_p99_times"), kBesideBadScriptTimesMax);
  }
  // Each cost its own task and no other: inline_scenario.h. None would have shown nothing.
  judge.AtLeast("inline: while(true) that ended", judge.Of("inline", "loop_tasks"), 1);
  judge.AtLeast("inline: memory bombs that ended", judge.Of("inline", "bomb_tasks"), 1);
  judge.AtMost("expressions: an input of 5 parameters, us", judge.Of("expressions", "typical_us"),
               kTypicalInputUsMax);
}

// Of undo3's workflows, that go the three steps of chain3 and then undo two, the second part alone:
// what a workflow takes longer than one of chain3 is the undoing. NaN, which passes no bar, when it
// takes no longer: then the figures do not belong together.
std::optional<double> UndonePerSecond(std::optional<double> undo3, std::optional<double> chain3) {
  if (!undo3 || !chain3) return std::nullopt;
  if (*undo3 <= 0 || *undo3 >= *chain3) return std::nan("");
  return kUndoneSteps / (1 / *undo3 - 1 / *chain3);
}

}  // namespace

std::vector<Verdict> Judge(const std::vector<Measurement>& measurements) {
  Judgement judge(measurements);
  const auto chain3 = judge.Of("chain3", "tasks_per_s");
  judge.AtLeast("chain3 tasks/s as a share of the floor",
                Ratio(chain3, judge.Of("floor_2000", "tasks_per_s")), kFloorShareMin);
  judge.AtLeast("chain3 tasks/s", chain3, kTasksPerSecondMin);
  const auto light_p50 = judge.Of("light_load", "p50_ms");
  judge.AtMost("light_load p50 in times of the floor's",
               Ratio(light_p50, judge.Of("floor_1", "p50_ms")), kLightP50FloorTimesMax);
  judge.AtMost("light_load p50, ms", light_p50, kLightP50MsMax);
  judge.AtMost("light_load p99 in times of the floor's",
               Ratio(judge.Of("light_load", "p99_ms"), judge.Of("floor_1", "p99_ms")),
               kLightP99FloorTimesMax);
  judge.AtLeast("undo3 steps undone/s while undoing as a share of chain3's steps/s",
                Ratio(UndonePerSecond(judge.Of("undo3", "workflows_per_s"),
                                      judge.Of("chain3", "workflows_per_s")),
                      chain3),
                kUndoShareMin);
  judge.AtMost("chain3 transactions per task", judge.Of("chain3", "transactions_per_task"),
               kTransactionsPerTaskMax);
  judge.AtMost("chain3 SQL reads per task", judge.Of("chain3", "reads_per_task"), kReadsPerTaskMax);
  JudgeScripts(judge);
  judge.AtMost("parked100k memory growth, MiB", judge.Of("parked100k", "rss_growth_mib"),
               kParkedRssGrowthMibMax);
  judge.AtMost("parked100k longer start, ms", judge.Of("parked100k", "start_delay_ms"),
               kParkedStartDelayMsMax);
  judge.AtMost("parked100k idle queries beyond lease renewal, per s",
               judge.Of("parked100k", "idle_queries_per_s"), 0);
  for (const std::string kind : {"wait", "poll_timeout", "workflow_timeout"}) {
    judge.AtMost("timers: the latest of 10 000 " + kind + " in one second, ms",
                 judge.Of("timers", kind + "_late_max_ms"), kTimersLateMsMax);
    judge.AtMost("timers: the latest single " + kind + ", ms",
                 judge.Of("timers", kind + "_single_late_max_ms"), kSingleTimerLateMsMax);
    judge.AtMost("timers: early " + kind, judge.Of("timers", kind + "_early"), 0);
    judge.AtMost("timers: early single " + kind, judge.Of("timers", kind + "_single_early"), 0);
  }
  return judge.Take();
}

void PrintTable(const std::vector<Measurement>& measurements, std::ostream& out) {
  const auto floor = Figure(measurements, "floor_2000", "tasks_per_s");
  out << absl::StrFormat("%-*s%*s", kNameWidth, "scenario", kColumnWidth, "of floor");
  for (const Column& column : kColumns) {
    out << absl::StrFormat("%*s", kColumnWidth, column.title);
  }
  out << "\n";
  for (const Measurement& measurement : measurements) {
    const auto share = Ratio(Figure({measurement}, measurement.scenario, "tasks_per_s"), floor);
    out << absl::StrFormat("%-*s%*s", kNameWidth, measurement.scenario, kColumnWidth,
                           share ? absl::StrFormat("%.3f", *share) : "-");
    for (const Column& column : kColumns) {
      const auto found = measurement.figures.find(column.key);
      out << absl::StrFormat("%*s", kColumnWidth,
                             found == measurement.figures.end()
                                 ? "-"
                                 : absl::StrFormat("%.*f", column.decimals, found->second));
    }
    out << "\n";
  }
}

bool AllPassed(const std::vector<Verdict>& verdicts) {
  return std::ranges::all_of(verdicts, &Verdict::passed);
}

void PrintVerdicts(const std::vector<Verdict>& verdicts, std::ostream& out) {
  for (const Verdict& verdict : verdicts) {
    out << absl::StrFormat("%s  %s: %s\n", verdict.passed ? "PASS" : "FAIL", verdict.bar,
                           verdict.measured);
  }
}

std::string ToJson(const std::vector<Measurement>& measurements) {
  std::string json = "{\"scenarios\": [";
  const char* separator = "\n";
  for (const Measurement& measurement : measurements) {
    absl::StrAppend(&json, separator, "  {\"scenario\": \"", measurement.scenario, "\"");
    for (const auto& [key, value] : measurement.figures) {
      absl::StrAppendFormat(&json, ", \"%s\": %.9g", key, std::isfinite(value) ? value : 0);
    }
    absl::StrAppend(&json, "}");
    separator = ",\n";
  }
  return absl::StrCat(json, "\n]}\n");
}

}  // namespace skald::bench
