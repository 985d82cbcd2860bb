// PrometheusMetrics: ports::Metrics kept in a Prometheus registry.
//
// Thread-safe; never fails. Label values are task types and statuses, at most kTaskTypesMax task
// types; further ones count as "other", so that names made up by clients cannot fill the memory.
// Names and meanings are listed in docs/operating.md.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/mutex.h"
#include "engine/ports/metrics.h"

namespace skald::telemetry {

class PrometheusMetrics final : public ports::Metrics {
 public:
  PrometheusMetrics();

  void Committed(std::size_t workflows, std::size_t events, std::size_t bytes,
                 core::DurationUs took_us) override;
  void CommitFailed(std::string_view code) override;
  void Decided(std::string_view trigger, core::DurationUs took_us) override;
  void TaskStarted(std::string_view task_type, core::DurationUs schedule_to_start_us) override;
  void TaskEnded(std::string_view task_type, core::TaskStatus status,
                 std::optional<core::DurationUs> took_us) override;
  void WorkflowStarted() override;
  void WorkflowEnded(core::WorkflowStatus status, core::SagaStatus saga) override;
  void UndoEnded(std::string_view outcome) override;
  void Open(const ports::OpenWorkflows& workflows) override;
  void Queues(const std::map<std::string_view, ports::QueueLoad>& by_task_type) override;
  void Limit(std::string_view task, std::size_t in_progress, std::size_t waiting_for_place,
             std::size_t waiting_for_rate, std::size_t waiting_for_key) override;
  void Turn(std::string_view workflow, std::size_t running, std::size_t waiting) override;
  void StartRequestRefused() override { start_requests_refused_.Increment(); }
  void Refused(std::string_view what) override;

  // All metrics in the Prometheus text format.
  std::string Text() const;

 private:
  static constexpr std::size_t kTaskTypesMax = 1'000;

  struct TypeMetrics {
    prometheus::Histogram* schedule_to_start = nullptr;
    prometheus::Histogram* step_latency = nullptr;
    prometheus::Gauge* queue_depth = nullptr;
    prometheus::Gauge* queue_age = nullptr;
  };
  struct LimitMetrics {
    prometheus::Gauge* in_progress = nullptr;
    prometheus::Gauge* waiting_for_place = nullptr;
    prometheus::Gauge* waiting_for_rate = nullptr;
    prometheus::Gauge* waiting_for_key = nullptr;
  };
  using CounterMap = std::map<std::string, prometheus::Counter*, std::less<>>;

  TypeMetrics& ForType(std::string_view task_type) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Count(prometheus::Family<prometheus::Counter>& family, const char* label,
             std::string_view value, CounterMap& known) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::shared_ptr<prometheus::Registry> registry_;  // shared: prometheus-cpp's API asks for it
  prometheus::Histogram& commit_seconds_;
  prometheus::Histogram& commit_workflows_;
  prometheus::Counter& committed_events_;
  prometheus::Counter& committed_bytes_;
  prometheus::Counter& workflows_started_;
  prometheus::Counter& start_requests_refused_;
  prometheus::Family<prometheus::Gauge>& workflows_family_;
  prometheus::Gauge& workflows_running_;
  prometheus::Gauge& workflows_paused_;
  prometheus::Gauge& sagas_parked_;
  prometheus::Family<prometheus::Counter>& commit_failures_family_;
  prometheus::Family<prometheus::Counter>& refused_family_;
  prometheus::Family<prometheus::Counter>& undo_family_;
  prometheus::Family<prometheus::Counter>& ended_family_;
  prometheus::Family<prometheus::Counter>& tasks_ended_family_;
  prometheus::Family<prometheus::Histogram>& decide_family_;
  prometheus::Family<prometheus::Histogram>& schedule_to_start_family_;
  prometheus::Family<prometheus::Histogram>& step_latency_family_;
  prometheus::Family<prometheus::Gauge>& queue_depth_family_;
  prometheus::Family<prometheus::Gauge>& queue_age_family_;
  prometheus::Family<prometheus::Gauge>& limit_in_progress_family_;
  prometheus::Family<prometheus::Gauge>& limit_waiting_family_;
  prometheus::Family<prometheus::Gauge>& turn_running_family_;
  prometheus::Family<prometheus::Gauge>& turn_waiting_family_;
  base::Mutex mutex_;
  std::map<std::string, TypeMetrics, std::less<>> types_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::pair<prometheus::Gauge*, prometheus::Gauge*>, std::less<>> turns_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, LimitMetrics, std::less<>> limits_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, prometheus::Histogram*, std::less<>> decide_ ABSL_GUARDED_BY(mutex_);
  CounterMap commit_failures_ ABSL_GUARDED_BY(mutex_);
  CounterMap refused_ ABSL_GUARDED_BY(mutex_);
  CounterMap undo_ ABSL_GUARDED_BY(mutex_);
  CounterMap tasks_ended_ ABSL_GUARDED_BY(mutex_);
  CounterMap ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace skald::telemetry
