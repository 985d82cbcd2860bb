// ToRunnerTask: what a runner of built-in steps is told of a task that it is given.
//
// Pure, thread-safe.
#pragma once

#include "engine/ports/task_runner.h"
#include "engine/runtime/engine.h"

namespace skald::runtime {

ports::RunnerTask ToRunnerTask(const Assignment& assignment);

// "<workflow>.<number>".
std::string RunnerTaskId(const TaskKey& key);

}  // namespace skald::runtime
