#include "engine/script/script_runner.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "engine/base/check.h"
#include "engine/core/bound.h"
#include "engine/script/host_pool.h"
#include "fmt/format.h"

namespace skald::script {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

int TimeoutMs(std::optional<HostPool::Time> due, HostPool::Time now) {
  if (!due.has_value()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*due - now).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

HostPoolSettings PoolSettings(const ScriptRunnerOptions& options) {
  HostPoolSettings settings = {.command = options.host_command,
                               .hosts = options.hosts,
                               .hosts_max = options.hosts_max,
                               .output_bytes_max = options.bounds.output_bytes};
  settings.command.push_back(fmt::format("{}", options.bounds.memory_bytes));
  return settings;
}

}  // namespace

ScriptRunner::ScriptRunner(ScriptRunnerOptions options)
    : options_(std::move(options)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(wake_fd_ >= 0);
  CHECK(options_.hosts >= 1);
  CHECK(options_.hosts_max >= options_.hosts);
  thread_ = std::thread([this] { Loop(); });
}

ScriptRunner::~ScriptRunner() {
  {
    base::MutexLock lock(mutex_);
    stopped_ = true;
  }
  CHECK(eventfd_write(wake_fd_, 1) == 0);
  thread_.join();
  close(wake_fd_);
}

void ScriptRunner::Run(ports::RunnerTask task, Done done) {
  bool refused = false;
  {
    base::MutexLock lock(mutex_);
    refused = under_way_ >= options_.tasks_max;
    if (!refused) ++under_way_;
  }
  if (refused) {
    done({.status = core::TaskStatus::kFailed,
          .reason = "more script tasks at once than " +
                    core::FixedBound("kTasksMax", options_.tasks_max, kLimitsHeader),
          .effect = core::Effect::kNone});
    return;
  }
  Post({.task = std::move(task), .done = std::move(done)});
}

void ScriptRunner::Cancel(std::string_view task_id) {
  Arrival arrival;
  arrival.task.task_id = std::string(task_id);
  Post(std::move(arrival));
}

std::vector<int> ScriptRunner::HostPids() const {
  base::MutexLock lock(mutex_);
  return host_pids_;
}

void ScriptRunner::Post(Arrival arrival) {
  bool first = false;
  {
    base::MutexLock lock(mutex_);
    first = arrivals_.empty();
    arrivals_.push_back(std::move(arrival));
  }
  if (first) CHECK(eventfd_write(wake_fd_, 1) == 0);
}

bool ScriptRunner::TakeArrivals(std::deque<Arrival>& arrivals) {
  base::MutexLock lock(mutex_);
  arrivals.swap(arrivals_);
  return !stopped_;
}

void ScriptRunner::Finish(const Done& done, ports::RunnerResult result) {
  {
    base::MutexLock lock(mutex_);
    --under_way_;
  }
  done(std::move(result));
}

void ScriptRunner::Accept(HostPool& pool, Arrival arrival) {
  if (arrival.done == nullptr) {
    pool.Cancel(arrival.task.task_id, steady_clock::now());
    return;
  }
  auto planned = PlanTask(arrival.task, options_.bounds);
  if (auto* result = std::get_if<ports::RunnerResult>(&planned)) {
    Finish(arrival.done, std::move(*result));
    return;
  }
  pool.Submit({.task_id = std::move(arrival.task.task_id),
               .plan = std::get<TaskPlan>(std::move(planned)),
               .done = [this, done = std::move(arrival.done)](const TaskPlan& plan,
                                                              const Verdict& verdict) {
                 Finish(done, FinishTask(plan, verdict, options_.bounds));
               }});
}

void ScriptRunner::Wait(HostPool& pool) {
  const HostPool::Time now = steady_clock::now();
  std::vector<pollfd> waited = {{.fd = wake_fd_, .events = POLLIN, .revents = 0}};
  pool.AppendWaited(waited);
  const int ready = poll(waited.data(), waited.size(), TimeoutMs(pool.NextDue(now), now));
  if (ready <= 0) return;
  if (waited[0].revents != 0) {
    eventfd_t count = 0;
    eventfd_read(wake_fd_, &count);
  }
  pool.Handle(waited.data() + 1, steady_clock::now());
}

void ScriptRunner::Loop() {
  HostPool pool(PoolSettings(options_));
  for (;;) {
    std::deque<Arrival> arrivals;
    const bool running = TakeArrivals(arrivals);
    for (Arrival& arrival : arrivals) Accept(pool, std::move(arrival));
    if (!running) break;
    pool.Tick(steady_clock::now());
    {
      base::MutexLock lock(mutex_);
      host_pids_ = pool.ReadyPids();
    }
    Wait(pool);
  }
  pool.Close();
}

}  // namespace skald::script
