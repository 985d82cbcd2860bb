// TaskRunner: runs tasks of built-in step types (scripts, jq, HTTP and gRPC calls) inside the
// engine's own reach, as a worker would run them outside.
//
// The engine treats a runner as a worker with `Capacity()` credits: a task's start is durable
// before Run() hears of it, and its result is committed like any other. So a runner keeps nothing:
// after a crash the engine decides from the history what may have run (saga.md 2.3).
//
// Thread-safe. Source: conductor.md 2.1 (asynchronous and synchronous system tasks).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::ports {

struct RunnerTask {
  std::string name_space;
  std::string task_id;     // names this attempt: "<workflow>.<number>"
  std::string step_key;    // the same over all attempts of a step run: the idempotency key
  std::string task_type;   // "INLINE", "HTTP", …: one of TaskTypes()
  core::Payload settings;  // object: what the step itself says besides its input ("expression", …)
  core::Payload input;     // object: the evaluated inputParameters, secrets substituted
  core::DurationUs timeout_us = 0;  // bound of this attempt; 0 = the runner's own default
  std::string traceparent;
  std::string tracestate;
};

struct RunnerResult {
  // kCompleted, kFailed or kFailedWithTerminalError; or kInProgress: the runner has done its part
  // with success, and the step's asyncComplete leaves the task open, with this output so far, until
  // somebody updates it from outside (conductor.md 2.15). The runner is through with it then too.
  core::TaskStatus status = core::TaskStatus::kCompleted;
  core::Payload output;  // object or empty
  std::string reason;    // of a failure, for people
  // What the attempt did to the world, from what really happened; kUnset leaves it to the rule of
  // saga.md 2.3 for the status.
  core::Effect effect = core::Effect::kUnset;
};

class TaskRunner {
 public:
  using Done = std::function<void(RunnerResult)>;

  // Cancels what still runs; every `done` has been called when the destructor returns.
  virtual ~TaskRunner() = default;

  // The task types that it runs; constant.
  virtual std::vector<std::string> TaskTypes() const = 0;

  // How many tasks it takes at once; constant, at least 1.
  virtual std::size_t Capacity() const = 0;

  // Begins a task; never blocks, never throws. `done` is called exactly once, from any thread, also
  // when the task is canceled or refused; it does not block either.
  // REQUIRES: fewer than Capacity() tasks are under way.
  virtual void Run(RunnerTask task, Done done) = 0;

  // Asks a task to stop soon; unknown ids are ignored. Its `done` is called as ever.
  virtual void Cancel(std::string_view task_id) = 0;
};

}  // namespace skald::ports
