// skald_script_bench: evaluations per second through the runner, and what a script that loops or
// eats memory does to the latency of others.
//
//   skald_script_bench [SECONDS] [BINARY] [--report]
//
// SECONDS: of each measurement; BINARY: the skald whose hosts are used. With --report all is one
// line for skald_bench (control.h), and bars are its to judge; else exit 1 when one is missed.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/script/script_runner.h"
#include "fmt/format.h"
#include "tests/bench/bars.h"
#include "tests/bench/control.h"
#include "tests/bench/scripts.h"

namespace skald::script {
namespace {

using std::chrono::steady_clock;

constexpr double kUsPerMs = 1e3;

ports::RunnerTask Inline(std::string_view escaped_script) {
  return {
      .task_id = "bench",
      .task_type = "INLINE",
      .input = core::Payload(fmt::format(R"({{"evaluatorType":"javascript","expression":"{}",{}}})",
                                         escaped_script, bench::kSmallScriptInput))};
}

ports::RunnerTask SmallInline() { return Inline(bench::kSmallScript); }

ports::RunnerTask SmallJq() {
  return {.task_id = "bench",
          .task_type = "JSON_JQ_TRANSFORM",
          .input = core::Payload(R"({"queryExpression":"{sum: (.list | add), id: .customer.id}",)"
                                 R"("list":[1,2,3,4,5],"customer":{"id":4711}})")};
}

// Keeps `depth` tasks under way for `seconds`, and keeps their latencies.
class Load {
 public:
  Load(ScriptRunner& runner, ports::RunnerTask task, std::size_t depth)
      : runner_(runner), task_(std::move(task)), depth_(depth) {}

  void Run(double seconds) {
    {
      base::MutexLock lock(mutex_);
      ended_ = 0;
      latencies_us_.clear();
    }
    const auto begin = steady_clock::now();
    end_ = begin + std::chrono::duration_cast<steady_clock::duration>(
                       std::chrono::duration<double>(seconds));
    for (std::size_t i = 0; i < depth_; ++i) Start();
    base::MutexLock lock(mutex_);
    while (ended_ < depth_) all_ended_.Wait(mutex_);
    seconds_ = std::chrono::duration<double>(steady_clock::now() - begin).count();
    std::sort(latencies_us_.begin(), latencies_us_.end());
  }

  double PerSecond() const { return static_cast<double>(latencies_us_.size()) / seconds_; }
  double Percentile(double p) const {
    return latencies_us_[static_cast<std::size_t>(p *
                                                  static_cast<double>(latencies_us_.size() - 1))];
  }
  std::size_t failed() const { return failed_; }

 private:
  void Start() {
    const auto begin = steady_clock::now();
    runner_.Run(task_, [this, begin](const ports::RunnerResult& result) {
      const auto now = steady_clock::now();
      bool again = now < end_;
      {
        base::MutexLock lock(mutex_);
        latencies_us_.push_back(std::chrono::duration<double, std::micro>(now - begin).count());
        if (result.status != core::TaskStatus::kCompleted) ++failed_;
        if (!again && ++ended_ == depth_) all_ended_.SignalAll();
      }
      if (again) Start();
    });
  }

  ScriptRunner& runner_;
  const ports::RunnerTask task_;
  const std::size_t depth_;
  steady_clock::time_point end_;
  double seconds_ = 0;
  base::Mutex mutex_;
  base::CondVar all_ended_;
  std::size_t ended_ = 0;
  std::size_t failed_ = 0;
  std::vector<double> latencies_us_;
};

void Warm(ScriptRunner& runner) {
  Load(runner, SmallInline(), 64).Run(0.5);
  Load(runner, SmallJq(), 64).Run(0.2);
}

void Print(std::string_view name, const Load& load) {
  std::cerr << fmt::format("{:<34} {:8.0f} /s   p50 {:7.0f} us   p99 {:7.0f} us   failed {}\n",
                           name, load.PerSecond(), load.Percentile(0.5), load.Percentile(0.99),
                           load.failed());
}

double Measure(std::string_view name, ScriptRunner& runner, const ports::RunnerTask& task,
               std::size_t depth, double seconds) {
  Load load(runner, task, depth);
  load.Run(seconds);
  Print(name, load);
  return load.PerSecond();
}

// The p99 of a light load while one bad script after the other runs, as a factor of that without.
double MeasureBesides(std::string_view name, ScriptRunner& runner, const ports::RunnerTask& bad,
                      double calm_p99_us, double seconds) {
  Load villain(runner, bad, 1);
  Load light(runner, SmallInline(), 2);
  villain.Run(0.1);  // its host is started, and the one past it
  std::thread beside([&villain, seconds] { villain.Run(seconds); });
  light.Run(seconds);
  beside.join();
  Print(name, light);
  const double factor = light.Percentile(0.99) / calm_p99_us;
  std::cerr << fmt::format("    p99 x{:.2f}, villains {:.1f} /s\n", factor, villain.PerSecond());
  return factor;
}

bench::Measurement MeasureAll(double seconds, std::string binary) {
  ScriptRunner runner({.host_command = {std::move(binary), "script-host"}});
  Warm(runner);
  bench::Measurement all{.scenario = "scripts", .figures = {}};
  auto& figures = all.figures;
  figures["tasks_per_s"] = Measure("INLINE, 64 at once", runner, SmallInline(), 64, seconds);
  figures["jq_per_s"] = Measure("JSON_JQ_TRANSFORM, 64 at once", runner, SmallJq(), 64, seconds);
  Measure("INLINE, 1 at once", runner, SmallInline(), 1, seconds);
  Load calm(runner, SmallInline(), 2);
  calm.Run(seconds);
  Print("INLINE, 2 at once", calm);
  const double p99_us = calm.Percentile(0.99);
  figures["calm_p99_ms"] = p99_us / kUsPerMs;
  figures["loop_p99_times"] =
      MeasureBesides("  beside while(true)", runner, Inline(bench::kLoopScript), p99_us, seconds);
  figures["bomb_p99_times"] =
      MeasureBesides("  beside a memory bomb", runner, Inline(bench::kBombScript), p99_us, seconds);
  return all;
}

int Main(double seconds, std::string binary, bool report) {
  base::SetLogLevel(base::LogLevel::kOff);
  const bench::Measurement all = MeasureAll(seconds, std::move(binary));
  if (report) {
    std::cout << bench::FormatReport(all.figures) << std::endl;
    return 0;
  }
  const std::vector<bench::Verdict> verdicts = bench::Judge({all});
  bench::PrintVerdicts(verdicts, std::cout);
  return bench::AllPassed(verdicts) ? 0 : 1;
}

}  // namespace
}  // namespace skald::script

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool report = std::erase(arguments, "--report") > 0;
  const double seconds = arguments.empty() ? 5 : std::atof(arguments[0].c_str());
  if (seconds <= 0 || arguments.size() > 2) {
    std::cerr << "usage: skald_script_bench [SECONDS] [BINARY] [--report]" << std::endl;
    return 2;
  }
  return skald::script::Main(seconds, arguments.size() > 1 ? arguments[1] : "build/release/skald",
                             report);
}
