#include "engine/runtime/gates.h"

#include <algorithm>
#include <limits>

#include "engine/base/check.h"
#include "engine/core/limits.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

constexpr std::size_t kLevels = 2;
constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

std::size_t Less(std::int32_t bound, std::size_t used) {
  const auto all = static_cast<std::size_t>(bound);
  return all > used ? all - used : 0;
}

}  // namespace

struct GateTask {
  ReadyTask task;
  Queue* queue = nullptr;  // null: found in progress
  Queue::Place place;
  std::array<Gate*, kLevels> gates{};
  bool taken = false;  // in progress
};

// The tasks of one queue at a gate.
struct GateLane {
  std::map<Queue::Place, GateTask*> through;
  std::map<Queue::Place, GateTask*> waiting;
};

struct Gate {
  std::uint64_t number = 0;
  std::string name_space;
  std::string task;
  std::string key;  // "" = of all tasks of the definition
  std::size_t level = 0;
  Gate* next = nullptr;  // of a key: the definition's, if it has one
  std::int32_t places = 0;
  std::int32_t starts = 0;
  core::DurationUs window_us = 0;
  std::size_t in_progress = 0;
  std::deque<core::TimeUs> started;         // ascending; what left the window may still be there
  core::TimeUs wake_at = 0;                 // its entry in Gates::wake_ups_; 0 = none
  std::map<std::uint64_t, GateLane> lanes;  // by number of the queue

  std::size_t waiting() const {
    std::size_t count = 0;
    for (const auto& [queue, lane] : lanes) count += lane.waiting.size();
    return count;
  }

  std::size_t StartsLeft(core::TimeUs now) {
    if (starts == 0) return kUnbounded;
    while (!started.empty() && started.front() + window_us <= now) started.pop_front();
    return Less(starts, started.size());
  }
  std::size_t PlacesLeft() const { return places == 0 ? kUnbounded : Less(places, in_progress); }
};

Gates::Gates() = default;
Gates::~Gates() = default;

// ---- limits
// ------------------------------------------------------------------------------------------

void Gates::SetTable(TaskLimits table) {
  CHECK(tasks_.empty());
  table_ = std::move(table);
  std::erase_if(gates_, [&](const auto& entry) {
    const Gate& gate = *entry.second;
    const core::TaskLimits* limits = LimitsOf(gate.name_space, gate.task, {});
    return !gate.key.empty() || limits == nullptr || (limits->places == 0 && limits->starts == 0);
  });
  if (table_ == nullptr) return;
  for (const auto& [name_space, tasks] : *table_) {
    for (const auto& [task, limits] : tasks) Find(name_space, task, limits, "");
  }
}

const core::TaskLimits* Gates::LimitsOf(const std::string& name_space, const std::string& task,
                                        const core::TaskLimits& embedded) const {
  if (table_ != nullptr) {
    const auto tasks = table_->find(name_space);
    if (tasks != table_->end()) {
      const auto found = tasks->second.find(task);
      if (found != tasks->second.end()) return &found->second;
    }
  }
  return embedded.any() ? &embedded : nullptr;
}

Gate& Gates::GetGate(const std::string& name_space, const std::string& task,
                     const std::string& key) {
  std::unique_ptr<Gate>& gate = gates_[{name_space, task, key}];
  if (gate == nullptr) {
    gate = std::make_unique<Gate>();
    gate->number = next_gate_++;
    gate->name_space = name_space;
    gate->task = task;
    gate->key = key;
    gate->level = key.empty() ? 1 : 0;
  }
  return *gate;
}

void Gates::SetBounds(Gate& gate, std::int32_t places, std::int32_t starts,
                      core::DurationUs window_us) {
  if (gate.places == places && gate.starts == starts && gate.window_us == window_us) return;
  const bool first = gate.starts == 0 && starts > 0;
  gate.places = places;
  gate.starts = starts;
  gate.window_us = window_us;
  if (first) AssumeUsedUp(gate);
  Balance(gate);
}

void Gates::AssumeUsedUp(Gate& gate) const {
  if (gate.starts == 0 || gate.window_us > kWindowAssumedUs) return;
  if (assumed_at_ == 0 || assumed_at_ + gate.window_us <= now_) return;
  gate.started.assign(static_cast<std::size_t>(gate.starts), assumed_at_);
}

void Gates::AssumeStartsUntil(core::TimeUs at) {
  assumed_at_ = at;
  for (auto& [name, gate] : gates_) {
    AssumeUsedUp(*gate);
    Balance(*gate);
  }
}

GatesOfTask Gates::Find(const std::string& name_space, const std::string& task,
                        const core::TaskLimits& limits, const std::string& key) {
  GatesOfTask found;
  if (limits.places > 0 || limits.starts > 0) {
    found.gates[1] = &GetGate(name_space, task, "");
    SetBounds(*found.gates[1], limits.places, limits.starts, limits.window_us);
  }
  if (limits.places_per_key > 0 && !key.empty()) {
    found.gates[0] = &GetGate(name_space, task, key);
    found.gates[0]->next = found.gates[1];
    SetBounds(*found.gates[0], limits.places_per_key, 0, 0);
  }
  return found;
}

