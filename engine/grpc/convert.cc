#include "engine/grpc/convert.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/codec/events_json.h"
#include "engine/core/bound.h"
#include "engine/core/json_check.h"
#include "engine/core/limits.h"
#include "engine/core/loop_output.h"
#include "engine/core/task_domains.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/task_id.h"

namespace skald::grpc_edge {
namespace {

bool IsNamespaceCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::string Cut(const std::string& text, std::size_t bytes_max) {
  return text.size() <= bytes_max ? text : text.substr(0, bytes_max);
}

absl::StatusOr<core::TaskStatus> FromProto(v1::TaskResult::Status status) {
  switch (status) {
    case v1::TaskResult::STATUS_COMPLETED:
      return core::TaskStatus::kCompleted;
    case v1::TaskResult::STATUS_FAILED:
      return core::TaskStatus::kFailed;
    case v1::TaskResult::STATUS_FAILED_TERMINAL:
      return core::TaskStatus::kFailedWithTerminalError;
    case v1::TaskResult::STATUS_CANCELED:
      return core::TaskStatus::kCanceled;
    case v1::TaskResult::STATUS_IN_PROGRESS:
      return core::TaskStatus::kInProgress;
    default:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("status: ", static_cast<int>(status), " is not a status of a result"));
}

core::Verdict FromProto(v1::TaskResult::Verdict verdict) {
  switch (verdict) {
    case v1::TaskResult::VERDICT_DONE:
      return core::Verdict::kDone;
    case v1::TaskResult::VERDICT_REPLAYED:
      return core::Verdict::kReplayed;
    case v1::TaskResult::VERDICT_NULLED:
      return core::Verdict::kNulled;
    case v1::TaskResult::VERDICT_REJECTED:
      return core::Verdict::kRejected;
    default:
      return core::Verdict::kNone;
  }
}

// As core::Task::trace. A part beyond its bound is no trace context: the result counts without it.
std::string ToTrace(const v1::TraceContext& message) {
  if (message.traceparent().size() > core::kTraceBytesMax ||
      message.traceparent().find(' ') != std::string::npos) {
    return "";
  }
  const bool alone = message.traceparent().empty() || message.tracestate().empty() ||
                     message.tracestate().size() > core::kTraceBytesMax;
  return alone ? message.traceparent()
               : absl::StrCat(message.traceparent(), " ", message.tracestate());
}

void SetTrace(const std::string& trace, v1::TraceContext& message) {
  const std::size_t space = std::min(trace.find(' '), trace.size());
  message.set_traceparent(trace.substr(0, space));
  message.set_tracestate(trace.substr(std::min(space + 1, trace.size())));
}

std::string_view UndoName(core::UndoPhase phase) {
  switch (phase) {
    case core::UndoPhase::kNone:
      return "";
    case core::UndoPhase::kWaiting:
      return "WAITING";
    case core::UndoPhase::kRunning:
      return "RUNNING";
    case core::UndoPhase::kParked:
      return "PARKED";
    case core::UndoPhase::kDone:
      return "DONE";
    case core::UndoPhase::kNulled:
      return "NULLED";
    case core::UndoPhase::kResolved:
      return "RESOLVED";
    case core::UndoPhase::kSkipped:
      return "SKIPPED";
    case core::UndoPhase::kNotNeeded:
      return "NOT_NEEDED";
  }
  return "";
}

std::string ReferenceOf(const runtime::WorkflowView& view, const core::Task& task) {
  const core::Step& step = core::StepOf(*view.definition, view.state, task.step);
  if (!view.state.has_run(task.run)) return step.reference;
  return core::RunReference(view.state, view.state.run(task.run), step.reference);
}

// The loop itself stands in one loop less than what it holds.
std::string ParentReferenceOf(const runtime::WorkflowView& view, const core::Task& task,
                              core::StepIndex parent) {
  const core::State& state = view.state;
  const core::Step& step = core::StepOf(*view.definition, state, parent);
  if (!state.has_run(task.run)) return step.reference;
  const core::StepRun& run = state.run(task.run);
  const bool in_parent =
      run.loop != 0 && state.has_run(run.loop) && state.run(run.loop).step == parent;
  return core::RunReference(state, in_parent ? state.run(run.loop) : run, step.reference);
}

void TaskToProto(const core::Task& task, const runtime::WorkflowView& view,
                 const ViewOptions& options, v1::Task& message) {
  const core::State& state = view.state;
  const core::Step& step = core::StepOf(*view.definition, state, task.step);
  message.set_task_id(FormatTaskId(state.id, task.number));
  message.set_reference(ReferenceOf(view, task));
  message.set_task_type(task.task_type.empty() ? step.name : task.task_type);
  message.set_step_type(std::string(core::Name(step.type)));
  if (step.parent != core::kNoStep) {
    message.set_parent_reference(ParentReferenceOf(view, task, step.parent));
  }
  message.set_operation(ToProto(task.operation));
  message.set_status(ToProto(task.status));
  // Of a loop itself: how many it has begun.
  const bool loop = step.type == core::StepType::kDoWhile && state.has_run(task.run);
  message.set_iteration(loop ? core::IterationsBegun(state, state.run(task.run)) : task.iteration);
  message.set_attempt(task.attempt);
  message.set_worker_id(task.worker);
  message.set_scheduled_at_us(task.scheduled_at);
  message.set_available_at_us(task.available_at);
  message.set_started_at_us(task.started_at);
  message.set_ended_at_us(task.ended_at);
  message.set_reason(task.reason);
  message.set_effect(ToProto(task.effect));
  if (!task.child.is_nil()) message.set_child_workflow_id(task.child.ToString());
  message.set_child_parked(task.child_parked);
  message.set_domain(task.domain);
  if (!task.trace.empty()) SetTrace(task.trace, *message.mutable_trace());
  if (!options.without_payloads) {
    const core::MaskedFields& masked = view.definition->masked;
    message.set_input(std::string(masked.Mask(task.input).text()));
    message.set_output(std::string(masked.Mask(task.output).text()));
  }
  if (!state.has_run(task.run)) return;
  const core::StepRun& run = state.run(task.run);
  message.set_generation(run.generation);
  message.set_step_key(core::StepKey(state, run, step.reference));
  message.set_undo(std::string(UndoName(run.undo)));
  message.set_step_run(static_cast<std::int32_t>(run.number));
}

}  // namespace

absl::StatusOr<std::string> ToNamespace(const std::string& field) {
  if (field.empty()) return std::string("default");
  if (field.size() > core::kNamespaceBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "namespace: ", field.size(), " bytes, at most ",
        core::FixedBound("kNamespaceBytesMax", core::kNamespaceBytesMax), " expected"));
  }
  if (!std::all_of(field.begin(), field.end(), IsNamespaceCharacter)) {
    return absl::InvalidArgumentError("namespace: only letters, digits, '_', '-' and '.' expected");
  }
  return field;
}

