// How messages of the floor's protocol are merged in an Outbox, without copying a payload.
#pragma once

#include "tests/bench/floor.pb.h"

namespace skald::bench::floor {

inline void MoveTasks(Batch& from, Batch& into) {
  auto& tasks = *from.mutable_tasks();
  into.mutable_tasks()->Reserve(into.tasks_size() + tasks.size());
  while (!tasks.empty()) {
    into.mutable_tasks()->AddAllocated(tasks.ReleaseLast());
  }
}

inline void Append(Batch& into, Batch&& from) { MoveTasks(from, into); }

inline void Append(Finished& into, Finished&& from) {
  into.mutable_workflow_ids()->MergeFrom(from.workflow_ids());
}

}  // namespace skald::bench::floor
