#include "engine/telemetry/prometheus_metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <vector>

#include "engine/core/types.h"

namespace skald::telemetry {
namespace {

using prometheus::Histogram;

// Seconds: from a commit of a fast disk to a step that waits for minutes.
const Histogram::BucketBoundaries kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                              0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                              1,      2.5,     5,      10,    30,     60};
const Histogram::BucketBoundaries kDecideSeconds = {
    0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.001, 0.01};
const Histogram::BucketBoundaries kSizes = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000};

double Seconds(core::DurationUs duration_us) {
  return static_cast<double>(duration_us) / static_cast<double>(core::kSecondUs);
}

auto& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
auto& Gauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
auto& Histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

PrometheusMetrics::PrometheusMetrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      commit_seconds_(Histograms(*registry_, "skald_commit_seconds",
                                 "Time from handing a batch to the store to its answer")
                          .Add({}, kSeconds)),
      commit_workflows_(
          Histograms(*registry_, "skald_commit_workflows", "Workflows written by one commit")
              .Add({}, kSizes)),
      committed_events_(
          Counters(*registry_, "skald_committed_events_total", "Events made durable").Add({})),
      committed_bytes_(Counters(*registry_, "skald_committed_bytes_total",
                                "Bytes of events and snapshots made durable")
                           .Add({})),
      workflows_started_(
          Counters(*registry_, "skald_workflows_started_total", "Workflows begun").Add({})),
      start_requests_refused_(Counters(*registry_, "skald_start_requests_refused_total",
                                       "Starts asked for in SQL that can never be carried out")
                                  .Add({})),
      workflows_family_(Gauges(*registry_, "skald_workflows",
                               "Workflows that have not ended, of this node's shards, by status")),
      workflows_running_(workflows_family_.Add({{"status", "RUNNING"}})),
      workflows_paused_(workflows_family_.Add({{"status", "PAUSED"}})),
      sagas_parked_(Gauges(*registry_, "skald_sagas_parked",
                           "Sagas that wait for a person, of this node's shards")
                        .Add({})),
      commit_failures_family_(
          Counters(*registry_, "skald_commit_failures_total", "Commits that failed, by code")),
      refused_family_(Counters(*registry_, "skald_refused_total",
                               "Requests refused because a bound was met, by limit")),
      undo_family_(Counters(*registry_, "skald_undo_total", "Undo of steps, by outcome")),
      ended_family_(Counters(*registry_, "skald_workflows_ended_total",
                             "Workflows ended, by status and saga status")),
      tasks_ended_family_(
          Counters(*registry_, "skald_tasks_ended_total", "Tasks ended, by status")),
      decide_family_(
          Histograms(*registry_, "skald_decide_seconds", "Time of one decision, by trigger")),
      schedule_to_start_family_(Histograms(*registry_, "skald_schedule_to_start_seconds",
                                           "Time a ready task waited for a worker, by type")),
      step_latency_family_(Histograms(*registry_, "skald_step_seconds",
                                      "Time from an attempt's start to its end, by type")),
      queue_depth_family_(
          Gauges(*registry_, "skald_queue_depth", "Ready tasks waiting for a worker, by type")),
      queue_age_family_(
          Gauges(*registry_, "skald_queue_age_seconds", "Age of the oldest ready task, by type")),
      limit_in_progress_family_(
          Gauges(*registry_, "skald_limit_in_progress",
                 "Tasks in progress of a task definition that has limits, by definition")),
      limit_waiting_family_(Gauges(*registry_, "skald_limit_waiting",
                                   "Tasks that wait for a limit, by definition and limit")),
      turn_running_family_(Gauges(*registry_, "skald_turn_running",
                                  "Running workflows of a definition with a rateLimitConfig")),
      turn_waiting_family_(Gauges(*registry_, "skald_turn_waiting",
                                  "Workflows that wait for their turn to begin, by definition")) {}

void PrometheusMetrics::Committed(std::size_t workflows, std::size_t events, std::size_t bytes,
                                  core::DurationUs took_us) {
  commit_seconds_.Observe(Seconds(took_us));
  commit_workflows_.Observe(static_cast<double>(workflows));
  committed_events_.Increment(static_cast<double>(events));
  committed_bytes_.Increment(static_cast<double>(bytes));
}

void PrometheusMetrics::Count(prometheus::Family<prometheus::Counter>& family, const char* label,
                              std::string_view value, CounterMap& known) {
  auto found = known.find(value);
  if (found == known.end()) {
    const std::string name(value);
    found = known.emplace(name, &family.Add({{label, name}})).first;
  }
  found->second->Increment();
}

void PrometheusMetrics::CommitFailed(std::string_view code) {
  base::MutexLock lock(mutex_);
  Count(commit_failures_family_, "code", code, commit_failures_);
}

void PrometheusMetrics::Refused(std::string_view what) {
  base::MutexLock lock(mutex_);
  Count(refused_family_, "limit", what, refused_);
}

void PrometheusMetrics::UndoEnded(std::string_view outcome) {
  base::MutexLock lock(mutex_);
  Count(undo_family_, "outcome", outcome, undo_);
}

void PrometheusMetrics::WorkflowStarted() { workflows_started_.Increment(); }