absl::StatusOr<core::WorkflowId> ToWorkflowId(const std::string& field) {
  auto id = core::WorkflowId::Parse(field);
  if (!id.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("workflow_id: ", Cut(field, 64), ": a UUID expected"));
  }
  return *id;
}

absl::StatusOr<core::Payload> ToPayload(const std::string& bytes, absl::string_view field) {
  if (bytes.empty()) return core::Payload();
  RETURN_IF_ERROR(core::CheckPayload({field.data(), field.size()}, bytes, "kPayloadBytesMax",
                                     kPayloadBytesMax, kLimitsHeader));
  return core::Payload(bytes);
}

absl::StatusOr<core::Payload> ToObjectPayload(const std::string& bytes, absl::string_view field) {
  ASSIGN_OR_RETURN(core::Payload payload, ToPayload(bytes, field));
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (payload.empty() || bytes[first] == '{') return payload;
  return core::Payload(absl::StrCat("{\"value\":", bytes, "}"));
}

v1::WorkflowStatus ToProto(core::WorkflowStatus status) {
  return static_cast<v1::WorkflowStatus>(static_cast<int>(status) + 1);
}
v1::SagaStatus ToProto(core::SagaStatus status) {
  return static_cast<v1::SagaStatus>(static_cast<int>(status) + 1);
}
v1::TaskStatus ToProto(core::TaskStatus status) {
  return static_cast<v1::TaskStatus>(static_cast<int>(status) + 1);
}
v1::Effect ToProto(core::Effect effect) {
  return static_cast<v1::Effect>(static_cast<int>(effect));
}
v1::Operation ToProto(core::Operation operation) {
  return static_cast<v1::Operation>(static_cast<int>(operation) + 1);
}
core::WorkflowStatus FromProto(v1::WorkflowStatus status) {
  return static_cast<core::WorkflowStatus>(std::max(0, static_cast<int>(status) - 1));
}
core::SagaStatus FromProto(v1::SagaStatus status) {
  return static_cast<core::SagaStatus>(std::max(0, static_cast<int>(status) - 1));
}
core::Effect FromProto(v1::Effect effect) {
  return static_cast<core::Effect>(static_cast<int>(effect));
}
absl::StatusOr<core::KeyStrategy> FromProto(v1::IdempotencyStrategy strategy) {
  switch (strategy) {
    case v1::IDEMPOTENCY_STRATEGY_UNSPECIFIED:
    case v1::IDEMPOTENCY_STRATEGY_RETURN_EXISTING:
      return core::KeyStrategy::kReturnExisting;
    case v1::IDEMPOTENCY_STRATEGY_FAIL:
      return core::KeyStrategy::kFail;
    case v1::IDEMPOTENCY_STRATEGY_FAIL_ON_RUNNING:
      return core::KeyStrategy::kFailOnRunning;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("idempotency_strategy: ", static_cast<int>(strategy), " is none"));
  }
}

