// Queue: ready tasks of one task type and domain, and the workers that wait for them.
//
// A plain aggregate, single-threaded; Matcher and Gates write it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "engine/core/types.h"
#include "engine/runtime/worker_table.h"

namespace skald::runtime {

// A task of a workflow, whatever its attempt.
using TaskId = std::pair<core::WorkflowId, core::TaskNumber>;

// A task that may be started.
struct ReadyTask {
  core::WorkflowId workflow;
  core::TaskNumber task = 0;
  core::TimeUs since = 0;
  bool chosen = false;  // its domain was one of several

  TaskId id() const { return {workflow, task}; }
};

struct Queue {
  std::uint64_t number = 0;  // in order of their making
  std::string name_space;
  std::string task_type;
  std::string domain;
  // Higher priorities first, then in order of arrival.
  using Place = std::pair<std::int32_t, std::uint64_t>;  // (-priority, arrival)
  std::map<Place, ReadyTask> ready;                      // may go to a worker
  std::map<Place, ReadyTask> held;                       // wait for a limit (gates.h)
  std::deque<std::pair<SessionId, std::size_t>> line;    // (session, index of its offer)
  std::size_t sessions = 0;                              // of workers that take its tasks
  core::TimeUs left_at = 0;  // when the last of them left; 0 = there were none
  bool gated = false;        // tasks with limits have stood in it
  bool stirred = false;      // tasks came from `held` to `ready` while workers may stand in line

  core::TimeUs oldest_since() const;
  std::size_t depth() const { return ready.size() + held.size(); }
};

}  // namespace skald::runtime
