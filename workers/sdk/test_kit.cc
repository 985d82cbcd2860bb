#include "workers/sdk/test_kit.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "engine/base/mutex.h"
#include "fmt/format.h"
#include "workers/sdk/barrier_schema.h"
#include "workers/sdk/task_runner.h"

namespace skald::sdk {
namespace {

using Random = std::mt19937_64;

struct Delivery {
  int saga = 0;
  Operation operation = Operation::kAction;
  std::uint64_t fence = 0;
  bool expired = false;
  std::uint64_t place = 0;  // deliveries run in the order of this
};

struct Ledger {
  int actions = 0;
  int undos = 0;
};

bool Chance(Random& random, int percent) { return static_cast<int>(random() % 100) < percent; }

// The whole run; its methods below are in the order in which they happen.
class Run {
 public:
  Run(const HandlerSet& handlers, const FaultTrial& trial)
      : handlers_(handlers), trial_(trial), run_name_(fmt::format("trial-{:x}", trial.seed)) {}

  FaultReport Execute();

 private:
  void Plan();
  void PlanSaga(int saga, Random& random);
  void DeliverAll(int thread);
  Result Deliver(TaskRunner& runner, const Delivery& delivery);
  Result DeliverOnce(TaskRunner& runner, const Delivery& delivery);
  void Note(const Delivery& delivery, const Result& result);
  void Acknowledge();
  void Check();
  void CheckSaga(int saga, const Ledger& ledger);
  void Violation(std::string what);
  std::string StepKey(int saga) const { return fmt::format("{}/{}/step/1", run_name_, saga); }
  TaskRunnerOptions RunnerOptions(Random* random);

