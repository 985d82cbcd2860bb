// Matcher: brings ready tasks and waiting credits together.
//
// A queue is (namespace, task type, domain). It holds ready tasks by priority, then age, and a line
// of workers with credits, served in turn. It is kept while a task waits in it or a worker takes
// from it, no longer: workers make up the names. Single-threaded. Knows neither decisions nor
// leases: it answers which task or which worker is next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/types.h"
#include "engine/runtime/worker_table.h"

namespace skald::runtime {

// A task that may be started.
struct ReadyTask {
  core::WorkflowId workflow;
  core::TaskNumber task = 0;
  core::TimeUs since = 0;
};

struct Queue {
  std::string name_space;
  std::string task_type;
  std::string domain;
  // Higher priorities first, then in order of arrival.
  using Place = std::pair<std::int32_t, std::uint64_t>;  // (-priority, arrival)
  std::map<Place, ReadyTask> ready;
  std::deque<std::pair<SessionId, std::size_t>> line;  // (session, index of its offer)
  std::size_t offers = 0;                              // of workers that take from it

  core::TimeUs oldest_since() const;
};

class Matcher {
 public:
  explicit Matcher(const WorkerTable& workers) : workers_(workers) {}

  // What is put into the queue or offered for it next keeps it.
  Queue& GetQueue(const std::string& name_space, const std::string& task_type,
                  const std::string& domain);

  // A worker that has a credit and takes tasks of that queue, or null. Asking moves on in the line.
  struct Found {
    Worker* worker = nullptr;
    bool barrier = false;
  };
  Found FindWorker(Queue& queue);
  // True when a new task may go straight to a worker: nothing of at least its priority waits.
  static bool MayGoFirst(const Queue& queue, std::int32_t priority);

  // Adds a task that waits. `since` is when it became ready.
  void Enqueue(Queue& queue, const ReadyTask& task, std::int32_t priority);
  // Nothing happens when it does not wait.
  void Withdraw(const core::WorkflowId& workflow, core::TaskNumber task);

  // The worker has credits (again): it stands in line where it does not yet.
  void Restock(Worker& worker);
  // The best task that waits for what this worker takes. Empty (task 0) when none does.
  struct Taken {
    ReadyTask task;
    bool barrier = false;
  };
  Taken TakeFor(Worker& worker);

  // The worker takes from that queue until it leaves.
  void AddOffer(Worker& worker, Queue& queue, bool barrier);
  // Removes the session from all lines, and its offers.
  void Leave(Worker& worker);
  // Forgets the tasks, keeps the workers in line.
  void DropTasks();

  std::size_t task_count() const { return places_.size(); }
  const std::map<std::tuple<std::string, std::string, std::string>, std::unique_ptr<Queue>>&
  queues() const {
    return queues_;
  }

 private:
  using TaskId = std::pair<core::WorkflowId, core::TaskNumber>;

  void MaybeForget(Queue& queue);

  const WorkerTable& workers_;
  std::uint64_t next_arrival_ = 1;
  std::map<std::tuple<std::string, std::string, std::string>, std::unique_ptr<Queue>> queues_;
  absl::flat_hash_map<TaskId, std::pair<Queue*, Queue::Place>> places_;
};

}  // namespace skald::runtime
