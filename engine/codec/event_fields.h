// The stored fields of every event, by the keys that events_json.h specifies. Internal to codec.
#pragma once

#include "engine/codec/field_visitor.h"
#include "engine/core/event.h"

namespace skald::codec {

template <typename V, Of<core::WorkflowStarted> E>
void VisitFields(V& v, E& e) {
  v.Field("namespace", e.name_space);
  v.Field("name", e.name);
  v.Field("version", e.version);
  v.Field("definition", e.definition_id);
  v.Field("input", e.input);
  v.Field("correlation_id", e.correlation_id);
  v.Field("idempotency_key", e.idempotency_key);
  v.Field("priority", e.priority);
  v.Field("traceparent", e.traceparent);
  v.Field("tracestate", e.tracestate);
  v.Field("timeout_at", e.timeout_at);
  v.Field("parent", e.parent);
  v.Field("parent_task", e.parent_task);
  v.Field("depth", e.depth);
  v.Field("task_to_domain", e.task_to_domain);
}

template <typename V, typename E>
  requires Of<E, core::WorkflowPaused> || Of<E, core::WorkflowResumed> ||
           Of<E, core::SagaResumed> || Of<E, core::PolicyOverridden>
void VisitFields(V& v, E& e) {
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::WorkflowTimeoutAlerted> E>
void VisitFields(V&, E&) {}

template <typename V, Of<core::SignalReceived> E>
void VisitFields(V& v, E& e) {
  v.Field("ref", e.reference);
  v.Field("payload", e.payload);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::VariablesSet> E>
void VisitFields(V& v, E& e) {
  v.Field("variables", e.variables);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::WorkflowEnded> E>
void VisitFields(V& v, E& e) {
  v.Always("status", e.status);
  v.Always("saga", e.saga_status);
  v.Field("reason", e.reason);
  v.Field("output", e.output);
  v.Field("unresolved", e.unresolved);
  v.Field("actor", e.actor);
}

template <typename V, Of<core::TaskScheduled> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("run", e.run);
  v.Always("step", e.step);
  v.Field("iteration", e.iteration);
  v.Field("generation", e.generation, 1);
  v.Field("attempt", e.attempt, 1);
  v.Field("op", e.operation);
  v.Field("task_type", e.task_type);
  v.Field("ref", e.reference);
  v.Field("input", e.input);
  v.Field("available_at", e.available_at);
  v.Field("poll_timeout_at", e.poll_timeout_at);
  v.Field("total_timeout_at", e.total_timeout_at);
  v.Field("after", e.after);
}

template <typename V, Of<core::TaskReleased> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
}

template <typename V, Of<core::TaskFailureAccepted> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("permissive", e.permissive);
}

template <typename V, Of<core::TaskHandedOver> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("output", e.output);
}

template <typename V, Of<core::IterationStarted> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Field("iteration", e.iteration, 1);
  v.Field("keep_last", e.keep_last);
  v.Field("items", e.items);
}

template <typename V, Of<core::TaskUpdated> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::TaskProgressed> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("output", e.output);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::TaskStarted> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("worker", e.worker);
  v.Field("incarnation", e.incarnation);
  v.Field("barrier", e.barrier);
  v.Field("attempt_timeout_at", e.attempt_timeout_at);
  v.Field("not_after", e.not_after);
  v.Field("child", e.child);
  v.Field("domain", e.domain);
}

template <typename V, Of<core::TaskRequeued> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("available_at", e.available_at);
}

template <typename V, Of<core::TaskCompleted> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("output", e.output);
  v.Field("verdict", e.verdict);
  v.Field("undo_input", e.undo_input);
  v.Field("effect", e.effect);
  v.Field("input", e.input);
  v.Field("cached", e.cached);
  v.Field("trace", e.trace);
}

template <typename V, Of<core::TaskFailed> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("terminal", e.terminal);
  v.Field("reason", e.reason);
  v.Always("effect", e.effect);
  v.Field("verdict", e.verdict);
  v.Field("output", e.output);
  v.Field("trace", e.trace);
}

template <typename V, Of<core::TaskTimedOut> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Always("timeout", e.timeout);
  v.Field("reason", e.reason);
  v.Always("effect", e.effect);
  v.Field("by_child", e.by_child);
}

template <typename V, Of<core::TaskCancelRequested> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("reason", e.reason);
  v.Field("timeout", e.timeout);
}

template <typename V, Of<core::ChildParked> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::FailureWorkflowStarted> E>
void VisitFields(V& v, E& e) {
  v.Field("child", e.child);
  v.Field("name", e.name);
  v.Field("version", e.version);
  v.Always("status", e.status);
  v.Field("task", e.task);
}

template <typename V, Of<core::WorkflowQueued> E>
void VisitFields(V& v, E& e) {
  v.Field("key", e.key);
  v.Field("running_max", e.running_max);
}

