// WorkerTable: worker processes (incarnations), their streams (sessions) and the tasks leased to
// each.
//
// A worker is known from its first Attach, or from a task that was found in progress at it after a
// recovery, until it has neither a stream nor a lease. Single-threaded; owns workers and leases,
// pointers stay valid until the thing is gone.
//
// Credits: a worker may be given `capacity` minus the tasks that it holds. A held task whose result
// came in no longer counts, even before that is durable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/types.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/timer_heap.h"
#include "engine/runtime/workflow.h"

namespace skald::runtime {

template <typename H>
H AbslHashValue(H state, const TaskKey& key) {
  return H::combine(std::move(state), key.workflow, key.task, key.fence);
}

struct Queue;  // matcher.h
struct Worker;

// One started task at one worker. As a heap entry: when it is lost.
struct Lease final : HeapEntry {
  TaskKey key;
  Worker* worker = nullptr;
  Lease* previous = nullptr;  // of the same worker
  Lease* next = nullptr;
  core::DurationUs lease_us = 0;
  core::Timeout timeout = core::Timeout::kLease;  // what its end is called
  bool sent = false;      // the assignment went to the stream, or the worker says it holds it
  bool received = false;  // the worker said so
  bool answered = false;  // its result is decided, perhaps not durable
  bool settled = false;   // the engine went on without it; only the worker's room is still taken
};

// What a worker takes, tied to the matcher's queue.
struct Offer {
  Queue* queue = nullptr;
  bool barrier = false;
  bool waiting = false;  // it stands in the queue's line of workers
};

struct Worker {
  std::string name_space;
  std::string incarnation;
  std::string worker_id;

  // ---- the stream; session 0 = none ----
  SessionId session = 0;
  std::shared_ptr<WorkerSink> sink;  // shared with the edge
  std::vector<Offer> offers;
  std::int64_t capacity = 0;
  core::DurationUs lease_us = 0;
  bool draining = false;
  bool restock = false;  // listed for matching
  // Tasks that it says it holds and that were not found leased yet.
  std::set<TaskKey> claims;

  // ---- leases, oldest first ----
  Lease* first_lease = nullptr;
  Lease* last_lease = nullptr;
  std::int64_t leases = 0;
  std::int64_t answered = 0;

  // Where its effects are gathered in batch `effects_batch`.
  BatchNumber effects_batch = 0;
  std::size_t effects_index = 0;

  std::int64_t credits() const {
    if (session == 0 || draining) return 0;
    return capacity - (leases - answered) - static_cast<std::int64_t>(claims.size());
  }
};

class WorkerTable {
 public:
  // Null when there is none.
  Worker* FindWorker(const std::string& name_space, const std::string& incarnation) const;
  Worker* FindSession(SessionId session) const;
  Worker& GetOrAddWorker(const std::string& name_space, const std::string& incarnation);

  void Bind(Worker& worker, SessionId session, std::shared_ptr<WorkerSink> sink);
  // Takes the stream off; the worker stays while it has leases. REQUIRES: it has left the matcher.
  void Unbind(Worker& worker);
  // Removes the worker if it has neither stream nor lease. `worker` may be gone afterwards.
  void MaybeForget(Worker& worker);

  // ---- leases ----
  Lease* FindLease(const TaskKey& key) const;
  // REQUIRES: there is none with that key.
  Lease& AddLease(const TaskKey& key, Worker& worker);
  void SetDeadline(Lease& lease, core::TimeUs due_at) { deadlines_.Set(lease, due_at); }
  // Marks that its result came in: the credit is free, the deadline gone.
  void MarkAnswered(Lease& lease);
  void RemoveLease(Lease& lease);
  Lease* earliest() const { return static_cast<Lease*>(deadlines_.top()); }
  core::TimeUs next_due_at() const { return deadlines_.next_due_at(); }

  // The memory of workflows is dropped: all leases go. Workers with a stream keep what they hold as
  // claims, to be tied again; others are forgotten.
  void DropLeases();

  // In no defined order.
  template <typename Visit>
  void ForEachLease(Visit visit) const {
    for (const auto& [key, lease] : leases_) visit(*lease);
  }

  std::size_t lease_count() const { return leases_.size(); }
  std::size_t session_count() const { return sessions_.size(); }
  const std::map<SessionId, Worker*>& sessions() const { return sessions_; }

 private:
  using Name = std::pair<std::string, std::string>;

  absl::flat_hash_map<Name, std::unique_ptr<Worker>> workers_;
  std::map<SessionId, Worker*> sessions_;  // ordered: walked where the order shows
  absl::flat_hash_map<TaskKey, std::unique_ptr<Lease>> leases_;
  TimerHeap deadlines_;
};

}  // namespace skald::runtime
