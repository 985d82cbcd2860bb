#include "engine/runtime/runner_host.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/runtime/runner_task.h"

namespace skald::runtime {
namespace {

TaskKey KeyOf(const Assignment& assignment) {
  return {assignment.workflow, assignment.task, assignment.fence};
}

}  // namespace

// The tasks that the runner has, and the results that the engine has not taken yet. No lock is held
// while the runner or the engine is called.
class RunnerHost::Desk final : public WorkerSink, public std::enable_shared_from_this<Desk> {
 public:
  Desk(Engine& engine, std::unique_ptr<ports::TaskRunner> runner, RunnerHostOptions options)
      : engine_(engine),
        options_(std::move(options)),
        capacity_(runner->Capacity()),
        runner_(std::move(runner)) {}

  WorkerHello Hello() const {
    WorkerHello hello;
    hello.name_space = kRunnersNamespace;
    hello.worker_id = "engine";
    hello.incarnation = options_.incarnation;
    hello.credits = static_cast<std::uint32_t>(capacity_);
    hello.lease_us = options_.answer_us_max;
    for (const std::string& type : runner_->TaskTypes())
      hello.task_types.push_back({type, "", false});
    return hello;
  }

  // Results may be waiting for the session's name already.
  void Bind(SessionId session) {
    std::vector<Result> results;
    {
      base::MutexLock lock(mutex_);
      session_ = session;
      for (const auto& [key, result] : unrecorded_) results.push_back(result);
    }
    if (!results.empty()) Send(session, std::move(results));
  }

  void Drain() {
    const SessionId session = this->session();
    if (session != 0) engine_.Drain(session);
  }

  bool closed() const {
    base::MutexLock lock(mutex_);
    return closed_;
  }

  void Tick() {
    SessionId session = 0;
    std::vector<Result> results;
    {
      base::MutexLock lock(mutex_);
      session = session_;
      for (const TaskKey& key : refused_) {
        const auto found = unrecorded_.find(key);
        if (found != unrecorded_.end()) results.push_back(found->second);
      }
      refused_.clear();
    }
    if (!results.empty()) Send(session, std::move(results));
  }

  // Ends the runner; nothing is reported any more.
  void Stop() {
    const SessionId session = this->session();
    Close(absl::OkStatus());
    if (session != 0) engine_.Detach(session);
    runner_.reset();
  }

  // ---- WorkerSink ----
  void Assign(std::vector<Assignment> assignments) override {
    {
      base::MutexLock lock(mutex_);
      if (closed_) return;
      for (Assignment& assignment : assignments) waiting_.push_back(std::move(assignment));
    }
    RunWaiting();
  }

  void CancelTasks(std::vector<Cancel> cancels) override {
    for (const Cancel& cancel : cancels) {
      CancelOne({cancel.workflow, cancel.task, cancel.fence});
    }
  }

  void Answer(std::vector<Receipt> receipts) override {
    base::MutexLock lock(mutex_);
    for (const Receipt& receipt : receipts) {
      const bool again =
          absl::IsUnavailable(receipt.status) || absl::IsResourceExhausted(receipt.status);
      if (again) {
        refused_.insert(receipt.task);
        continue;
      }
      unrecorded_.erase(receipt.task);
      if (receipt.status.ok()) continue;
      base::LogWarn("runner.result_refused",
                    {{"task", RunnerTaskId(receipt.task)}, {"status", receipt.status.ToString()}});
    }
  }

  void Close(absl::Status) override {
    std::vector<std::string> running;
    {
      base::MutexLock lock(mutex_);
      if (closed_) return;  // by Stop, which has ended the runner since
      closed_ = true;
      session_ = 0;
      waiting_.clear();
      unrecorded_.clear();
      refused_.clear();
      for (const auto& [id, task] : running_) running.push_back(id);
    }
    for (const std::string& id : running) runner_->Cancel(id);
  }

 private:
  struct Running {
    TaskKey key;
    bool pure = false;
    bool canceled = false;
  };

  SessionId session() const {
    base::MutexLock lock(mutex_);
    return session_;
  }

  // Hands the runner what waits, as far as it has room. One thread at a time does so: a result that
  // comes while the runner is being called is followed up by whoever calls it.
  void RunWaiting() {
    while (true) {
      Assignment next;
      {
        base::MutexLock lock(mutex_);
        if (handing_out_ || !TakeNext(next)) return;
        handing_out_ = true;
      }
      const TaskKey key = KeyOf(next);
      runner_->Run(ToRunnerTask(next),
                   [desk = shared_from_this(), key](ports::RunnerResult result) {
                     desk->OnDone(key, std::move(result));
                   });
      base::MutexLock lock(mutex_);
      handing_out_ = false;
    }
  }

