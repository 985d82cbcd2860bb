// NullMetrics: metrics that go nowhere.
#pragma once

#include "engine/ports/metrics.h"

namespace skald::memory {

class NullMetrics : public ports::Metrics {
 public:
  void Committed(std::size_t, std::size_t, std::size_t, core::DurationUs) override {}
  void CommitFailed(std::string_view) override {}
  void Decided(std::string_view, core::DurationUs) override {}
  void TaskStarted(std::string_view, core::DurationUs) override {}
  void TaskEnded(std::string_view, core::TaskStatus, std::optional<core::DurationUs>) override {}
  void WorkflowStarted() override {}
  void WorkflowEnded(core::WorkflowStatus, core::SagaStatus) override {}
  void UndoEnded(std::string_view) override {}
  void Open(const ports::OpenWorkflows&) override {}
  void Queues(const std::map<std::string_view, ports::QueueLoad>&) override {}
  void Limit(std::string_view, std::size_t, std::size_t, std::size_t, std::size_t) override {}
  void Turn(std::string_view, std::size_t, std::size_t) override {}
  void StartRequestRefused() override {}
  void Refused(std::string_view) override {}
};

}  // namespace skald::memory
