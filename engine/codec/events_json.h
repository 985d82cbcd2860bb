// Events as stored: a JSON text per history row, made for SQL views, people and replay.
//
// Pure functions; thread-safe. Payloads are spliced in and cut out byte for byte. Errors:
// INVALID_ARGUMENT from decoding, with what is wrong and where.
//
// FORMAT. A row holds `(first_seq, last_seq, at, events)`; `events` is an array of objects, element
// i (from 0) is the event with seq first_seq + i. `at` of the row is the time of its first event.
// Key "type" comes first and names the event as in event.h. Fields with their default value
// (0, false, "", absent payload, or the default named below) are left out. Times are microseconds
// since the Unix epoch, as numbers; enums are the texts of core::Name. Fields are only ever added;
// readers ignore unknown keys, unknown types are an error.
//
//   any event             at               when it differs from the row's `at`
//   WorkflowStarted       namespace, name, version, definition (id of the pinned form), input,
//                         correlation_id, idempotency_key, priority, traceparent, tracestate,
//                         timeout_at, parent (id), parent_task, depth, task_to_domain
//   WorkflowPaused        actor, reason
//   WorkflowResumed       actor, reason
//   WorkflowTimeoutAlerted
//   SignalReceived        ref, payload, actor, reason
//   VariablesSet          variables, actor, reason
//   WorkflowEnded         status (always), saga (always), reason, output, unresolved [run, …],
//                         actor
//   TaskScheduled         task, run, step (always), iteration, generation (1), attempt (1),
//                         op (ACTION), task_type, ref, input, available_at, poll_timeout_at,
//                         total_timeout_at, after [run, …]
//   TaskReleased          task
//   TaskStarted           task, worker, incarnation, barrier, attempt_timeout_at, not_after,
//                         child (id), domain
//   TaskRequeued          task, available_at
//   TaskCompleted         task, output, verdict (NONE), undo_input, effect (UNSET), input, cached,
//                         trace
//   TaskHandedOver        task, output
//   TaskUpdated           task, actor, reason
//   IterationStarted      run, iteration (1), keep_last, items
//   TaskFailed            task, terminal, reason, effect (always), verdict (NONE), output,
//                         trace
//   TaskTimedOut          task, timeout (always), reason, effect (always), by_child
//   TaskCancelRequested   task, reason, timeout (NONE)
//   TaskCanceled          task, effect (always), reason, by_child, trace, output
//   TaskFailureAccepted   task, permissive
//   LateResult            task, fence, status (always), effect (UNSET), output
//   SagaFaulted           cause (always), reason, task, actor, end_status (always), settle_until,
//                         compensation_timeout_at
//   FaultPended           cause (always), reason, actor, task, end_status (always)
//   FaultRefused          reason
//   PivotPassed           run
//   StepSettled           run, effect (always), possible_duplicate, undo_input, output
//   UndoParked            run, reason
//   UndoResolved          run, resolution (always), actor, reason, output
//   SagaParked            reason
//   SagaResumed           actor, reason
//   PolicyOverridden      actor, reason
//   OrphanEffect          run, task
//   StepsRequested        step (always), ref, iteration, input, names [text, …], after [run, …]
//   StepsAdded            step (always), request, steps (core/definition_added.h says their format)
//   ChildParked           task, reason
//   ChildResumed          task, reopened
//   FailureWorkflowStarted  child (id), name, version, status (always), task
//   FailureWorkflowRefused  reason
//   WorkflowReopened      kind (always), actor, reason, anew, generation (1), task,
//                         dropped [run, …], retried [run, …], resumed [run, …], loops [{run,
//                         iteration (1), keep_last, items}, …], timeout_at, input, correlation_id,
//                         asked, child_reopened, definition (id of the pinned form), version
//   StepSkipped           step (always), ref, input, output, actor, reason
//   TaskSkipped           task, output
//   WorkflowQueued        key, running_max
//   WorkflowAdmitted
//   MessageReceived       id, payload, named, actor, reason
//   MessagesTaken         task, count
//   WorkflowUpgraded      definition (id of the pinned form), version, from_definition,
//                         from_version, actor, reason, timeout_at
//   TaskProgressed        task, output, actor, reason
//
// A big payload may stand by name, `"input@":"<name>"` (apart.h).
//
// Texts beyond core::Name of types.h: cause = TASK_FAILED, TASK_TIMED_OUT, TERMINATE_STEP, USER,
// TERMINATED, WORKFLOW_TIMEOUT, PARENT; resolution = RETRY, BY_HAND, SKIPPED, SETTLED_APPLIED,
// SETTLED_NONE; op = ACTION, COMPENSATE, PROBE, EVALUATE; effect = UNSET, NONE, APPLIED, UNKNOWN;
// verdict = NONE, DONE, REPLAYED, NULLED, REJECTED; timeout = NONE, RESPONSE, ATTEMPT, TOTAL, POLL,
// LEASE, CHILD; kind = RESTART, RETRY, RERUN, CHILD.
//
//   [{"type":"TaskScheduled","task":1,"run":1,"step":0,"task_type":"charge_card","ref":"charge",
//     "input":{"cents":100}},{"type":"TaskStarted","task":1,"worker":"w-1","incarnation":"8f…"}]
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/event.h"
#include "engine/core/masked_fields.h"
#include "engine/ports/journal.h"

namespace skald::codec {

// The `events` of the row whose `at` is `events.front().at`. "[]" when there are none.
std::string EncodeEvents(std::span<const core::Event> events);

// Reads what EncodeEvents or EncodeEventsApart wrote; `first_seq`, `at` and `apart` are the row's.
absl::StatusOr<std::vector<core::Event>> DecodeEvents(core::EventSeq first_seq, core::TimeUs at,
                                                      std::string_view text,
                                                      const ports::Payloads& apart = {});

// One event for people and the command line: the object of the format above with "seq" and "at"
// in front. `masked`: in its payloads these are not shown.
std::string EventJson(const core::Event& event, const core::MaskedFields& masked = {});

}  // namespace skald::codec