// The casts above hold because both sides list the same names in the same order.
static_assert(static_cast<int>(core::WorkflowStatus::kTerminated) + 1 ==
              v1::WORKFLOW_STATUS_TERMINATED);
static_assert(static_cast<int>(core::SagaStatus::kFailedClean) + 1 == v1::SAGA_STATUS_FAILED_CLEAN);
static_assert(static_cast<int>(core::TaskStatus::kCanceled) + 1 == v1::TASK_STATUS_CANCELED);
static_assert(static_cast<int>(core::Effect::kUnknown) == v1::EFFECT_UNKNOWN);
static_assert(static_cast<int>(core::Operation::kProbe) + 1 == v1::OPERATION_PROBE);

void ToProto(const runtime::Assignment& assignment, v1::Assignment& message) {
  message.set_task_id(FormatTaskId(assignment.workflow, assignment.task));
  message.set_fence(assignment.fence);
  message.set_namespace_(assignment.name_space);
  message.set_workflow_id(assignment.workflow.ToString());
  message.set_workflow_name(assignment.workflow_name);
  message.set_correlation_id(assignment.correlation_id);
  message.set_task_type(assignment.task_type);
  message.set_reference(assignment.reference);
  message.set_iteration(static_cast<std::uint32_t>(assignment.iteration));
  message.set_attempt(static_cast<std::uint32_t>(assignment.attempt));
  message.set_operation(ToProto(assignment.operation));
  message.set_step_key(assignment.step_key);
  message.set_idempotency_key(assignment.idempotency_key);
  message.set_generation(static_cast<std::uint32_t>(assignment.generation));
  message.set_input(assignment.input.text().data(), assignment.input.size());
  message.set_not_after_us(assignment.not_after);
  message.set_response_timeout_ms(static_cast<std::uint32_t>(std::min<core::DurationUs>(
      assignment.response_timeout_us / core::kMillisecondUs, 0xFFFFFFFF)));
  message.set_priority(assignment.priority);
  message.set_domain(assignment.domain);
  if (!assignment.traceparent.empty()) {
    message.mutable_trace()->set_traceparent(assignment.traceparent);
    message.mutable_trace()->set_tracestate(assignment.tracestate);
  }
  if (assignment.operation == core::Operation::kAction) return;
  v1::UndoDetails& undo = *message.mutable_undo();
  undo.set_original_input(std::string(assignment.original_input.text()));
  undo.set_original_output(std::string(assignment.original_output.text()));
  undo.set_original_effect(ToProto(assignment.original_effect));
  undo.set_reason(assignment.undo_reason);
  undo.set_possible_duplicate(assignment.possible_duplicate);
}

void ToProto(const runtime::Cancel& cancel, v1::CancelRequest& message) {
  message.set_task_id(FormatTaskId(cancel.workflow, cancel.task));
  message.set_fence(cancel.fence);
  message.set_reason(cancel.reason);
  message.set_superseded(cancel.superseded);
}

void ToProto(const runtime::Receipt& receipt, v1::ResultReceipt& message) {
  message.set_task_id(FormatTaskId(receipt.task.workflow, receipt.task.task));
  message.set_fence(receipt.task.fence);
  if (receipt.status.ok()) {
    message.set_outcome(receipt.superseded ? v1::ResultReceipt::OUTCOME_SUPERSEDED
                                           : v1::ResultReceipt::OUTCOME_RECORDED);
    return;
  }
  message.set_error(std::string(receipt.status.message()));
  switch (receipt.status.code()) {
    case absl::StatusCode::kNotFound:
      message.set_outcome(v1::ResultReceipt::OUTCOME_UNKNOWN_TASK);
      break;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      message.set_outcome(v1::ResultReceipt::OUTCOME_RETRY);
      message.set_retry_after_ms(std::max<std::uint32_t>(1, RetryAfterMs(receipt.status)));
      break;
    default:
      message.set_outcome(v1::ResultReceipt::OUTCOME_INVALID);
  }
}

absl::StatusOr<runtime::TaskKey> FromProto(const v1::TaskReceipt& message) {
  ASSIGN_OR_RETURN(const TaskName name, ParseTaskId(message.task_id()));
  return runtime::TaskKey{name.workflow, name.task, message.fence()};
}

