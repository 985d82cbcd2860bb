// Conversions between the engine's values and the messages of skald.v1.
//
// Pure functions, thread-safe. Generated types stop here and in the services beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/core/definition.h"
#include "engine/core/limits.h"
#include "engine/core/payload.h"
#include "engine/core/state.h"
#include "engine/grpc/limits.h"
#include "engine/ports/catalog.h"
#include "engine/runtime/engine.h"
#include "skald/v1/worker.pb.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

// "default" for an empty field. INVALID_ARGUMENT: over the bound or with other characters.
absl::StatusOr<std::string> ToNamespace(const std::string& field);

absl::StatusOr<core::WorkflowId> ToWorkflowId(const std::string& field);

// A payload field: checked to be JSON within the payload bounds. `field` names it in the error.
// An empty field gives an empty payload.
absl::StatusOr<core::Payload> ToPayload(const std::string& bytes, absl::string_view field);
// As ToPayload, and an object; other values become {"value": …}.
absl::StatusOr<core::Payload> ToObjectPayload(const std::string& bytes, absl::string_view field);

v1::WorkflowStatus ToProto(core::WorkflowStatus status);
v1::SagaStatus ToProto(core::SagaStatus status);
v1::TaskStatus ToProto(core::TaskStatus status);
v1::Effect ToProto(core::Effect effect);
v1::Operation ToProto(core::Operation operation);
core::WorkflowStatus FromProto(v1::WorkflowStatus status);
core::SagaStatus FromProto(v1::SagaStatus status);
core::Effect FromProto(v1::Effect effect);
// INVALID_ARGUMENT: no such strategy.
absl::StatusOr<core::KeyStrategy> FromProto(v1::IdempotencyStrategy strategy);

void ToProto(const runtime::Assignment& assignment, v1::Assignment& message);
void ToProto(const runtime::Cancel& cancel, v1::CancelRequest& message);
void ToProto(const runtime::Receipt& receipt, v1::ResultReceipt& message);

// INVALID_ARGUMENT: a malformed id, payload or status.
absl::StatusOr<runtime::Result> FromProto(const v1::TaskResult& message);
absl::StatusOr<runtime::TaskKey> FromProto(const v1::TaskReceipt& message);

struct ViewOptions {
  bool without_payloads = false;
  core::TaskNumber tasks_after = 0;
  std::uint32_t task_page_size = kTaskPageMax;  // 1 to kTaskPageMax
};
// Without what the definition's maskedFields name.
void ToProto(const runtime::WorkflowView& view, const ViewOptions& options, v1::Workflow& message);
// `masked`: of the workflow that the event is of.
void ToProto(const core::Event& event, const core::MaskedFields& masked, v1::HistoryEvent& message);
void ToProto(const ports::WorkflowSummary& summary, v1::WorkflowSummary& message);

}  // namespace skald::grpc_edge
