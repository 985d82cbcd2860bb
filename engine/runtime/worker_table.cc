#include "engine/runtime/worker_table.h"

#include "engine/base/check.h"

namespace skald::runtime {

Worker* WorkerTable::FindWorker(const std::string& name_space,
                                const std::string& incarnation) const {
  const auto found = workers_.find(Name(name_space, incarnation));
  return found == workers_.end() ? nullptr : found->second.get();
}

Worker* WorkerTable::FindSession(SessionId session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second;
}

Worker& WorkerTable::GetOrAddWorker(const std::string& name_space, const std::string& incarnation) {
  std::unique_ptr<Worker>& worker = workers_[Name(name_space, incarnation)];
  if (worker == nullptr) {
    worker = std::make_unique<Worker>();
    worker->name_space = name_space;
    worker->incarnation = incarnation;
  }
  return *worker;
}

void WorkerTable::Bind(Worker& worker, SessionId session, std::shared_ptr<WorkerSink> sink) {
  CHECK(worker.session == 0);
  worker.session = session;
  worker.sink = std::move(sink);
  worker.effects_batch = 0;
  sessions_[session] = &worker;
}

void WorkerTable::Unbind(Worker& worker) {
  sessions_.erase(worker.session);
  worker.session = 0;
  worker.sink = nullptr;
  worker.claims.clear();
  worker.draining = false;
  worker.effects_batch = 0;
}

void WorkerTable::MaybeForget(Worker& worker) {
  if (worker.session != 0 || worker.leases != 0 || worker.restock) return;
  workers_.erase(Name(worker.name_space, worker.incarnation));
}

Lease* WorkerTable::FindLease(const TaskKey& key) const {
  const auto found = leases_.find(key);
  return found == leases_.end() ? nullptr : found->second.get();
}

Lease& WorkerTable::AddLease(const TaskKey& key, Worker& worker) {
  auto [place, added] = leases_.emplace(key, std::make_unique<Lease>());
  CHECK(added);
  Lease& lease = *place->second;
  lease.key = key;
  lease.worker = &worker;
  lease.previous = worker.last_lease;
  if (worker.last_lease != nullptr) {
    worker.last_lease->next = &lease;
  } else {
    worker.first_lease = &lease;
  }
  worker.last_lease = &lease;
  ++worker.leases;
  return lease;
}

void WorkerTable::MarkAnswered(Lease& lease) {
  if (lease.answered) return;
  lease.answered = true;
  ++lease.worker->answered;
  deadlines_.Remove(lease);
}

void WorkerTable::RemoveLease(Lease& lease) {
  Worker& worker = *lease.worker;
  deadlines_.Remove(lease);
  (lease.previous != nullptr ? lease.previous->next : worker.first_lease) = lease.next;
  (lease.next != nullptr ? lease.next->previous : worker.last_lease) = lease.previous;
  --worker.leases;
  if (lease.answered) --worker.answered;
  const TaskKey key = lease.key;
  leases_.erase(key);
  MaybeForget(worker);
}

void WorkerTable::DropLeases() {
  deadlines_.Clear();
  for (auto& [session, worker] : sessions_) {
    for (Lease* lease = worker->first_lease; lease != nullptr; lease = lease->next) {
      if (lease->sent) worker->claims.insert(lease->key);
    }
  }
  for (auto& [name, worker] : workers_) {
    worker->first_lease = worker->last_lease = nullptr;
    worker->leases = worker->answered = 0;
    worker->restock = false;
    worker->effects_batch = 0;
  }
  leases_.clear();
  absl::erase_if(workers_, [](const auto& entry) { return entry.second->session == 0; });
}

}  // namespace skald::runtime
