// TaskDefinitionReader: finds the task definitions that steps made at run time ask for.
//
// Thread-safe. Ask never blocks: what is in memory and not stale is answered at once, on the
// calling thread; the rest is read from the catalog by one thread of its own, in order. Bounds:
// kAsksWaitingMax asks that wait (beyond it RESOURCE_EXHAUSTED) and kTaskDefinitionsKept names in
// memory (beyond it the memory is emptied and fills again).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/ports/catalog.h"
#include "engine/runtime/engine.h"

namespace skald::runtime {

// Reads the definitions of these names, and of the undo tasks that they name. Blocking.
// UNAVAILABLE: the store cannot be read now.
absl::StatusOr<core::TaskDefinitions> ReadTaskDefinitions(ports::Catalog& catalog,
                                                          const std::string& name_space,
                                                          const std::vector<std::string>& names);

class TaskDefinitionReader {
 public:
  // `catalog` outlives the reader.
  explicit TaskDefinitionReader(ports::Catalog& catalog);
  // Every ask has been answered when it returns.
  ~TaskDefinitionReader();

  // `done` is called exactly once, on this or the reader's thread, and does not block.
  void Ask(const std::string& name_space, std::vector<std::string> names,
           Callback<core::TaskDefinitions> done);

 private:
  struct Waiting {
    std::string name_space;
    std::vector<std::string> names;
    Callback<core::TaskDefinitions> done;
  };
  using Key = std::pair<std::string, std::string>;  // namespace, name

  void Run();
  bool Find(const Waiting& ask, core::TaskDefinitions& found) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<core::TaskDefinitions> Read(const Waiting& ask);

  ports::Catalog& catalog_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::deque<Waiting> waiting_ GUARDED_BY(mutex_);
  std::uint64_t generation_ GUARDED_BY(mutex_) = 0;  // of the catalog, of what is kept
  // With each name what was read along with it, itself included.
  std::map<Key, core::TaskDefinitions> kept_ GUARDED_BY(mutex_);
  std::thread thread_;  // last: starts when everything else stands
};

}  // namespace skald::runtime