std::size_t Gates::Room(Gate& gate) const {
  if (!open_) return 0;
  return std::min(gate.PlacesLeft(), gate.StartsLeft(now_));
}

// ---- tasks
// -------------------------------------------------------------------------------------------

void Gates::ComeTo(GateTask& task, std::size_t level) {
  while (level < kLevels && task.gates[level] == nullptr) ++level;
  if (level < kLevels) {
    Gate& gate = *task.gates[level];
    gate.lanes[task.queue->number].waiting.emplace(task.place, &task);
    return;
  }
  task.queue->held.erase(task.place);
  task.queue->ready.emplace(task.place, task.task);
  Stir(*task.queue);
}

void Gates::TakeOut(GateTask& task, std::size_t level) {
  for (; level < kLevels; ++level) {
    if (task.gates[level] == nullptr) continue;
    Gate& gate = *task.gates[level];
    GateLane& lane = gate.lanes[task.queue->number];
    if (lane.through.erase(task.place) > 0) continue;
    lane.waiting.erase(task.place);
    return;
  }
  if (task.queue->ready.erase(task.place) > 0) {
    task.queue->held.emplace(task.place, task.task);
  }
}

void Gates::BalanceLane(const Gate& gate, std::size_t room, GateLane& lane) {
  while (true) {
    const bool crowded = lane.through.size() > room;
    const bool better = !lane.waiting.empty() && !lane.through.empty() &&
                        lane.waiting.begin()->first < lane.through.rbegin()->first;
    if (crowded || better) {
      GateTask& last = *lane.through.rbegin()->second;
      TakeOut(last, gate.level);
      lane.waiting.emplace(last.place, &last);
    } else if (!lane.waiting.empty() && lane.through.size() < room) {
      GateTask& first = *lane.waiting.begin()->second;
      lane.waiting.erase(lane.waiting.begin());
      lane.through.emplace(first.place, &first);
      ComeTo(first, gate.level + 1);
    } else {
      return;
    }
  }
}

void Gates::Balance(Gate& gate) {
  const std::size_t room = Room(gate);
  for (auto& [number, lane] : gate.lanes) BalanceLane(gate, room, lane);
  PlanWakeUp(gate);
  if (gate.next != nullptr) Balance(*gate.next);
}

void Gates::Balance(const std::array<Gate*, kLevels>& gates) {
  if (gates[0] != nullptr) return Balance(*gates[0]);
  if (gates[1] != nullptr) Balance(*gates[1]);
}

void Gates::Enter(Queue& queue, const Queue::Place& place, const ReadyTask& ready,
                  const GatesOfTask& gates) {
  std::unique_ptr<GateTask>& task = tasks_[ready.id()];
  CHECK(task == nullptr && gates.any());
  task = std::make_unique<GateTask>();
  task->task = ready;
  task->queue = &queue;
  task->place = place;
  task->gates = gates.gates;
  ++waiting_;
  queue.held.emplace(place, ready);
  ComeTo(*task, 0);
  Balance(gates.gates);
}

bool Gates::Waits(const TaskId& id) const {
  const auto found = tasks_.find(id);
  return found != tasks_.end() && !found->second->taken;
}

bool Gates::Leave(const TaskId& id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || found->second->taken) return false;
  const std::unique_ptr<GateTask> task = std::move(found->second);
  tasks_.erase(found);
  --waiting_;
  TakeOut(*task, 0);
  task->queue->held.erase(task->place);
  Balance(task->gates);
  MaybeForget(task->gates[0]);
  return true;
}

void Gates::Occupy(const TaskId& id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || found->second->taken) return;
  GateTask& task = *found->second;
  // It passed all its gates, and is out of `ready` already.
  TakeOut(task, 0);
  task.taken = true;
  --waiting_;
  for (Gate* gate : task.gates) {
    if (gate == nullptr) continue;
    ++gate->in_progress;
    CountStart(*gate, now_);
  }
  Balance(task.gates);
}

void Gates::Hold(const TaskId& id, const GatesOfTask& gates, core::TimeUs started_at) {
  if (!gates.any() || tasks_.contains(id)) return;
  auto task = std::make_unique<GateTask>();
  task->gates = gates.gates;
  task->taken = true;
  tasks_.emplace(id, std::move(task));
  for (Gate* gate : gates.gates) {
    if (gate == nullptr) continue;
    ++gate->in_progress;
    // Later ones were counted when they were started, by this process.
    if (started_at <= assumed_at_) CountStart(*gate, started_at);
  }
  Balance(gates.gates);
}

void Gates::Release(const TaskId& id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || !found->second->taken) return;
  const std::array<Gate*, kLevels> gates = found->second->gates;
  tasks_.erase(found);
  for (Gate* gate : gates) {
    if (gate != nullptr) --gate->in_progress;
  }
  Balance(gates);
  MaybeForget(gates[0]);
}

