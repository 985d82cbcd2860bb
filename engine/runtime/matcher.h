// Matcher: brings ready tasks and waiting credits together.
//
// A queue is (namespace, task type, domain). It holds ready tasks by priority, then age, and a line
// of workers with credits, served in turn. What a limit holds back waits in Gates. Single-threaded.
// Knows neither decisions nor leases: it answers which task or which worker is next.
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
#include "engine/runtime/gates.h"
#include "engine/runtime/task_queue.h"
#include "engine/runtime/worker_table.h"

namespace skald::runtime {

class Matcher {
 public:
  explicit Matcher(const WorkerTable& workers) : workers_(workers) {}

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
  // With gates it waits until they let it through (gates.h).
  void Enqueue(Queue& queue, const ReadyTask& task, std::int32_t priority,
               const GatesOfTask& gates = {});
  // Nothing happens when it does not wait.
  void Withdraw(const core::WorkflowId& workflow, core::TaskNumber task);

  // The worker has credits (again): it stands in line where it does not yet.
  void Restock(Worker& worker);
  // The best task that waits for what this worker takes. Empty (task 0) when none does.
  struct Taken {
    ReadyTask task;
    const Queue* queue = nullptr;
    bool barrier = false;
  };
  Taken TakeFor(Worker& worker);
  // The queue's best task. REQUIRES: queue.ready is not empty.
  ReadyTask TakeFirst(Queue& queue);

  // The worker takes tasks of that queue. True: the queue had no worker before.
  bool Join(Worker& worker, Queue& queue, bool barrier);
  // Removes the session from all lines, and its offers.
  void Leave(Worker& worker, core::TimeUs now);
  // The first of these domains (task_domains.h) whose queue has a worker, or had one within
  // kDomainActiveUs; else the last.
  Queue& ChooseQueue(const std::string& name_space, const std::string& task_type,
                     const std::vector<std::string>& domains, core::TimeUs now);
  // Workers make up the names of queues: those that nobody takes from and in which nothing waits
  // go, but for those of limited tasks, which are as many as definitions. To be called now and
  // then. References to queues are not kept beyond it by others than tasks and workers.
  void ForgetQueues(core::TimeUs now);
  // Forgets the tasks, keeps the workers in line.
  void DropTasks();

  // ---- limits ----
  Gates& gates() { return gates_; }
  const Gates& gates() const { return gates_; }
  // Every task that waits, in no defined order.
  struct Waiting {
    Queue* queue = nullptr;
    Queue::Place place;
    ReadyTask task;
  };
  std::vector<Waiting> AllWaiting() const;
  // Those of one task type whose domain was one of several, in order of their places.
  std::vector<Waiting> WaitingByChoice(const std::string& name_space,
                                       const std::string& task_type) const;
  // As Enqueue, in the place that it had.
  void PutBack(const Waiting& waiting, const GatesOfTask& gates);

  std::size_t task_count() const { return places_.size() + gates_.waiting_count(); }
  const std::map<std::tuple<std::string, std::string, std::string>, std::unique_ptr<Queue>>&
  queues() const {
    return queues_;
  }

 private:
  const WorkerTable& workers_;
  std::uint64_t next_arrival_ = 1;
  std::uint64_t next_queue_ = 1;
  std::map<std::tuple<std::string, std::string, std::string>, std::unique_ptr<Queue>> queues_;
  absl::flat_hash_map<TaskId, std::pair<Queue*, Queue::Place>> places_;  // of tasks without gates
  Gates gates_;
};

}  // namespace skald::runtime