  const HandlerSet& handlers_;
  const FaultTrial& trial_;
  const std::string run_name_;
  std::vector<Delivery> deliveries_;
  std::vector<bool> undone_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<int> crashes_ = 0;
  base::Mutex mutex_;
  FaultReport report_ GUARDED_BY(mutex_);
  // Distinct outputs of completed deliveries, per (saga, operation).
  std::map<std::pair<int, Operation>, std::set<std::string>> answers_ GUARDED_BY(mutex_);
};

FaultReport Run::Execute() {
  PgSession session({.database_url = trial_.database_url});
  const absl::Status created = CreateBarrierTable(session);
  if (!created.ok()) {
    Violation(created.ToString());
  } else {
    Plan();
    std::vector<std::thread> threads;
    for (int i = 0; i < trial_.threads; ++i) threads.emplace_back([this, i] { DeliverAll(i); });
    for (std::thread& thread : threads) thread.join();
    Acknowledge();
    Check();
  }
  base::MutexLock lock(mutex_);
  report_.crashes = crashes_;
  return report_;
}

void Run::Plan() {
  Random random(trial_.seed);
  undone_.resize(static_cast<std::size_t>(trial_.sagas));
  for (int saga = 0; saga < trial_.sagas; ++saga) PlanSaga(saga, random);
  std::stable_sort(deliveries_.begin(), deliveries_.end(),
                   [](const Delivery& a, const Delivery& b) { return a.place < b.place; });
}

void Run::PlanSaga(int saga, Random& random) {
  constexpr std::uint64_t kPlacesPerSaga = 1'000;
  constexpr std::uint64_t kAfterEverything = std::uint64_t{1} << 62;
  const auto window = static_cast<std::uint64_t>(trial_.reorder_window) * kPlacesPerSaga;
  const auto times = [&] {
    return 1 + static_cast<int>(random() % static_cast<std::uint64_t>(trial_.duplicates_max));
  };
  std::uint64_t fence = 0;
  const auto add = [&](Operation operation) {
    Delivery delivery{.saga = saga, .operation = operation, .fence = ++fence};
    delivery.place = static_cast<std::uint64_t>(saga) * kPlacesPerSaga + random() % window;
    if (operation == Operation::kAction) {
      delivery.expired = Chance(random, trial_.expired_percent);
      if (Chance(random, trial_.late_percent)) delivery.place += kAfterEverything;
    }
    deliveries_.push_back(delivery);
  };
  const bool undone = Chance(random, trial_.undone_percent);
  undone_[static_cast<std::size_t>(saga)] = undone;
  for (int i = times(); i > 0; --i) add(Operation::kAction);
  if (!undone) return;
  for (int i = times(); i > 0; --i) add(Operation::kUndo);
}

TaskRunnerOptions Run::RunnerOptions(Random* random) {
  TaskRunnerOptions options{.database = {.database_url = trial_.database_url},
                            .local_deliveries = 1};
  if (random == nullptr) return options;
  options.database.commit_fault = [this, random] {
    const int dice = static_cast<int>((*random)() % 100);
    const int before = trial_.crash_before_percent;
    if (dice >= before + trial_.crash_after_percent) return CommitFault::kNone;
    ++crashes_;
    return dice < before ? CommitFault::kCrashBefore : CommitFault::kCrashAfter;
  };
  return options;
}

void Run::DeliverAll(int thread) {
  Random random(trial_.seed * 1'000 + static_cast<std::uint64_t>(thread) + 1);
  TaskRunner runner(handlers_, RunnerOptions(&random));
  for (std::size_t i = next_++; i < deliveries_.size(); i = next_++) {
    Deliver(runner, deliveries_[i]);
  }
}

// Repeats a delivery until it has an answer that the engine would take.
Result Run::Deliver(TaskRunner& runner, const Delivery& delivery) {
  Result result = DeliverOnce(runner, delivery);
  for (int i = 0; i < kRedeliveriesMax; ++i) {
    const bool expired = delivery.expired && result.verdict() == Verdict::kRejected;
    if (result.status() != Result::Status::kFailed || expired) return result;
    result = DeliverOnce(runner, delivery);
  }
  Violation(fmt::format("{}: never answered: {}", StepKey(delivery.saga), result.reason()));
  return result;
}

Result Run::DeliverOnce(TaskRunner& runner, const Delivery& delivery) {
  TaskData data;
  const bool undo = delivery.operation == Operation::kUndo;
  data.task_id = fmt::format("{}#{}", StepKey(delivery.saga), delivery.fence);
  data.fence = delivery.fence;
  data.workflow_id = fmt::format("{}/{}", run_name_, delivery.saga);
  data.type = undo ? trial_.undo_type : trial_.action_type;
  data.operation = delivery.operation;
  data.step_key = StepKey(delivery.saga);
  data.idempotency_key = data.step_key + (undo ? "/c" : "");
  data.input = trial_.input(delivery.saga);
  data.not_after_us = delivery.expired ? 1 : 0;
  if (undo) data.undo.original_input = data.input;
  CancelToken cancel;
  Task task(data, cancel, nullptr);
  Result result = runner.Run(task);
  Note(delivery, result);
  return result;
}

void Run::Note(const Delivery& delivery, const Result& result) {
  base::MutexLock lock(mutex_);
  ++report_.deliveries;
  switch (result.verdict()) {
    case Verdict::kReplayed:
      ++report_.replays;
      break;
    case Verdict::kNulled:
      ++report_.nulled;
      break;
    case Verdict::kRejected:
      ++report_.rejected;
      break;
    default:
      break;
  }
  if (result.status() == Result::Status::kCompleted) {
    answers_[{delivery.saga, delivery.operation}].insert(result.output());
  }
}

// The engine goes on until every step has an answer: so does the kit, without faults now.
void Run::Acknowledge() {
  TaskRunner runner(handlers_, RunnerOptions(nullptr));
  for (int saga = 0; saga < trial_.sagas; ++saga) {
    const bool undone = undone_[static_cast<std::size_t>(saga)];
    const Operation operation = undone ? Operation::kUndo : Operation::kAction;
    const Result result = Deliver(runner, {.saga = saga, .operation = operation, .fence = 1'000});
    if (result.status() == Result::Status::kCompleted) continue;
    Violation(fmt::format("{}: refused: {}", StepKey(saga), result.reason()));
  }
}

void Run::Check() {
  std::map<std::string, Ledger> ledger;
  PgSession session({.database_url = trial_.database_url});
  const absl::Status read = session.Transact([&](Transaction& work) {
    ledger.clear();
    for (const pqxx::row row : work.exec(trial_.ledger_sql)) {
      ledger[row[0].as<std::string>()] = {row[1].as<int>(), row[2].as<int>()};
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return Violation(fmt::format("ledger: {}", read.ToString()));
  for (int saga = 0; saga < trial_.sagas; ++saga) CheckSaga(saga, ledger[StepKey(saga)]);

  std::vector<std::string> different;
  {
    base::MutexLock lock(mutex_);
    for (const auto& [step, outputs] : answers_) {
      if (outputs.size() > 1) different.push_back(StepKey(step.first));
    }
  }
  for (const std::string& key : different) Violation(key + ": answered in different ways");
}

void Run::CheckSaga(int saga, const Ledger& ledger) {
  const bool undone = undone_[static_cast<std::size_t>(saga)];
  const bool right = undone ? ledger.actions <= 1 && ledger.actions == ledger.undos
                            : ledger.actions == 1 && ledger.undos == 0;
  if (right) return;
  Violation(fmt::format("{}: {} saga has {} actions and {} undos", StepKey(saga),
                        undone ? "undone" : "finished", ledger.actions, ledger.undos));
}

void Run::Violation(std::string what) {
  base::MutexLock lock(mutex_);
  if (report_.violations.size() < kViolationsMax) report_.violations.push_back(std::move(what));
}

}  // namespace

FaultReport RunWithFaults(const HandlerSet& handlers, const FaultTrial& trial) {
  return Run(handlers, trial).Execute();
}

}  // namespace skald::sdk
