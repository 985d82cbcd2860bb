// The stored fields of a state. Internal to codec. Numbers that follow from a position are left
// out.
#pragma once

#include "engine/codec/event_fields.h"
#include "engine/codec/field_visitor.h"
#include "engine/core/state.h"

namespace skald::codec {

template <typename V, Of<core::Timer> E>
void VisitFields(V& v, E& e) {
  v.Field("due_at", e.due_at);
  v.Always("kind", e.kind);
  v.Field("task", e.task);
}

template <typename V, Of<core::Task> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Field("step", e.step, core::kNoStep);
  v.Field("op", e.operation);
  v.Always("status", e.status);
  v.Field("iteration", e.iteration);
  v.Field("attempt", e.attempt, 1);
  v.Field("scheduled_at", e.scheduled_at);
  v.Field("available_at", e.available_at);
  v.Field("poll_timeout_at", e.poll_timeout_at);
  v.Field("attempt_timeout_at", e.attempt_timeout_at);
  v.Field("total_timeout_at", e.total_timeout_at);
  v.Field("not_after", e.not_after);
  v.Field("started_at", e.started_at);
  v.Field("ended_at", e.ended_at);
  v.Field("fence", e.fence);
  v.Field("start_count", e.start_count);
  v.Field("effect", e.effect);
  v.Field("verdict", e.verdict);
  v.Field("released", e.released);
  v.Field("cancel_requested", e.cancel_requested);
  v.Field("barrier", e.barrier);
  v.Field("awaits_update", e.awaits_update);
  v.Field("updated", e.updated);
  v.Field("timeout", e.timeout);
  v.Field("late_fence", e.late_fence);
  v.Field("task_type", e.task_type);
  v.Field("worker", e.worker);
  v.Field("incarnation", e.incarnation);
  v.Field("domain", e.domain);
  v.Field("reason", e.reason);
  v.Field("child", e.child);
  v.Field("child_ended", e.child_ended);
  v.Field("child_parked", e.child_parked);
  v.Field("resumed_seq", e.resumed_seq);
  v.Field("child_reopened", e.child_reopened);
  v.Field("input", e.input);
  v.Field("output", e.output);
  v.Field("trace", e.trace);
}

template <typename V, Of<core::StepRun> E>
void VisitFields(V& v, E& e) {
  v.Field("step", e.step, core::kNoStep);
  v.Field("loop", e.loop);
  v.Field("iteration", e.iteration);
  v.Field("generation", e.generation, 1);
  v.Field("task", e.task);
  v.Field("operation_task", e.operation_task);
  v.Field("attempts", e.attempts);
  v.Field("undo_attempts", e.undo_attempts);
  v.Field("probe_attempts", e.probe_attempts);
  v.Field("attempts_before", e.attempts_before);
  v.Field("led_on", e.led_on);
  v.Field("first_scheduled_at", e.first_scheduled_at);
  v.Field("closed", e.closed);
  v.Field("settled", e.settled);
  v.Field("outcome", e.outcome);
  v.Field("attempts_applied", e.attempts_applied);
  v.Field("attempts_unknown", e.attempts_unknown);
  v.Field("attempts_dispatched", e.attempts_dispatched);
  v.Field("possible_duplicate", e.possible_duplicate);
  v.Field("barrier", e.barrier);
  v.Field("completed_seq", e.completed_seq);
  v.Field("closed_seq", e.closed_seq);
  v.Field("settled_seq", e.settled_seq);
  v.Field("undo", e.undo);
  v.Field("orphan", e.orphan);
  v.Field("successors_open", e.successors_open);
  v.Field("passed_on", e.passed_on);
  v.Field("undo_input", e.undo_input);
  v.Field("after", e.after);
  v.Field("before", e.before);
}

template <typename V, Of<core::Iteration> E>
void VisitFields(V& v, E& e) {
  v.Field("number", e.number);
  v.Field("first_run", e.first_run);
  v.Field("first_task", e.first_task);
  v.Field("results", e.results);
}

template <typename V, Of<core::Loop> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Field("iteration", e.iteration);
  v.Field("first_run", e.first_run);
  v.Field("first_task", e.first_task);
  v.Field("open", e.open);
  v.Field("tails", e.tails);
  v.Field("keep_last", e.keep_last);
  v.Field("items", e.items);
  v.Field("item_begin", e.item_begin);
  v.Field("item_end", e.item_end);
  v.List("finished", e.finished);
}

