// RunnerHost: attaches a TaskRunner to the engine, as a worker of all namespaces in this process.
//
// What the engine assigns is run, what the runner answers is reported and kept until the engine
// says that it is recorded. A runner that does not answer within `answer_us_max` has lost the task;
// the engine goes on without it (saga.md 2.3) and asks it to stop. Thread-safe.
//
//   RunnerHost host(engine, std::make_unique<ScriptRunner>(…), {.incarnation = "scripts"});
//   RETURN_IF_ERROR(host.Attach());
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "engine/core/limits.h"
#include "engine/core/types.h"
#include "engine/ports/task_runner.h"
#include "engine/runtime/engine.h"

namespace skald::runtime {

struct RunnerHostOptions {
  // Names the process to the engine; no two hosts of one process share it. For runners of scripts
  // and jq the same in every process: what a dead process left is then given to the next one at
  // once. For calls to other services new in every process: whether a call that was cut short took
  // effect is unknown.
  std::string incarnation;
  core::DurationUs answer_us_max = 60 * core::kSecondUs;
  std::size_t output_bytes_max = core::kStepOutputBytesMax;
};

class RunnerHost {
 public:
  // `engine` outlives the host.
  RunnerHost(Engine& engine, std::unique_ptr<ports::TaskRunner> runner, RunnerHostOptions options);
  // REQUIRES: the engine ticks no more, or this is its ticking thread.
  ~RunnerHost();
  RunnerHost(const RunnerHost&) = delete;
  RunnerHost& operator=(const RunnerHost&) = delete;

  // Begins to take tasks. Errors: those of Engine::Attach, but for EngineOptions::sessions_max.
  absl::Status Attach();

  // Takes no more tasks; drained() once all that it has is recorded.
  void Drain();
  bool drained() const;

  // Reports again what the engine could not record yet. To be called a few times a second.
  void Tick();

 private:
  class Desk;
  Engine& engine_;
  std::shared_ptr<Desk> desk_;  // shared: the engine calls it as the session's sink
};

}  // namespace skald::runtime
