// Gates: lets waiting tasks through to their queues as far as the limits of their definitions
// allow, and counts what is in progress (conductor.md 1.4, 3.8; architecture: limits act in the
// matcher, before a start).
//
// A gate is one limit: of a definition (tasks in progress, starts in a sliding window), or of a
// definition and a key. A task passes the gate of its key first, then that of its definition; then
// it stands in its queue's `ready`. In each queue a gate lets through the best of its tasks, by
// priority, then age, exactly as many as it has room for: a task that stands in `ready` may be
// started, whichever it is. Where several queues (domains) share a gate, each has its candidates,
// and a start in one takes one back in the others. A place is taken by Occupy or Hold and given
// back by Release; whoever waits for it goes on in the same call. Nothing is polled.
//
// A window counts starts by the time of their decision: of the starts t(i), ascending,
// t(i + limit) - t(i) >= window.
//
// Single-threaded. Costs O(log n) per call and queue of the gate. Bounds: as many gates as there
// are definitions with limits, and keys of tasks that wait or are in progress.
#pragma once

#include <array>
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
#include "engine/runtime/engine.h"
#include "engine/runtime/task_limit_table.h"
#include "engine/runtime/task_queue.h"

namespace skald::runtime {

struct Gate;
struct GateLane;
struct GateTask;

// The gates of one task; null where there is none. In the order in which it passes them.
struct GatesOfTask {
  std::array<Gate*, 2> gates{};  // of its key, of its definition
  bool any() const { return gates[0] != nullptr || gates[1] != nullptr; }
};

class Gates {
 public:
  Gates();
  ~Gates();

  // ---- limits ----
  // Replaces the limits of registered definitions. REQUIRES: no task waits and none is counted.
  void SetTable(TaskLimits table);
  const TaskLimits& table() const { return table_; }
  // The limits registered under the name, else `embedded` if it has any; null: none hold.
  const core::TaskLimits* LimitsOf(const std::string& name_space, const std::string& task,
                                   const core::TaskLimits& embedded) const;
  // The gates under these limits; `key` "" = no key. Valid until the task they are found for has
  // been entered or held and left again.
  GatesOfTask Find(const std::string& name_space, const std::string& task,
                   const core::TaskLimits& limits, const std::string& key);

  // ---- tasks that wait ----
  // REQUIRES: gates.any(), and the task neither waits nor is in progress here.
  void Enter(Queue& queue, const Queue::Place& place, const ReadyTask& task,
             const GatesOfTask& gates);
  // It waits no more. False: it did not wait here.
  bool Leave(const TaskId& task);
  bool Waits(const TaskId& task) const;

  // ---- tasks in progress ----
  // A task that stood in `ready` and was taken from there is being started now.
  void Occupy(const TaskId& task);
  // A task that was found in progress (recovery), begun at `started_at`.
  void Hold(const TaskId& task, const GatesOfTask& gates, core::TimeUs started_at);
  // It is in progress no longer. Nothing happens when it was not counted.
  void Release(const TaskId& task);

  // ---- time, phases ----
  // To be called before anything else at each new time.
  void Advance(core::TimeUs now);
  // When Advance has something to do; 0 = never.
  core::TimeUs next_wake_at() const;
  // Closed: nothing passes, because it is not known yet what is in progress.
  void Close();
  void Open();
  // What was started before this moment is not known (another process did): windows of at most
  // kWindowAssumedUs count as used up then.
  void AssumeStartsUntil(core::TimeUs at);
  // Forgets tasks, waiting and in progress. Windows stay.
  void DropTasks();

  // The queues to which tasks came since they were last taken, each once, the one with the best
  // task first; null: none.
  Queue* NextStirred();
  // Puts one back.
  void Stir(Queue& queue);
  bool has_stirred() const { return !stirred_.empty(); }

  std::size_t waiting_count() const { return waiting_; }
  // By namespace and definition.
  std::vector<EngineStats::LimitUse> Uses(core::TimeUs now);

 private:
  using GateName = std::tuple<std::string, std::string, std::string>;

  Gate& GetGate(const std::string& name_space, const std::string& task, const std::string& key);
  void SetBounds(Gate& gate, std::int32_t places, std::int32_t starts, core::DurationUs window_us);
  void AssumeUsedUp(Gate& gate) const;
  std::size_t Room(Gate& gate) const;
  // The task comes to the gates from `level` on: it waits at the first, or stands in `ready`.
  void ComeTo(GateTask& task, std::size_t level);
  // Out of `ready` and of all gates from `level` on, whether it passed them or waits there.
  void TakeOut(GateTask& task, std::size_t level);
  void CountStart(Gate& gate, core::TimeUs at) const;
  void BalanceLane(const Gate& gate, std::size_t room, GateLane& lane);
  // Lets through and takes back until each queue has its best tasks through, as many as there is
  // room for; then the same at the next gate.
  void Balance(Gate& gate);
  void Balance(const std::array<Gate*, 2>& gates);
  void PlanWakeUp(Gate& gate);
  // Gates of keys go when nothing needs them.
  void MaybeForget(Gate* gate);

  TaskLimits table_;
  core::TimeUs now_ = 0;
  core::TimeUs assumed_at_ = 0;
  bool open_ = true;
  std::uint64_t next_gate_ = 1;
  std::size_t waiting_ = 0;  // tasks that are not in progress
  std::map<GateName, std::unique_ptr<Gate>> gates_;
  absl::flat_hash_map<TaskId, std::unique_ptr<GateTask>> tasks_;
  std::map<std::pair<core::TimeUs, std::uint64_t>, Gate*> wake_ups_;
  std::vector<Queue*> stirred_;
};

}  // namespace skald::runtime
