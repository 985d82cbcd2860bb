// ScriptRunner: runs the script tasks, and evaluates the expressions of control constructs, in a
// small pool of child processes.
//
// INLINE, LAMBDA, JSON_JQ_TRANSFORM, SWITCH, DECISION and DO_WHILE; task_plan.h says what each is
// given and gives. A script that loops, eats memory or ends its process costs that one task: a host
// evaluates one at a time, the others wait in the queue, and while a slow one holds a host up
// another host is started. Hosts are started with the first task.
//
//   ScriptRunner runner({.hosts = 2});
//   runner.Run(std::move(task), [](ports::RunnerResult result) { … });
//
// Thread-safe; owns one thread, on which `done` is called.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/ports/task_runner.h"
#include "engine/script/limits.h"
#include "engine/script/task_plan.h"

namespace skald::script {

class HostPool;

struct ScriptRunnerOptions {
  // The program of a host and its arguments; it gets the bytes of memory as one more. This binary
  // itself, also when a newer one has taken its place on disk.
  std::vector<std::string> host_command = {"/proc/self/exe", "script-host"};
  std::size_t hosts = kHosts;         // kept alive; at least 1
  std::size_t hosts_max = kHostsMax;  // with those started past slow scripts; at least `hosts`
  std::size_t tasks_max = kTasksMax;  // Capacity(): running and waiting
  Bounds bounds;                      // of one evaluation
};

class ScriptRunner final : public ports::TaskRunner {
 public:
  explicit ScriptRunner(ScriptRunnerOptions options);
  // What has not ended is canceled.
  ~ScriptRunner() override;
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;

  std::vector<std::string> TaskTypes() const override { return ScriptedTaskTypes(); }
  std::size_t Capacity() const override { return options_.tasks_max; }
  void Run(ports::RunnerTask task, Done done) override;
  void Cancel(std::string_view task_id) override;

  // The processes of the hosts that are ready, for tests and for people.
  std::vector<int> HostPids() const;

 private:
  struct Arrival {
    ports::RunnerTask task;
    Done done;  // empty: a request to cancel task.task_id
  };

  void Post(Arrival arrival);
  void Loop();
  void Accept(HostPool& pool, Arrival arrival);
  void Wait(HostPool& pool);
  // False: stopped.
  bool TakeArrivals(std::deque<Arrival>& arrivals);
  void Finish(const Done& done, ports::RunnerResult result);

  const ScriptRunnerOptions options_;
  int wake_fd_;

  mutable base::Mutex mutex_;
  std::deque<Arrival> arrivals_ GUARDED_BY(mutex_);
  std::size_t under_way_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::vector<int> host_pids_ GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace skald::script