template <typename V, Of<core::Fault> E>
void VisitFields(V& v, E& e) {
  v.Field("active", e.active);
  v.Field("pending", e.pending);
  v.Field("cause", e.cause);
  v.Field("reason", e.reason);
  v.Field("actor", e.actor);
  v.Field("task", e.task);
  v.Field("end_status", e.end_status, core::WorkflowStatus::kFailed);
  v.Field("seq", e.seq);
  v.Field("settle_until", e.settle_until);
  v.Field("compensation_timeout_at", e.compensation_timeout_at);
  v.Field("attempts_open", e.attempts_open);
  v.Field("unsettled", e.unsettled);
  v.Field("unsettled_parked", e.unsettled_parked);
  v.Field("undo_unfinished", e.undo_unfinished);
  v.Field("undo_running", e.undo_running);
  v.Field("undo_parked", e.undo_parked);
  v.Field("undo_skipped", e.undo_skipped);
  v.Field("ready", e.ready);
  v.Field("in_turn", e.in_turn);
}

template <typename V, Of<core::StepsRequest> E>
void VisitFields(V& v, E& e) {
  v.Field("seq", e.seq);
  v.Field("step", e.step, core::kNoStep);
  v.Field("iteration", e.iteration);
  v.Field("input", e.input);
  v.Field("names", e.names);
  v.Field("after", e.after);
}

// A list of steps made at run time, before it is compiled.
struct StoredStepList {
  core::StepIndex step = core::kNoStep;  // the one that made them
  core::Payload steps;
};

template <typename V, Of<StoredStepList> E>
void VisitFields(V& v, E& e) {
  v.Field("step", e.step, core::kNoStep);
  v.Field("steps", e.steps);
}

template <typename V, Of<core::Skip> E>
void VisitFields(V& v, E& e) {
  v.Field("step", e.step, core::kNoStep);
  v.Field("input", e.input);
  v.Field("output", e.output);
}

template <typename V, Of<core::Message> E>
void VisitFields(V& v, E& e) {
  v.Field("id", e.id);
  v.Field("received_at", e.received_at);
  v.Field("payload", e.payload);
}

// Without State::added, which is stored as StoredStepLists.
template <typename V, Of<core::State> E>
void VisitFields(V& v, E& e) {
  v.Field("id", e.id);
  v.Field("seq", e.seq);
  v.Always("status", e.status);
  v.Always("saga", e.saga_status);
  v.Field("paused_by_person", e.paused_by_person);
  v.Field("pivot_passed", e.pivot_passed);
  v.Field("generation", e.generation, 1);
  v.Field("started_at", e.started_at);
  v.Field("updated_at", e.updated_at);
  v.Field("ended_at", e.ended_at);
  v.Field("timeout_at", e.timeout_at);
  v.Nested("start", e.start);
  v.Field("variables", e.variables);
  v.Field("output", e.output);
  v.Field("reason", e.reason);
  v.Field("failure_workflow", e.failure_workflow);
  v.Field("failure_workflow_name", e.failure_workflow_name);
  v.Field("failure_workflow_refused", e.failure_workflow_refused);
  v.Field("failure_status", e.failure_status, core::WorkflowStatus::kFailed);
  v.Field("failure_task", e.failure_task);
  v.Records("tasks", "task_gaps", e.tasks);
  v.Records("runs", "run_gaps", e.runs);
  v.Table("loops", e.loops);
  v.Field("loops_due", e.loops_due);
  v.Field("latest", e.latest);
  v.Field("join_remaining", e.join_remaining);
  v.Field("open", e.open);
  v.Field("live_tasks", e.live_tasks);
  v.Field("child_tasks", e.child_tasks);
  v.List("timers", e.timers);
  v.Nested("fault", e.fault);
  v.Field("held", e.held);
  v.Field("permitted", e.permitted);
  v.Field("history_bytes", e.history_bytes);
  v.List("requests", e.requests);
  v.Field("branches_open", e.branches_open);
  v.Field("reopened_seq", e.reopened_seq);
  v.Field("reopened_asked", e.reopened_asked);
  v.List("skips", e.skips);
  v.Field("turn_running_max", e.turn_running_max);
  v.Field("turn_key", e.turn_key);
  v.Field("awaits_turn", e.awaits_turn);
  v.List("messages", e.messages);
  v.Field("message_ids", e.message_ids);
}

}  // namespace skald::codec