void Gates::CountStart(Gate& gate, core::TimeUs at) const {
  if (gate.starts == 0 || at + gate.window_us <= now_) return;
  gate.started.insert(std::upper_bound(gate.started.begin(), gate.started.end(), at), at);
  if (gate.started.size() > 2 * static_cast<std::size_t>(core::kLimitStartsMax)) {
    gate.started.pop_front();
  }
}

void Gates::MaybeForget(Gate* gate) {
  if (gate == nullptr || gate->key.empty() || gate->in_progress > 0) return;
  for (const auto& [number, lane] : gate->lanes) {
    if (!lane.through.empty() || !lane.waiting.empty()) return;
  }
  gates_.erase({gate->name_space, gate->task, gate->key});
}

void Gates::DropTasks() {
  tasks_.clear();
  waiting_ = 0;
  wake_ups_.clear();
  for (Queue* queue : stirred_) queue->stirred = false;
  stirred_.clear();
  std::erase_if(gates_, [](const auto& entry) { return !entry.second->key.empty(); });
  for (auto& [name, gate] : gates_) {
    gate->lanes.clear();
    gate->in_progress = 0;
    gate->wake_at = 0;
  }
}

// ---- time, phases
// ------------------------------------------------------------------------------------

void Gates::PlanWakeUp(Gate& gate) {
  core::TimeUs wake_at = 0;
  const bool rated = open_ && gate.starts > 0 && gate.waiting() > 0;
  // Whatever else bounds it: there is room for one more start from then on.
  if (rated && gate.StartsLeft(now_) < static_cast<std::size_t>(gate.starts)) {
    wake_at = gate.started.front() + gate.window_us;
  }
  if (wake_at == gate.wake_at) return;
  if (gate.wake_at != 0) wake_ups_.erase({gate.wake_at, gate.number});
  if (wake_at != 0) wake_ups_.emplace(std::pair(wake_at, gate.number), &gate);
  gate.wake_at = wake_at;
}

void Gates::Advance(core::TimeUs now) {
  now_ = now;
  while (!wake_ups_.empty() && wake_ups_.begin()->first.first <= now) {
    Gate& gate = *wake_ups_.begin()->second;
    wake_ups_.erase(wake_ups_.begin());
    gate.wake_at = 0;
    Balance(gate);
  }
}

core::TimeUs Gates::next_wake_at() const {
  return wake_ups_.empty() ? 0 : wake_ups_.begin()->first.first;
}

void Gates::Close() {
  open_ = false;
  for (auto& [name, gate] : gates_) Balance(*gate);
}

void Gates::Open() {
  open_ = true;
  for (auto& [name, gate] : gates_) Balance(*gate);
}

Queue* Gates::NextStirred() {
  const auto best = [](const Queue* queue) { return queue->ready.begin()->first; };
  Queue* first = nullptr;
  std::erase_if(stirred_, [&](Queue* queue) {
    queue->stirred = !queue->ready.empty();
    if (queue->stirred && (first == nullptr || best(queue) < best(first))) first = queue;
    return !queue->stirred;
  });
  if (first == nullptr) return nullptr;
  first->stirred = false;
  std::erase(stirred_, first);
  return first;
}

void Gates::Stir(Queue& queue) {
  if (queue.stirred || queue.line.empty()) return;
  queue.stirred = true;
  stirred_.push_back(&queue);
}

std::vector<EngineStats::LimitUse> Gates::Uses(core::TimeUs now) {
  std::map<std::pair<std::string, std::string>, EngineStats::LimitUse> uses;
  for (const auto& [name_space, tasks] : table_ == nullptr ? TaskLimitTable() : *table_) {
    for (const auto& [task, limits] : tasks) {
      uses[{name_space, task}].places_per_key = limits.places_per_key;
    }
  }
  for (const auto& [name, gate] : gates_) {
    EngineStats::LimitUse& use = uses[{gate->name_space, gate->task}];
    if (!gate->key.empty()) {
      use.places_per_key = gate->places;
      ++use.keys;
      use.waiting_for_key += gate->waiting();
      use.in_progress += gate->next == nullptr ? gate->in_progress : 0;
      continue;
    }
    use.places = gate->places;
    use.starts = gate->starts;
    use.window_us = gate->window_us;
    use.in_progress += gate->in_progress;
    const bool by_rate = gate->PlacesLeft() > 0 && gate->StartsLeft(now) == 0;
    use.started = gate->started.size();
    (by_rate ? use.waiting_for_rate : use.waiting_for_place) = gate->waiting();
  }
  std::vector<EngineStats::LimitUse> list;
  for (auto& [name, use] : uses) {
    use.name_space = name.first;
    use.task = name.second;
    list.push_back(std::move(use));
  }
  return list;
}

}  // namespace skald::runtime
