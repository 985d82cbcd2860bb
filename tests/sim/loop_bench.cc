// loop_bench [WORKFLOWS [AT_A_TIME]]: how many tasks per second one loop decides and batches over
// the memory journal, chains of three steps with 256-byte payloads. Ends in one line with the
// numbers.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/core/definition_parser.h"
#include "engine/memory/memory_journal.h"
#include "engine/memory/memory_store.h"
#include "engine/memory/null_metrics.h"
#include "engine/runtime/loop.h"
#include "tests/sim/sim_random.h"

namespace skald::sim {
namespace {

constexpr std::size_t kPayloadBytes = 256;

// Answers whatever it is given at the next turn.
class BenchSink final : public runtime::WorkerSink {
 public:
  void Assign(std::vector<runtime::Assignment> assignments) override {
    for (runtime::Assignment& assignment : assignments) {
      runtime::Result result;
      result.task = {assignment.workflow, assignment.task, assignment.fence};
      result.report.task = assignment.task;
      result.report.fence = assignment.fence;
      result.report.output = output;
      results.push_back(std::move(result));
    }
  }
  void CancelTasks(std::vector<runtime::Cancel>) override {}
  void Answer(std::vector<runtime::Receipt> receipts) override { answered += receipts.size(); }
  void Close(absl::Status) override {}

  core::Payload output;
  std::vector<runtime::Result> results;
  std::size_t answered = 0;
};

std::shared_ptr<const core::Definition> Chain() {
  std::string tasks;
  for (const char* name : {"a", "b", "c"}) {
    tasks += std::string(tasks.empty() ? "" : ",") + R"({"name":")" + name +
             R"(","taskReferenceName":")" + name +
             R"(","type":"SIMPLE","inputParameters":{"order":"${workflow.input.order}"}})";
  }
  core::Parsed<core::Definition> parsed =
      core::ParseDefinition(R"({"name":"chain","version":1,"tasks":[)" + tasks + "]}",
                            [](const std::string&) { return std::nullopt; }, {});
  if (!parsed.ok()) std::abort();
  auto definition = std::make_shared<core::Definition>(*std::move(parsed.value));
  definition->id = 1;
  return definition;
}

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void Run(std::size_t workflows, std::size_t at_a_time) {
  SimClock clock;
  SimRandom random(7);
  memory::NullMetrics metrics;
  memory::MemoryStore store(clock, 1);
  memory::MemoryJournal journal(store);
  const auto definition = Chain();
  runtime::Loop loop(
      {}, {journal, clock, metrics, [&](std::int64_t) { return definition; },
           [&](const std::string&, const std::string&, std::int32_t) { return definition; }});
  while (!loop.serving()) loop.Tick(clock.Now());
  const std::string padding(kPayloadBytes - 12, 'x');
  auto sink = std::make_shared<BenchSink>();
  sink->output = core::Payload(R"({"order":")" + padding + "\"}");
  const runtime::SessionId session =
      *loop.Attach({.name_space = "default",
                    .worker_id = "w",
                    .incarnation = "w",
                    .task_types = {{"a", "", true}, {"b", "", true}, {"c", "", true}},
                    .credits = 100'000},
                   sink);
  const core::Payload input(R"({"order":")" + padding + "\"}");
  std::size_t begun = 0;
  std::size_t ticks = 0;
  const double cpu_before = CpuSeconds();
  const std::size_t tasks = workflows * 3;
  while (sink->answered < tasks) {
    const std::size_t running = loop.state().shards.workflow_count();
    for (std::size_t i = running; i < at_a_time && begun < workflows; ++i, ++begun) {
      loop.Start({.name_space = "default",
                  .definition = definition,
                  .start = {.id = base::UuidV7(clock.Now() / 1'000, random.Next(), random.Next()),
                            .input = input}},
                 [](const absl::StatusOr<runtime::Started>&) {});
    }
    std::vector<runtime::Result> results;
    results.swap(sink->results);
    if (!results.empty()) loop.Report(session, std::move(results));
    clock.Set(clock.Now() + 1'000);
    loop.Tick(clock.Now());
    ++ticks;
  }
  const double cpu = CpuSeconds() - cpu_before;
  std::printf(
      "%zu workflows, %zu at a time: %.0f tasks/s per core, %.2f us CPU per task, "
      "%.1f tasks per batch\n",
      workflows, at_a_time, static_cast<double>(tasks) / cpu,
      cpu * 1e6 / static_cast<double>(tasks),
      static_cast<double>(tasks) / static_cast<double>(ticks));
}

}  // namespace
}  // namespace skald::sim

int main(int argc, char** argv) {
  skald::base::SetLogLevel(skald::base::LogLevel::kOff);
  const std::size_t workflows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const std::size_t at_a_time = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2'000;
  if (workflows == 0 || at_a_time == 0) {
    std::fprintf(stderr, "usage: loop_bench [WORKFLOWS [AT_A_TIME]]\n");
    return 2;
  }
  skald::sim::Run(workflows, at_a_time);
  return 0;
}