template <typename V, Of<core::WorkflowAdmitted> E>
void VisitFields(V&, E&) {}

template <typename V, Of<core::FailureWorkflowRefused> E>
void VisitFields(V& v, E& e) {
  v.Field("reason", e.reason);
}

template <typename V, Of<core::ChildResumed> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("reopened", e.reopened);
}

template <typename V, Of<core::TaskCanceled> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Always("effect", e.effect);
  v.Field("reason", e.reason);
  v.Field("by_child", e.by_child);
  v.Field("trace", e.trace);
  v.Field("output", e.output);
}

template <typename V, Of<core::LateResult> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("fence", e.fence);
  v.Always("status", e.status);
  v.Field("effect", e.effect);
  v.Field("output", e.output);
}

template <typename V, Of<core::SagaFaulted> E>
void VisitFields(V& v, E& e) {
  v.Always("cause", e.cause);
  v.Field("reason", e.reason);
  v.Field("task", e.task);
  v.Field("actor", e.actor);
  v.Always("end_status", e.end_status);
  v.Field("settle_until", e.settle_until);
  v.Field("compensation_timeout_at", e.compensation_timeout_at);
}

template <typename V, Of<core::FaultPended> E>
void VisitFields(V& v, E& e) {
  v.Always("cause", e.cause);
  v.Field("reason", e.reason);
  v.Field("actor", e.actor);
  v.Field("task", e.task);
  v.Always("end_status", e.end_status);
}

template <typename V, typename E>
  requires Of<E, core::FaultRefused> || Of<E, core::SagaParked>
void VisitFields(V& v, E& e) {
  v.Field("reason", e.reason);
}

template <typename V, Of<core::PivotPassed> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
}

template <typename V, Of<core::StepSettled> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Always("effect", e.effect);
  v.Field("possible_duplicate", e.possible_duplicate);
  v.Field("undo_input", e.undo_input);
  v.Field("output", e.output);
}

template <typename V, Of<core::UndoParked> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::UndoResolved> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Always("resolution", e.resolution);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
  v.Field("output", e.output);
}

template <typename V, Of<core::StepsRequested> E>
void VisitFields(V& v, E& e) {
  v.Always("step", e.step);
  v.Field("ref", e.reference);
  v.Field("iteration", e.iteration);
  v.Field("input", e.input);
  v.Field("names", e.names);
  v.Field("after", e.after);
}

template <typename V, Of<core::StepsAdded> E>
void VisitFields(V& v, E& e) {
  v.Always("step", e.step);
  v.Field("request", e.request);
  v.Field("steps", e.steps);
}

template <typename V, Of<core::MessageReceived> E>
void VisitFields(V& v, E& e) {
  v.Field("id", e.id);
  v.Field("payload", e.payload);
  v.Field("named", e.named);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::MessagesTaken> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("count", e.count);
}

template <typename V, Of<core::OrphanEffect> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Field("task", e.task);
}

template <typename V, Of<core::ReopenedLoop> E>
void VisitFields(V& v, E& e) {
  v.Field("run", e.run);
  v.Field("iteration", e.iteration, 1);
  v.Field("keep_last", e.keep_last);
  v.Field("items", e.items);
}

template <typename V, Of<core::WorkflowReopened> E>
void VisitFields(V& v, E& e) {
  v.Always("kind", e.kind);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
  v.Field("anew", e.anew);
  v.Field("generation", e.generation, 1);
  v.Field("task", e.task);
  v.Field("dropped", e.dropped);
  v.Field("retried", e.retried);
  v.Field("resumed", e.resumed);
  v.List("loops", e.loops);
  v.Field("timeout_at", e.timeout_at);
  v.Field("input", e.input);
  v.Field("correlation_id", e.correlation_id);
  v.Field("asked", e.asked);
  v.Field("child_reopened", e.child_reopened);
  v.Field("definition", e.definition_id);
  v.Field("version", e.version);
}

template <typename V, Of<core::WorkflowUpgraded> E>
void VisitFields(V& v, E& e) {
  v.Field("definition", e.definition_id);
  v.Field("version", e.version);
  v.Field("from_definition", e.from_definition_id);
  v.Field("from_version", e.from_version);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
  v.Field("timeout_at", e.timeout_at);
}

template <typename V, Of<core::StepSkipped> E>
void VisitFields(V& v, E& e) {
  v.Always("step", e.step);
  v.Field("ref", e.reference);
  v.Field("input", e.input);
  v.Field("output", e.output);
  v.Field("actor", e.actor);
  v.Field("reason", e.reason);
}

template <typename V, Of<core::TaskSkipped> E>
void VisitFields(V& v, E& e) {
  v.Field("task", e.task);
  v.Field("output", e.output);
}

}  // namespace skald::codec
