// size_bench [SHAPE…] [--max TASKS]: what one task costs in workflows of 100 to 50 000 tasks.
//
// Over the memory journal: deciding, batching, encoding, snapshots, and loading the whole
// afterwards. Workers answer a few tasks at a time, so that a big workflow has as many history rows
// as it would have in earnest. CPU time, because the machine is shared. Exit 1 when a shape's sizes
// are further apart than kSpreadMax, or a workflow does not complete.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/core/definition_parser.h"
#include "engine/memory/memory_journal.h"
#include "engine/memory/memory_store.h"
#include "engine/memory/null_metrics.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/loop.h"
#include "tests/sim/sim_random.h"

namespace skald::sim {
namespace {

constexpr double kSpreadMax = 1.5;
constexpr std::size_t kAnswersPerTick = 16;
constexpr std::size_t kTasksMeasured = 20'000;  // small workflows are run again until then
constexpr std::size_t kRuns = 3;                // the quickest counts
constexpr std::size_t kBranchesMax = 10'000;    // of one fork
constexpr std::size_t kBodyMax = 100;           // steps of one iteration
constexpr std::size_t kIdleTicksMax = 1'000;    // then a workflow is stuck

// A definition whose runs have so many worker tasks.
struct Shape {
  const char* name;
  std::string (*tasks)(std::size_t count);  // JSON of the steps
  std::string (*input)(std::size_t count);  // of the workflow
  std::vector<std::size_t> sizes;
  double scripts_per_task;  // conditions evaluated per task
};

std::string Simple(const std::string& reference) {
  return R"({"name":"work","taskReferenceName":")" + reference +
         R"(","type":"SIMPLE","inputParameters":{"order":"${workflow.input.order}"}})";
}

std::string Fork(std::size_t number) {
  const std::string at = std::to_string(number);
  return R"({"name":"fork","taskReferenceName":"fork)" + at +
         R"(","type":"FORK_JOIN_DYNAMIC","inputParameters":{"forkTaskName":"work",)"
         R"("forkTaskInputs":"${workflow.input.list)" +
         at + R"(}"}},{"name":"join","taskReferenceName":"join)" + at + R"(","type":"JOIN"})";
}

std::string Forks(std::size_t count) {
  std::string tasks;
  for (std::size_t i = 0; i * kBranchesMax < count; ++i) tasks += (i > 0 ? "," : "") + Fork(i);
  return tasks;
}

std::string ListOf(std::size_t count) {
  std::string list = "[";
  for (std::size_t i = 0; i < count; ++i) list += (i > 0 ? "," : "") + std::to_string(i);
  return list + "]";
}

std::string ForkInput(std::size_t count) {
  std::string input = R"({"order":1)";
  for (std::size_t i = 0; i * kBranchesMax < count; ++i) {
    const std::size_t branches = std::min(kBranchesMax, count - i * kBranchesMax);
    input += ",\"list" + std::to_string(i) + "\":" + ListOf(branches);
  }
  return input + "}";
}

// Chains of a hundred steps, one after the other: a definition has no room for more.
std::string Sequence(std::size_t count) {
  std::string body;
  for (std::size_t i = 0; i < std::min(count, kBodyMax); ++i) {
    body += (i > 0 ? "," : "") + Simple("s" + std::to_string(i));
  }
  return R"({"name":"loop","taskReferenceName":"loop","type":"DO_WHILE",)"
         R"("items":"${workflow.input.list}","loopOver":[)" +
         body + "]}";
}

std::string SequenceInput(std::size_t count) {
  return R"({"order":1,"list":)" + ListOf(std::max<std::size_t>(1, count / kBodyMax)) + "}";
}

std::string LoopWith(std::size_t count, const std::string& parameters) {
  return R"({"name":"loop","taskReferenceName":"loop","type":"DO_WHILE","inputParameters":{)" +
         parameters + R"(},"loopCondition":"$.loop['iteration'] < )" + std::to_string(count) +
         R"(","loopOver":[)" + Simple("a") + "]}";
}

std::string Loop(std::size_t count) { return LoopWith(count, ""); }
std::string LoopKeeping(std::size_t count) { return LoopWith(count, R"("keepLastN":10)"); }
std::string PlainInput(std::size_t) { return R"({"order":1})"; }