absl::StatusOr<runtime::Result> FromProto(const v1::TaskResult& message) {
  ASSIGN_OR_RETURN(const TaskName name, ParseTaskId(message.task_id()));
  runtime::Result result;
  result.task = {name.workflow, name.task, message.fence()};
  result.report.task = name.task;
  result.report.fence = message.fence();
  ASSIGN_OR_RETURN(result.report.status, FromProto(message.status()));
  ASSIGN_OR_RETURN(result.report.output, ToObjectPayload(message.output(), "output"));
  result.report.reason = Cut(message.reason(), core::kReasonBytesMax);
  result.report.effect = FromProto(message.effect());
  result.report.verdict = FromProto(message.verdict());
  result.report.callback_after_us =
      core::DurationUs{message.callback_after_ms()} * core::kMillisecondUs;
  result.report.trace = ToTrace(message.trace());
  return result;
}

void ToProto(const runtime::WorkflowView& view, const ViewOptions& options, v1::Workflow& message) {
  const core::State& state = view.state;
  message.set_workflow_id(state.id.ToString());
  message.set_namespace_(state.start.name_space);
  message.set_name(state.start.name);
  message.set_version(state.start.version);
  message.set_status(ToProto(state.status));
  message.set_saga_status(ToProto(state.saga_status));
  message.set_correlation_id(state.start.correlation_id);
  message.set_idempotency_key(state.start.idempotency_key);
  message.set_priority(state.start.priority);
  for (const auto& [type, domain] : core::DomainEntries(state.start.task_to_domain)) {
    (*message.mutable_task_to_domain())[type] = domain;
  }
  message.set_started_at_us(state.started_at);
  message.set_updated_at_us(state.updated_at);
  message.set_ended_at_us(state.ended_at);
  message.set_reason(state.reason);
  message.set_last_seq(state.seq);
  if (!state.start.parent.is_nil()) {
    message.set_parent_workflow_id(state.start.parent.ToString());
    message.set_parent_task_id(FormatTaskId(state.start.parent, state.start.parent_task));
  }
  message.set_depth(state.start.depth);
  if (!state.failure_workflow.is_nil()) {
    message.set_failure_workflow_id(state.failure_workflow.ToString());
  }
  if (!options.without_payloads) {
    const core::MaskedFields& masked = view.definition->masked;
    message.set_input(std::string(masked.Mask(state.start.input).text()));
    message.set_output(std::string(masked.Mask(state.output).text()));
    message.set_variables(std::string(masked.Mask(state.variables).text()));
  }
  if (!state.start.traceparent.empty()) {
    message.mutable_trace()->set_traceparent(state.start.traceparent);
    message.mutable_trace()->set_tracestate(state.start.tracestate);
  }
  std::map<core::TaskNumber, v1::Task*> listed;
  std::size_t bytes = 0;
  for (auto task = state.tasks.from(options.tasks_after + 1); task != state.tasks.end(); ++task) {
    // The condition of a loop is no step's task.
    if (task->operation == core::Operation::kEvaluate) continue;
    if (listed.size() == options.task_page_size || bytes >= kTaskPageBytesMax) {
      message.set_next_tasks_after(static_cast<std::int32_t>(listed.rbegin()->first));
      break;
    }
    listed[task->number] = message.add_tasks();
    TaskToProto(*task, view, options, *listed[task->number]);
    if (!options.without_payloads) bytes += task->input.size() + task->output.size();
  }
  for (const auto& progress : view.progress) {
    const auto task = listed.find(progress.task);
    if (task == listed.end()) continue;
    task->second->set_progress_percent(progress.percent);
    task->second->set_progress_message(progress.message);
  }
  for (const core::StepRun& run : state.runs) {
    if (run.undo == core::UndoPhase::kSkipped || run.undo == core::UndoPhase::kParked) {
      message.add_unresolved(core::RunReference(
          state, run, core::StepOf(*view.definition, state, run.step).reference));
    }
  }
}

void ToProto(const core::Event& event, const core::MaskedFields& masked,
             v1::HistoryEvent& message) {
  message.set_seq(event.seq);
  message.set_at_us(event.at);
  message.set_name(std::string(core::Name(event.body)));
  message.set_body(codec::EventJson(event, masked));
}

void ToProto(const ports::WorkflowSummary& summary, v1::WorkflowSummary& message) {
  message.set_workflow_id(summary.id.ToString());
  message.set_namespace_(summary.name_space);
  message.set_name(summary.name);
  message.set_version(summary.version);
  message.set_status(ToProto(summary.status));
  message.set_saga_status(ToProto(summary.saga_status));
  message.set_correlation_id(summary.correlation_id);
  message.set_priority(summary.priority);
  message.set_started_at_us(summary.started_at);
  message.set_updated_at_us(summary.updated_at);
  message.set_ended_at_us(summary.ended_at);
  message.set_reason(summary.reason);
  if (!summary.parent.is_nil()) message.set_parent_workflow_id(summary.parent.ToString());
}

}  // namespace skald::grpc_edge