void PrometheusMetrics::Open(const ports::OpenWorkflows& workflows) {
  workflows_running_.Set(static_cast<double>(workflows.running));
  workflows_paused_.Set(static_cast<double>(workflows.paused));
  sagas_parked_.Set(static_cast<double>(workflows.sagas_parked));
}

void PrometheusMetrics::WorkflowEnded(core::WorkflowStatus status, core::SagaStatus saga) {
  const std::string status_name(core::Name(status));
  const std::string saga_name(core::Name(saga));
  const std::string key = status_name + "/" + saga_name;
  base::MutexLock lock(mutex_);
  auto found = ended_.find(key);
  if (found == ended_.end()) {
    auto& counter = ended_family_.Add({{"status", status_name}, {"saga_status", saga_name}});
    found = ended_.emplace(key, &counter).first;
  }
  found->second->Increment();
}

void PrometheusMetrics::Decided(std::string_view trigger, core::DurationUs took_us) {
  base::MutexLock lock(mutex_);
  auto found = decide_.find(trigger);
  if (found == decide_.end()) {
    const std::string name(trigger);
    found = decide_.emplace(name, &decide_family_.Add({{"trigger", name}}, kDecideSeconds)).first;
  }
  found->second->Observe(Seconds(took_us));
}

PrometheusMetrics::TypeMetrics& PrometheusMetrics::ForType(std::string_view task_type) {
  auto found = types_.find(task_type);
  if (found != types_.end()) return found->second;
  if (types_.size() >= kTaskTypesMax && task_type != "other") return ForType("other");
  const std::string name(task_type);
  const prometheus::Labels labels = {{"task_type", name}};
  TypeMetrics metrics;
  metrics.schedule_to_start = &schedule_to_start_family_.Add(labels, kSeconds);
  metrics.step_latency = &step_latency_family_.Add(labels, kSeconds);
  metrics.queue_depth = &queue_depth_family_.Add(labels);
  metrics.queue_age = &queue_age_family_.Add(labels);
  return types_.emplace(name, metrics).first->second;
}

void PrometheusMetrics::TaskStarted(std::string_view task_type,
                                    core::DurationUs schedule_to_start_us) {
  base::MutexLock lock(mutex_);
  ForType(task_type).schedule_to_start->Observe(Seconds(schedule_to_start_us));
}

void PrometheusMetrics::TaskEnded(std::string_view task_type, core::TaskStatus status,
                                  std::optional<core::DurationUs> took_us) {
  base::MutexLock lock(mutex_);
  if (took_us.has_value()) ForType(task_type).step_latency->Observe(Seconds(*took_us));
  Count(tasks_ended_family_, "status", core::Name(status), tasks_ended_);
}

void PrometheusMetrics::Queues(const std::map<std::string_view, ports::QueueLoad>& by_task_type) {
  base::MutexLock lock(mutex_);
  // Several types may count as "other".
  std::map<const TypeMetrics*, ports::QueueLoad> loads;
  for (const auto& [task_type, load] : by_task_type) {
    ports::QueueLoad& sum = loads[&ForType(task_type)];
    sum.depth += load.depth;
    sum.oldest_us = std::max(sum.oldest_us, load.oldest_us);
  }
  for (const auto& [name, metrics] : types_) {
    const ports::QueueLoad load = loads[&metrics];
    metrics.queue_depth->Set(static_cast<double>(load.depth));
    metrics.queue_age->Set(Seconds(load.oldest_us));
  }
}

void PrometheusMetrics::Limit(std::string_view task, std::size_t in_progress,
                              std::size_t waiting_for_place, std::size_t waiting_for_rate,
                              std::size_t waiting_for_key) {
  base::MutexLock lock(mutex_);
  auto found = limits_.find(task);
  if (found == limits_.end()) {
    if (limits_.size() >= kTaskTypesMax) return;
    const std::string name(task);
    const auto waiting = [&](const char* limit) {
      return &limit_waiting_family_.Add({{"task", name}, {"limit", limit}});
    };
    found = limits_
                .emplace(name, LimitMetrics{&limit_in_progress_family_.Add({{"task", name}}),
                                            waiting("concurrentExecLimit"),
                                            waiting("rateLimitPerFrequency"),
                                            waiting("concurrentExecLimitPerKey")})
                .first;
  }
  found->second.in_progress->Set(static_cast<double>(in_progress));
  found->second.waiting_for_place->Set(static_cast<double>(waiting_for_place));
  found->second.waiting_for_rate->Set(static_cast<double>(waiting_for_rate));
  found->second.waiting_for_key->Set(static_cast<double>(waiting_for_key));
}

void PrometheusMetrics::Turn(std::string_view workflow, std::size_t running, std::size_t waiting) {
  base::MutexLock lock(mutex_);
  auto found = turns_.find(workflow);
  if (found == turns_.end()) {
    if (turns_.size() >= kTaskTypesMax) return;
    const std::string name(workflow);
    found = turns_
                .emplace(name, std::pair(&turn_running_family_.Add({{"workflow", name}}),
                                         &turn_waiting_family_.Add({{"workflow", name}})))
                .first;
  }
  found->second.first->Set(static_cast<double>(running));
  found->second.second->Set(static_cast<double>(waiting));
}

std::string PrometheusMetrics::Text() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace skald::telemetry
