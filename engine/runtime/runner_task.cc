#include "engine/runtime/runner_task.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace skald::runtime {
namespace {

// The attempt's own bound, else how long the engine waits for an answer.
core::DurationUs TimeoutOf(const Assignment& assignment) {
  if (assignment.attempt_timeout_us == 0) return assignment.response_timeout_us;
  if (assignment.response_timeout_us == 0) return assignment.attempt_timeout_us;
  return std::min(assignment.attempt_timeout_us, assignment.response_timeout_us);
}

}  // namespace

std::string RunnerTaskId(const TaskKey& key) {
  return absl::StrCat(key.workflow.ToString(), ".", key.task);
}

ports::RunnerTask ToRunnerTask(const Assignment& assignment) {
  ports::RunnerTask task;
  task.name_space = assignment.name_space;
  task.task_id = RunnerTaskId({assignment.workflow, assignment.task, assignment.fence});
  task.step_key = assignment.step_key;
  task.task_type = assignment.task_type;
  task.settings = assignment.settings;
  task.input = assignment.input;
  task.timeout_us = TimeoutOf(assignment);
  task.traceparent = assignment.traceparent;
  task.tracestate = assignment.tracestate;
  return task;
}

}  // namespace skald::runtime
