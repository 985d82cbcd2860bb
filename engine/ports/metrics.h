// Metrics: what the runtime reports about itself. Thread-safe, never blocks, never fails.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "engine/core/types.h"
#include "engine/ports/open_workflows.h"

namespace skald::ports {

// Ready tasks of one type, over all its queues.
struct QueueLoad {
  std::size_t depth = 0;
  core::DurationUs oldest_us = 0;  // age of the oldest
};

class Metrics {
 public:
  virtual ~Metrics() = default;

  virtual void Committed(std::size_t workflows, std::size_t events, std::size_t bytes,
                         core::DurationUs took_us) = 0;
  virtual void CommitFailed(std::string_view code) = 0;
  virtual void Decided(std::string_view trigger, core::DurationUs took_us) = 0;
  virtual void TaskStarted(std::string_view task_type, core::DurationUs schedule_to_start_us) = 0;
  // `took_us` is from the attempt's start to its end; empty when it was never started.
  virtual void TaskEnded(std::string_view task_type, core::TaskStatus status,
                         std::optional<core::DurationUs> took_us) = 0;
  virtual void WorkflowStarted() = 0;
  virtual void WorkflowEnded(core::WorkflowStatus status, core::SagaStatus saga) = 0;
  virtual void UndoEnded(std::string_view outcome) = 0;  // "done", "nulled", "parked", …
  // The workflows of the shards that this node serves, in memory or not; sampled about once a
  // second.
  virtual void Open(const OpenWorkflows& workflows) = 0;
  // All ready tasks, by task type; nothing waits of the types left out. Sampled likewise.
  virtual void Queues(const std::map<std::string_view, QueueLoad>& by_task_type) = 0;
  // The limits of one task definition, sampled as well: tasks in progress, and how many wait for
  // which of them.
  virtual void Limit(std::string_view task, std::size_t in_progress, std::size_t waiting_for_place,
                     std::size_t waiting_for_rate, std::size_t waiting_for_key) = 0;
  // Workflows of one definition that wait for their turn, sampled as well.
  virtual void Turn(std::string_view workflow, std::size_t running, std::size_t waiting) = 0;
  virtual void StartRequestRefused() = 0;  // a start asked for in SQL can never be carried out
  virtual void Refused(std::string_view what) = 0;  // a bound was met: name of the limit
};

}  // namespace skald::ports
