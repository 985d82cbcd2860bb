#include "engine/runtime/matcher.h"

#include <algorithm>

namespace skald::runtime {

core::TimeUs Queue::oldest_since() const {
  core::TimeUs oldest = 0;
  std::int32_t rank = 0;
  // The oldest of each priority stands first among its own.
  for (auto task = ready.begin(); task != ready.end();
       task = ready.upper_bound({rank, UINT64_MAX})) {
    rank = task->first.first;
    if (oldest == 0 || task->second.since < oldest) oldest = task->second.since;
  }
  return oldest;
}

Queue& Matcher::GetQueue(const std::string& name_space, const std::string& task_type,
                         const std::string& domain) {
  std::unique_ptr<Queue>& queue = queues_[{name_space, task_type, domain}];
  if (queue == nullptr) {
    queue = std::make_unique<Queue>();
    queue->name_space = name_space;
    queue->task_type = task_type;
    queue->domain = domain;
  }
  return *queue;
}

Matcher::Found Matcher::FindWorker(Queue& queue) {
  while (!queue.line.empty()) {
    const auto [session, index] = queue.line.front();
    queue.line.pop_front();
    Worker* worker = workers_.FindSession(session);
    if (worker == nullptr) continue;
    Offer& offer = worker->offers[index];
    if (worker->credits() <= 0) {
      offer.waiting = false;
      continue;
    }
    queue.line.emplace_back(session, index);
    return {.worker = worker, .barrier = offer.barrier};
  }
  return {};
}

bool Matcher::MayGoFirst(const Queue& queue, std::int32_t priority) {
  return queue.ready.empty() || -priority < queue.ready.begin()->first.first;
}

void Matcher::Enqueue(Queue& queue, const ReadyTask& task, std::int32_t priority) {
  const Queue::Place place(-priority, next_arrival_++);
  const auto [known, added] = places_.try_emplace({task.workflow, task.task}, &queue, place);
  if (added) queue.ready.emplace(place, task);
  MaybeForget(queue);
}

void Matcher::Withdraw(const core::WorkflowId& workflow, core::TaskNumber task) {
  const auto found = places_.find({workflow, task});
  if (found == places_.end()) return;
  Queue& queue = *found->second.first;
  queue.ready.erase(found->second.second);
  places_.erase(found);
  MaybeForget(queue);
}

void Matcher::AddOffer(Worker& worker, Queue& queue, bool barrier) {
  worker.offers.push_back({.queue = &queue, .barrier = barrier});
  ++queue.offers;
}

void Matcher::Restock(Worker& worker) {
  if (worker.credits() <= 0) return;
  for (std::size_t i = 0; i < worker.offers.size(); ++i) {
    Offer& offer = worker.offers[i];
    if (offer.waiting) continue;
    offer.waiting = true;
    offer.queue->line.emplace_back(worker.session, i);
  }
}

Matcher::Taken Matcher::TakeFor(Worker& worker) {
  const Offer* best = nullptr;
  for (const Offer& offer : worker.offers) {
    if (offer.queue->ready.empty()) continue;
    if (best == nullptr || offer.queue->ready.begin()->first < best->queue->ready.begin()->first) {
      best = &offer;
    }
  }
  if (best == nullptr) return {};
  const auto first = best->queue->ready.begin();
  const Taken taken{.task = first->second, .barrier = best->barrier};
  places_.erase({taken.task.workflow, taken.task.task});
  best->queue->ready.erase(first);
  return taken;
}

void Matcher::Leave(Worker& worker) {
  for (const Offer& offer : worker.offers) {
    Queue& queue = *offer.queue;
    if (offer.waiting) {
      std::erase_if(queue.line, [&](const auto& place) { return place.first == worker.session; });
    }
    --queue.offers;
    MaybeForget(queue);
  }
  worker.offers.clear();
}

void Matcher::DropTasks() {
  for (auto& [name, queue] : queues_) queue->ready.clear();
  places_.clear();
  std::erase_if(queues_, [](const auto& entry) { return entry.second->offers == 0; });
}

void Matcher::MaybeForget(Queue& queue) {
  if (!queue.ready.empty() || queue.offers > 0) return;
  queues_.erase(std::tuple(queue.name_space, queue.task_type, queue.domain));
}

}  // namespace skald::runtime
