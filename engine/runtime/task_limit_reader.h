// TaskLimitReader: reads the limits of registered task definitions, again whenever the catalog
// changes.
//
// Thread-safe; owns one thread. A change is told within about kLimitsLookUs after this node hears
// of it. What cannot be read is tried again; the limits told last hold until then.
#pragma once

#include <functional>
#include <thread>

#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/ports/catalog.h"
#include "engine/runtime/task_limit_table.h"

namespace skald::runtime {

// Blocking. A definition that cannot be read has no limits; the log says so.
absl::StatusOr<TaskLimits> ReadTaskLimits(ports::Catalog& catalog);

class TaskLimitReader {
 public:
  // `tell` is called on the reader's thread with the limits that there are from now on, the first
  // time with those of the beginning; it does not block. `catalog` outlives the reader.
  TaskLimitReader(ports::Catalog& catalog, std::function<void(TaskLimits)> tell);
  ~TaskLimitReader();

 private:
  void Run();

  ports::Catalog& catalog_;
  const std::function<void(TaskLimits)> tell_;
  base::Mutex mutex_;
  base::CondVar stop_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: starts when everything else stands
};

}  // namespace skald::runtime
