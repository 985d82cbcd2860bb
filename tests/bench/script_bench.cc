// skald_script_bench: evaluations per second through the runner, and what a script that loops or
// eats memory does to the latency of others.
//
//   skald_script_bench [SECONDS] [BINARY]     BINARY: the skald whose hosts are used
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/script/script_runner.h"
#include "fmt/format.h"

namespace skald::script {
namespace {

using std::chrono::steady_clock;

// What the bars of the project say.
constexpr double kInlinePerSecondMin = 5'000;
constexpr double kLatencyFactorMax = 3;

ports::RunnerTask Inline(std::string_view escaped_script) {
  return {.task_id = "bench",
          .task_type = "INLINE",
          .input = core::Payload(
              fmt::format(R"({{"evaluatorType":"javascript","expression":"{}","list":[1,2,3,4,5],)"
                          R"("name":"order","customer":{{"id":4711,"tags":["a","b"]}}}})",
                          escaped_script))};
}

ports::RunnerTask SmallInline() {
  return Inline(
      "(function(){ var s = 0; for (const n of $.list) s += n;"
      " return {sum: s, name: $.name.toUpperCase(), id: $.customer.id}; })();");
}

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

double Measure(std::string_view name, ScriptRunner& runner, const ports::RunnerTask& task,
               std::size_t depth, double seconds) {
  Load load(runner, task, depth);
  load.Run(seconds);
  std::printf("%-34s %8.0f /s   p50 %7.0f us   p99 %7.0f us   failed %zu\n",
              std::string(name).c_str(), load.PerSecond(), load.Percentile(0.5),
              load.Percentile(0.99), load.failed());
  return load.PerSecond();
}

// The latency of a light load while one bad script after the other runs, as a factor of that
// without.
double MeasureBesides(std::string_view name, ScriptRunner& runner, const ports::RunnerTask& bad,
                      double calm_p99_us, double seconds) {
  Load villain(runner, bad, 1);
  Load light(runner, SmallInline(), 2);
  villain.Run(0.1);  // its host is started, and the one past it
  std::thread beside([&villain, seconds] { villain.Run(seconds); });
  light.Run(seconds);
  beside.join();
  const double factor = light.Percentile(0.99) / calm_p99_us;
  std::printf(
      "%-34s %8.0f /s   p50 %7.0f us   p99 %7.0f us   failed %zu   p99 x%.2f (villains %.1f /s)\n",
      std::string(name).c_str(), light.PerSecond(), light.Percentile(0.5), light.Percentile(0.99),
      light.failed(), factor, villain.PerSecond());
  return factor;
}

int Main(double seconds, std::string binary) {
  base::SetLogLevel(base::LogLevel::kOff);
  ScriptRunner runner({.host_command = {std::move(binary), "script-host"}});
  Warm(runner);
  const double rate = Measure("INLINE, 64 at once", runner, SmallInline(), 64, seconds);
  Measure("JSON_JQ_TRANSFORM, 64 at once", runner, SmallJq(), 64, seconds);
  Measure("INLINE, 1 at once", runner, SmallInline(), 1, seconds);
  Load calm(runner, SmallInline(), 2);
  calm.Run(seconds);
  std::printf("%-34s %8.0f /s   p50 %7.0f us   p99 %7.0f us\n", "INLINE, 2 at once",
              calm.PerSecond(), calm.Percentile(0.5), calm.Percentile(0.99));
  const double p99 = calm.Percentile(0.99);
  const double loop =
      MeasureBesides("  beside while(true)", runner, Inline("while(true){}"), p99, seconds);
  const double bomb =
      MeasureBesides("  beside a memory bomb", runner,
                     Inline("var a=[]; for(;;) a.push({x:a.length})"), p99, seconds);
  const bool good =
      rate >= kInlinePerSecondMin && loop <= kLatencyFactorMax && bomb <= kLatencyFactorMax;
  std::printf("%s\n", good ? "bars met" : "BARS NOT MET");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace skald::script

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  return skald::script::Main(seconds, argc > 2 ? argv[2] : "build/release/skald");
}
