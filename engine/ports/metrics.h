// Metrics: what the runtime reports about itself. Thread-safe, never blocks, never fails.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/core/types.h"

namespace skald::ports {

class Metrics {
 public:
  virtual ~Metrics() = default;

  virtual void Committed(std::size_t workflows, std::size_t events, std::size_t bytes,
                         core::DurationUs took_us) = 0;
  virtual void CommitFailed(std::string_view code) = 0;
  virtual void Decided(std::string_view trigger, core::DurationUs took_us) = 0;
  virtual void TaskStarted(std::string_view task_type, core::DurationUs schedule_to_start_us) = 0;
  virtual void TaskEnded(std::string_view task_type, core::TaskStatus status,
                         core::DurationUs step_latency_us) = 0;
  virtual void WorkflowStarted() = 0;
  virtual void WorkflowEnded(core::WorkflowStatus status, core::SagaStatus saga) = 0;
  virtual void UndoEnded(std::string_view outcome) = 0;  // "done", "nulled", "parked", …
  virtual void SagaParked(int change) = 0;               // +1 or -1
  // Depth and oldest age of one task queue, sampled by the engine about once a second.
  virtual void Queue(std::string_view task_type, std::size_t depth, core::DurationUs oldest_us) = 0;
  virtual void StartRequestRefused() = 0;  // a start asked for in SQL can never be carried out
  virtual void Refused(std::string_view what) = 0;  // a bound was met: name of the limit
};

}  // namespace skald::ports
