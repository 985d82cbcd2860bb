#include "engine/runtime/matcher.h"

#include <algorithm>

#include "engine/runtime/limits.h"

namespace skald::runtime {

namespace {

void NoteOldest(const std::map<Queue::Place, ReadyTask>& tasks, core::TimeUs& oldest) {
  std::int32_t rank = 0;
  // The oldest of each priority stands first among its own.
  for (auto task = tasks.begin(); task != tasks.end();
       task = tasks.upper_bound({rank, UINT64_MAX})) {
    rank = task->first.first;
    if (oldest == 0 || task->second.since < oldest) oldest = task->second.since;
  }
}

}  // namespace

core::TimeUs Queue::oldest_since() const {
  core::TimeUs oldest = 0;
  NoteOldest(ready, oldest);
  NoteOldest(held, oldest);
  return oldest;
}

Queue& Matcher::GetQueue(const std::string& name_space, const std::string& task_type,
                         const std::string& domain) {
  std::unique_ptr<Queue>& queue = queues_[{name_space, task_type, domain}];
  if (queue == nullptr) {
    queue = std::make_unique<Queue>();
    queue->number = next_queue_++;
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

void Matcher::Enqueue(Queue& queue, const ReadyTask& task, std::int32_t priority,
                      const GatesOfTask& gates) {
  PutBack({&queue, Queue::Place(-priority, next_arrival_++), task}, gates);
}

void Matcher::PutBack(const Waiting& waiting, const GatesOfTask& gates) {
  const TaskId id = waiting.task.id();
  if (gates_.Waits(id) || places_.contains(id)) return;
  if (gates.any()) waiting.queue->gated = true;
  if (gates.any()) return gates_.Enter(*waiting.queue, waiting.place, waiting.task, gates);
  places_.try_emplace(id, waiting.queue, waiting.place);
  waiting.queue->ready.emplace(waiting.place, waiting.task);
  gates_.Stir(*waiting.queue);
}

std::vector<Matcher::Waiting> Matcher::AllWaiting() const {
  std::vector<Waiting> all;
  for (const auto& [name, queue] : queues_) {
    for (const auto& [place, task] : queue->ready) all.push_back({queue.get(), place, task});
    for (const auto& [place, task] : queue->held) all.push_back({queue.get(), place, task});
  }
  return all;
}

void Matcher::Withdraw(const core::WorkflowId& workflow, core::TaskNumber task) {
  if (gates_.Leave({workflow, task})) return;
  const auto found = places_.find({workflow, task});
  if (found == places_.end()) return;
  found->second.first->ready.erase(found->second.second);
  places_.erase(found);
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
  return {.task = TakeFirst(*best->queue), .queue = best->queue, .barrier = best->barrier};
}

ReadyTask Matcher::TakeFirst(Queue& queue) {
  const auto first = queue.ready.begin();
  const ReadyTask task = first->second;
  queue.ready.erase(first);
  if (places_.erase(task.id()) == 0) gates_.Occupy(task.id());
  return task;
}

bool Matcher::Join(Worker& worker, Queue& queue, bool barrier) {
  worker.offers.push_back({.queue = &queue, .barrier = barrier});
  return queue.sessions++ == 0;
}

Queue& Matcher::ChooseQueue(const std::string& name_space, const std::string& task_type,
                            const std::vector<std::string>& domains, core::TimeUs now) {
  for (const std::string& domain : domains) {
    // NO_DOMAIN is taken when it is come to, as on the reference.
    if (domain.empty()) break;
    Queue& queue = GetQueue(name_space, task_type, domain);
    const bool lately = queue.left_at != 0 && queue.left_at + kDomainActiveUs > now;
    if (queue.sessions > 0 || lately) return queue;
  }
  const bool none = std::find(domains.begin(), domains.end(), "") != domains.end();
  return GetQueue(name_space, task_type, none ? "" : domains.back());
}

std::vector<Matcher::Waiting> Matcher::WaitingByChoice(const std::string& name_space,
                                                       const std::string& task_type) const {
  std::vector<Waiting> found;
  for (auto entry = queues_.lower_bound({name_space, task_type, ""}); entry != queues_.end();
       ++entry) {
    Queue& queue = *entry->second;
    if (queue.name_space != name_space || queue.task_type != task_type) break;
    for (const auto* tasks : {&queue.ready, &queue.held}) {
      for (const auto& [place, task] : *tasks) {
        if (task.chosen) found.push_back({&queue, place, task});
      }
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Waiting& a, const Waiting& b) { return a.place < b.place; });
  return found;
}

void Matcher::Leave(Worker& worker, core::TimeUs now) {
  for (Offer& offer : worker.offers) {
    if (--offer.queue->sessions == 0) offer.queue->left_at = now;
    if (!offer.waiting) continue;
    offer.waiting = false;
    std::erase_if(offer.queue->line,
                  [&](const auto& place) { return place.first == worker.session; });
  }
  worker.offers.clear();
}

void Matcher::ForgetQueues(core::TimeUs now) {
  std::erase_if(queues_, [&](const auto& entry) {
    const Queue& queue = *entry.second;
    const bool lately = queue.left_at != 0 && queue.left_at + kDomainActiveUs > now;
    return !queue.gated && !queue.stirred && queue.sessions == 0 && queue.depth() == 0 &&
           (queue.domain.empty() || !lately);
  });
}

void Matcher::DropTasks() {
  for (auto& [name, queue] : queues_) {
    queue->ready.clear();
    queue->held.clear();
  }
  places_.clear();
  gates_.DropTasks();
}

}  // namespace skald::runtime
