// What events mean for leases and metrics.
#include <algorithm>
#include <optional>
#include <variant>

#include "engine/core/cache_key.h"
#include "engine/runtime/decider.h"

namespace skald::runtime {
namespace {

// The task whose attempt is over with this event; 0 = none. TaskRequeued, TaskHandedOver: over for
// its worker.
core::TaskNumber EndedTask(const core::EventBody& body) {
  if (const auto* completed = std::get_if<core::TaskCompleted>(&body)) return completed->task;
  if (const auto* failed = std::get_if<core::TaskFailed>(&body)) return failed->task;
  if (const auto* timed_out = std::get_if<core::TaskTimedOut>(&body)) return timed_out->task;
  if (const auto* canceled = std::get_if<core::TaskCanceled>(&body)) return canceled->task;
  if (const auto* requeued = std::get_if<core::TaskRequeued>(&body)) return requeued->task;
  if (const auto* handed = std::get_if<core::TaskHandedOver>(&body)) return handed->task;
  return 0;
}

void CountUndo(const core::EventBody& body, const core::State& state, ports::Metrics& metrics) {
  if (std::holds_alternative<core::UndoParked>(body)) return metrics.UndoEnded("parked");
  if (const auto* resolved = std::get_if<core::UndoResolved>(&body)) {
    if (resolved->resolution == core::Resolution::kByHand) metrics.UndoEnded("resolved");
    if (resolved->resolution == core::Resolution::kSkipped) metrics.UndoEnded("skipped");
    return;
  }
  const auto* completed = std::get_if<core::TaskCompleted>(&body);
  if (completed == nullptr) return;
  if (state.task(completed->task).operation != core::Operation::kCompensate) return;
  metrics.UndoEnded(completed->verdict == core::Verdict::kNulled ? "nulled" : "done");
}

}  // namespace

ports::OpenWorkflows Decider::CountOf(const core::State& state) {
  if (!state.started() || core::IsTerminal(state.status)) return {};
  return {.running = state.status == core::WorkflowStatus::kRunning ? 1 : 0,
          .paused = state.status == core::WorkflowStatus::kPaused ? 1 : 0,
          .sagas_parked = state.saga_status == core::SagaStatus::kParked ? 1 : 0};
}

void Decider::DropProgress(Workflow& workflow, core::TaskNumber task) {
  std::erase_if(workflow.progress,
                [&](const WorkflowView::Progress& progress) { return progress.task == task; });
}

void Decider::EndLease(Workflow& workflow, core::TaskNumber number) {
  const core::Task& task = workflow.state.task(number);
  if (task.fence == 0) return;
  Lease* lease = state_.workers.FindLease({workflow.state.id, number, task.fence});
  if (lease == nullptr || lease->answered) return;
  Worker& worker = *lease->worker;
  if (lease->sent && worker.session != 0) {
    // The worker is busy with it until it answers; for one more lease its room counts as taken.
    lease->settled = true;
    state_.workers.SetDeadline(*lease, state_.now + lease->lease_us);
    return;
  }
  Restock(worker);
  state_.workers.RemoveLease(*lease);
}

void Decider::Keep(const Workflow& workflow, const core::TaskCompleted& completed) {
  if (completed.cached || !workflow.state.has_task(completed.task)) return;
  const core::Task& task = workflow.state.task(completed.task);
  const core::Step& step = core::StepOf(*workflow.definition, workflow.state, task.step);
  if (!step.cache.has_value() || task.updated) return;
  const std::string key = core::CacheKey(step, task.number, *workflow.definition, workflow.state);
  if (!key.empty()) state_.results.Put(key, completed.output, state_.now + step.cache->ttl_us);
}

void Decider::Observe(Workflow& workflow, const std::vector<core::Event>& events) {
  ports::Metrics& metrics = state_.metrics;
  const core::State& state = workflow.state;
  for (const core::Event& event : events) {
    core::TaskNumber ended = EndedTask(event.body);
    if (ended != 0) state_.matcher.gates().Release({state.id, ended});
    ObserveTurn(workflow, event.body);
    // Of an iteration that its loop no longer keeps: begun and let go within one decision.
    if (ended != 0 && !state.has_task(ended)) continue;
    if (ended != 0) {
      const core::Task& task = state.task(ended);
      EndLease(workflow, ended);
      if (!workflow.progress.empty()) DropProgress(workflow, ended);
      if (core::IsTerminal(task.status)) {
        std::optional<core::DurationUs> took_us;
        if (task.started_at != 0) took_us = event.at - task.started_at;
        metrics.TaskEnded(task.task_type, task.status, took_us);
      }
    } else if (const auto* started = std::get_if<core::TaskStarted>(&event.body);
               started != nullptr && state.has_task(started->task)) {
      const core::Task& task = state.task(started->task);
      metrics.TaskStarted(task.task_type,
                          event.at - std::max(task.scheduled_at, task.available_at));
    } else if (std::holds_alternative<core::WorkflowStarted>(event.body)) {
      metrics.WorkflowStarted();
    } else if (std::holds_alternative<core::WorkflowEnded>(event.body)) {
      metrics.WorkflowEnded(state.status, state.saga_status);
    }
    if (const auto* completed = std::get_if<core::TaskCompleted>(&event.body)) {
      Keep(workflow, *completed);
    }
    if (state.fault.active) CountUndo(event.body, state, metrics);
  }
}

}  // namespace skald::runtime
