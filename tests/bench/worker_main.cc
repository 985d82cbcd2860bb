// skald_bench_worker: a worker service that does nothing, built on the C++ worker library as any
// service would be; skald_bench starts it.
//
//   skald_bench_worker ADDRESS SCENARIO
//
// Each line of standard input is answered with a report: tasks (handled, in all) and, for scenarios
// of step latency, p50_ms and p99_ms since the last report: from a handler's answer to the handler
// of the same workflow's next task.
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "tests/bench/control.h"
#include "tests/bench/latency_samples.h"
#include "tests/bench/scenario.h"
#include "workers/sdk/worker.h"

namespace skald::bench {
namespace {

// Tasks that the worker may hold: more than any scenario has ready at once.
constexpr uint32_t kCredits = 8'000;

// Counts tasks and, if asked to, measures the steps between them. Thread-safe.
class Meter {
 public:
  explicit Meter(bool step_latency) : step_latency_(step_latency) {}

  void Received(const sdk::TaskData& task) {
    base::MutexLock lock(mutex_);
    ++tasks_;
    if (!step_latency_) return;
    const auto sent = sent_ns_.find(task.workflow_id);
    if (sent != sent_ns_.end()) {
      latencies_.Add(MonotonicNanoseconds() - sent->second);
      sent_ns_.erase(sent);
    }
  }

  void Answered(const sdk::TaskData& task) {
    if (!step_latency_) return;
    base::MutexLock lock(mutex_);
    if (task.reference != kLastStep) sent_ns_[task.workflow_id] = MonotonicNanoseconds();
  }

  Report TakeReport() {
    base::MutexLock lock(mutex_);
    const Quantiles quantiles = latencies_.Take();
    return {{"tasks", static_cast<double>(tasks_)},
            {"p50_ms", quantiles.p50_ms},
            {"p99_ms", quantiles.p99_ms}};
  }

 private:
  static constexpr char kLastStep[] = "step3";

  const bool step_latency_;
  base::Mutex mutex_;
  uint64_t tasks_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, int64_t> sent_ns_ ABSL_GUARDED_BY(mutex_);  // by workflow
  LatencySamples latencies_ ABSL_GUARDED_BY(mutex_);
};

void RegisterHandlers(sdk::Worker& worker, Meter& meter) {
  worker.Handle(kEchoTask, [&meter](sdk::Task& task) {
    meter.Received(task.data());
    sdk::Result result = sdk::Result::Completed(task.data().input);
    meter.Answered(task.data());
    return result;
  });
  worker.Handle(kUndoTask, [&meter](sdk::Task& task) {
    meter.Received(task.data());
    return sdk::Result::Completed();
  });
  worker.Handle(kFailTask, [&meter](sdk::Task& task) {
    meter.Received(task.data());
    return sdk::Result::Terminal("this step always fails");
  });
}

absl::Status Work(const std::string& address, const std::string& scenario_name) {
  ASSIGN_OR_RETURN(const Scenario scenario, FindScenario(scenario_name));
  Meter meter(scenario.step_latency);
  sdk::Worker worker({.server = address, .threads = 0, .credits = kCredits});
  RegisterHandlers(worker, meter);
  absl::Status status;
  std::thread serving([&] { status = worker.Run(); });
  ServeCommands({{"ready", 1}}, [&](std::string_view) { return meter.TakeReport(); });
  worker.Drain();
  serving.join();
  return status;
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  constexpr int kArguments = 3;
  if (argc != kArguments) {
    std::cerr << "usage: skald_bench_worker ADDRESS SCENARIO" << std::endl;
    return 2;
  }
  const absl::Status status = skald::bench::Work(argv[1], argv[2]);
  if (!status.ok()) {
    std::cerr << "skald_bench_worker: " << status << std::endl;
    return 1;
  }
  return 0;
}