const std::vector<Shape>& Shapes() {
  static const std::vector<std::size_t> sizes = {100, 1'000, 10'000, 50'000};
  static const std::vector<Shape> shapes = {
      {"fork", Forks, ForkInput, sizes, 0},
      {"sequence", Sequence, SequenceInput, sizes, 0},
      {"loop", Loop, PlainInput, sizes, 1},
      {"keep_last", LoopKeeping, PlainInput, {100, 1'000, 10'000, 50'000, 100'000}, 1}};
  return shapes;
}

std::shared_ptr<const core::Definition> DefinitionOf(const Shape& shape, std::size_t count) {
  core::Parsed<core::Definition> parsed =
      core::ParseDefinition(R"({"name":"big","version":1,"tasks":[)" + shape.tasks(count) + "]}",
                            [](const std::string&) { return std::nullopt; }, {});
  if (!parsed.ok()) {
    std::fprintf(stderr, "%s\n", core::FormatMistakes(parsed.mistakes, 3).c_str());
    std::abort();
  }
  auto definition = std::make_shared<core::Definition>(*std::move(parsed.value));
  definition->id = 1;
  return definition;
}

// A worker, or the runner of conditions: keeps what it is given until it is asked.
class BenchSink final : public runtime::WorkerSink {
 public:
  explicit BenchSink(std::size_t iterations) : iterations_(iterations) {}
  void Assign(std::vector<runtime::Assignment> assignments) override {
    for (runtime::Assignment& assignment : assignments) waiting.push_back(std::move(assignment));
  }
  void CancelTasks(std::vector<runtime::Cancel>) override {}
  void Answer(std::vector<runtime::Receipt> receipts) override { answered += receipts.size(); }
  void Close(absl::Status) override {}

  std::vector<runtime::Result> TakeResults() {
    std::vector<runtime::Result> results;
    const std::size_t end = std::min(waiting.size(), next_ + kAnswersPerTick);
    for (; next_ < end; ++next_) results.push_back(ResultOf(waiting[next_]));
    if (next_ == waiting.size()) {
      waiting.clear();
      next_ = 0;
    }
    return results;
  }

  std::vector<runtime::Assignment> waiting;
  std::size_t answered = 0;

 private:
  runtime::Result ResultOf(const runtime::Assignment& assignment) {
    runtime::Result result;
    result.task = {assignment.workflow, assignment.task, assignment.fence};
    result.report.task = assignment.task;
    result.report.fence = assignment.fence;
    if (assignment.operation == core::Operation::kEvaluate) {
      const bool again = std::size_t(assignment.attempt) < iterations_;
      result.report.output = core::Payload(again ? R"({"result":true})" : R"({"result":false})");
    } else {
      result.report.output = output_;
    }
    return result;
  }

  const std::size_t iterations_;
  const core::Payload output_{R"({"ok":true,"reference":"0123456789abcdef"})"};
  std::size_t next_ = 0;
};

struct Cost {
  double run_us = 0;     // per task
  double load_us = 0;    // per task
  double megabytes = 0;  // written per run, history and snapshots
};

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Counts what is written.
class CountingMetrics final : public memory::NullMetrics {
 public:
  void Committed(std::size_t, std::size_t, std::size_t commit_bytes, core::DurationUs) override {
    bytes += commit_bytes;
  }
  std::size_t bytes = 0;
};

// One engine over a store of its own, with a worker and a runner of conditions.
class Engine {
 public:
  Engine(const Shape& shape, std::size_t count)
      : shape_(shape),
        count_(count),
        definition_(DefinitionOf(shape, count)),
        input_(shape.input(count)),
        journal_(store_),
        loop_({}, {.journal = journal_,
                   .clock = clock_,
                   .metrics = metrics_,
                   .definition_by_id = ById(),
                   .definition_by_name = [this](const std::string&, const std::string&,
                                                std::int32_t) { return definition_; },
                   .task_definitions_by_name =
                       [](const std::string&, const std::vector<std::string>&,
                          const runtime::Callback<core::TaskDefinitions>& done) {
                         done(core::TaskDefinitions{{"work", core::Payload()}});
                       }}) {
    while (!loop_.serving()) loop_.Tick(clock_.Now());
    workers_ = std::make_shared<BenchSink>(count);
    runners_ = std::make_shared<BenchSink>(count);
    worker_ = Attach("default", "work", workers_);
    runner_ = Attach(runtime::kRunnersNamespace, "INLINE", runners_);
  }

  // Runs one workflow to its end.
  void RunOne() {
    id_ = base::UuidV7(clock_.Now() / 1'000, random_.Next(), random_.Next());
    loop_.Start(
        {.name_space = "default", .definition = definition_, .start = {.id = id_, .input = input_}},
        [](const absl::StatusOr<runtime::Started>&) {});
    const std::size_t tasks_end = workers_->answered + count_;
    const auto conditions = static_cast<std::size_t>(shape_.scripts_per_task * double(count_));
    const std::size_t conditions_end = runners_->answered + conditions;
    std::size_t idle = 0;
    while (workers_->answered < tasks_end || runners_->answered < conditions_end) {
      const bool answered = Report(worker_, *workers_) | Report(runner_, *runners_);
      idle = answered ? 0 : idle + 1;
      if (idle > kIdleTicksMax) {
        std::fprintf(stderr, "%s: stuck after %zu tasks\n", shape_.name, workers_->answered);
        std::exit(1);
      }
      clock_.Set(clock_.Now() + 1'000);
      loop_.Tick(clock_.Now());
    }
    loop_.Tick(clock_.Now());
  }

  // Loads the last workflow, which has completed.
  void Load() {
    const auto stored = store_.Load(id_);
    const auto loaded = runtime::Fold(*stored, ById());
    if (loaded.ok() && (*loaded)->state.status == core::WorkflowStatus::kCompleted) return;
    std::fprintf(
        stderr, "%s of %zu: not completed: %s\n", shape_.name, count_,
        loaded.ok() ? (*loaded)->state.reason.c_str() : loaded.status().ToString().c_str());
    std::exit(1);
  }

  std::size_t bytes_written() const { return metrics_.bytes; }

 private:
  runtime::DefinitionById ById() {
    return [this](std::int64_t) { return definition_; };
  }
  runtime::SessionId Attach(const char* name_space, const char* type,
                            const std::shared_ptr<BenchSink>& sink) {
    return *loop_.Attach({.name_space = name_space,
                          .worker_id = type,
                          .incarnation = type,
                          .task_types = {{type, "", false}},
                          .credits = 100'000,
                          .lease_us = 86'400 * core::kSecondUs},
                         sink);
  }
  bool Report(runtime::SessionId session, BenchSink& sink) {
    std::vector<runtime::Result> results = sink.TakeResults();
    if (results.empty()) return false;
    loop_.Report(session, std::move(results));
    return true;
  }

  const Shape& shape_;
  const std::size_t count_;
  const std::shared_ptr<const core::Definition> definition_;
  const core::Payload input_;
  SimClock clock_;
  SimRandom random_{7};
  CountingMetrics metrics_;
  memory::MemoryStore store_{clock_, 1};
  memory::MemoryJournal journal_;
  runtime::Loop loop_;
  std::shared_ptr<BenchSink> workers_, runners_;
  runtime::SessionId worker_ = 0, runner_ = 0;
  core::WorkflowId id_;
};

Cost RunOnce(const Shape& shape, std::size_t count, std::size_t repeats) {
  Engine engine(shape, count);
  const double begun = CpuSeconds();
  for (std::size_t i = 0; i < repeats; ++i) engine.RunOne();
  const double run = CpuSeconds() - begun;
  const double load_begun = CpuSeconds();
  engine.Load();
  return {.run_us = run * 1e6 / double(count * repeats),
          .load_us = (CpuSeconds() - load_begun) * 1e6 / double(count),
          .megabytes = double(engine.bytes_written()) / 1e6 / double(repeats)};
}

Cost Measure(const Shape& shape, std::size_t count) {
  const std::size_t repeats = std::max<std::size_t>(1, kTasksMeasured / count);
  Cost best = RunOnce(shape, count, repeats);
  for (std::size_t i = 1; i < kRuns; ++i) {
    const Cost again = RunOnce(shape, count, repeats);
    best.run_us = std::min(best.run_us, again.run_us);
    best.load_us = std::min(best.load_us, again.load_us);
  }
  return best;
}

// False when the sizes are too far apart.
bool Run(const Shape& shape, std::size_t tasks_max) {
  double least = 0;
  double most = 0;
  for (const std::size_t count : shape.sizes) {
    if (count > tasks_max) break;
    const Cost cost = Measure(shape, count);
    least = least == 0 ? cost.run_us : std::min(least, cost.run_us);
    most = std::max(most, cost.run_us);
    std::printf("%-10s %6zu tasks: %7.2f us/task, %6.2f us/task to load, %6.1f MB written\n",
                shape.name, count, cost.run_us, cost.load_us, cost.megabytes);
    std::fflush(stdout);
  }
  std::printf("%-10s most / least = %.2f (bar %.1f)\n", shape.name, most / least, kSpreadMax);
  return most <= least * kSpreadMax;
}

}  // namespace
}  // namespace skald::sim

int main(int argc, char** argv) {
  skald::base::SetLogLevel(skald::base::LogLevel::kOff);
  std::set<std::string> wanted;
  std::size_t tasks_max = 100'000;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--max") == 0 && i + 1 < argc) {
      tasks_max = std::strtoull(argv[++i], nullptr, 10);
    } else {
      wanted.insert(argv[i]);
    }
  }
  bool ok = true;
  for (const skald::sim::Shape& shape : skald::sim::Shapes()) {
    if (wanted.empty() || wanted.contains(shape.name)) ok = skald::sim::Run(shape, tasks_max) && ok;
  }
  return ok ? 0 : 1;
}