  // An earlier start of the same task may still be with the runner: the next one waits for it.
  bool TakeNext(Assignment& next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (running_.size() >= capacity_) return false;
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      const TaskKey key = KeyOf(*at);
      const auto [place, added] = running_.try_emplace(RunnerTaskId(key), Running{key, at->pure});
      if (!added) continue;
      next = std::move(*at);
      waiting_.erase(at);
      return true;
    }
    return false;
  }

  void CancelOne(const TaskKey& key) {
    const std::string id = RunnerTaskId(key);
    bool running = false;
    {
      base::MutexLock lock(mutex_);
      const auto found = running_.find(id);
      running = found != running_.end() && found->second.key == key;
      if (running) found->second.canceled = true;
    }
    if (running) return runner_->Cancel(id);
    if (!Forget(key)) return;
    Report({.task = key,
            .report = {.task = key.task,
                       .fence = key.fence,
                       .status = core::TaskStatus::kCanceled,
                       .reason = "canceled before it was begun",
                       .effect = core::Effect::kNone}});
  }

  // True when the task waited.
  bool Forget(const TaskKey& key) {
    base::MutexLock lock(mutex_);
    return std::erase_if(waiting_, [&](const Assignment& assignment) {
             return KeyOf(assignment) == key;
           }) != 0;
  }

  void OnDone(const TaskKey& key, ports::RunnerResult done) {
    Running task;
    {
      base::MutexLock lock(mutex_);
      const auto found = running_.find(RunnerTaskId(key));
      task = found->second;
      running_.erase(found);
    }
    Report({.task = key, .report = ToReport(task, std::move(done))});
    RunWaiting();
  }

  core::ReportResult ToReport(const Running& task, ports::RunnerResult done) const {
    core::ReportResult report;
    report.task = task.key.task;
    report.fence = task.key.fence;
    report.status = done.status;
    report.reason = std::move(done.reason);
    report.output = std::move(done.output);
    const bool completed = done.status == core::TaskStatus::kCompleted;
    if (report.output.size() > options_.output_bytes_max) {
      report.status = core::TaskStatus::kFailedWithTerminalError;
      report.reason =
          absl::StrCat("output of ", report.output.size(), " bytes, more than ",
                       core::FixedBound("kStepOutputBytesMax", options_.output_bytes_max));
      report.output = core::Payload();
      report.effect = completed ? core::Effect::kApplied : done.effect;
    } else if (!completed) {
      report.effect = done.effect;
      if (task.canceled) report.status = core::TaskStatus::kCanceled;
      const bool unsaid = done.effect == core::Effect::kUnset;
      if (task.canceled && unsaid) report.effect = core::Effect::kUnknown;
    }
    if (task.pure && report.status != core::TaskStatus::kCompleted) {
      report.effect = core::Effect::kNone;
    }
    return report;
  }

  void Report(Result result) {
    SessionId session = 0;
    {
      base::MutexLock lock(mutex_);
      if (closed_) return;
      session = session_;
      unrecorded_[result.task] = result;
    }
    if (session != 0) Send(session, {std::move(result)});
  }

  void Send(SessionId session, std::vector<Result> results) {
    std::vector<Receipt> refused = engine_.Report(session, std::move(results));
    if (!refused.empty()) Answer(std::move(refused));
  }

  Engine& engine_;
  const RunnerHostOptions options_;
  const std::size_t capacity_;
  std::unique_ptr<ports::TaskRunner> runner_;

  mutable base::Mutex mutex_;
  SessionId session_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
  bool handing_out_ GUARDED_BY(mutex_) = false;
  std::map<std::string, Running> running_ GUARDED_BY(mutex_);  // by task id; at most capacity_
  // Begun by the engine, not by the runner. The engine gives no more than capacity_ at a time; what
  // it has given up meanwhile is canceled.
  std::deque<Assignment> waiting_ GUARDED_BY(mutex_);
  // Reported, not recorded: no more than the engine's inbox and its open batches hold.
  std::map<TaskKey, Result> unrecorded_ GUARDED_BY(mutex_);
  std::set<TaskKey> refused_ GUARDED_BY(mutex_);  // to be reported again
};

RunnerHost::RunnerHost(Engine& engine, std::unique_ptr<ports::TaskRunner> runner,
                       RunnerHostOptions options)
    : engine_(engine),
      desk_(std::make_shared<Desk>(engine, std::move(runner), std::move(options))) {}

RunnerHost::~RunnerHost() { desk_->Stop(); }

absl::Status RunnerHost::Attach() {
  ASSIGN_OR_RETURN(const SessionId session, engine_.Attach(desk_->Hello(), desk_));
  desk_->Bind(session);
  return absl::OkStatus();
}

void RunnerHost::Drain() { desk_->Drain(); }
bool RunnerHost::drained() const { return desk_->closed(); }
void RunnerHost::Tick() { desk_->Tick(); }

}  // namespace skald::runtime
