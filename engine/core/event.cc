#include "engine/core/event.h"

#include <array>
#include <utility>

namespace skald::core {
namespace {

// In the order of EventBody's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<EventBody>> kNames = {
    "WorkflowStarted",
    "WorkflowPaused",
    "WorkflowResumed",
    "WorkflowTimeoutAlerted",
    "SignalReceived",
    "VariablesSet",
    "WorkflowEnded",
    "TaskScheduled",
    "TaskReleased",
    "TaskStarted",
    "TaskRequeued",
    "TaskCompleted",
    "TaskFailed",
    "TaskTimedOut",
    "TaskCancelRequested",
    "TaskCanceled",
    "TaskFailureAccepted",
    "LateResult",
    "SagaFaulted",
    "FaultPended",
    "FaultRefused",
    "PivotPassed",
    "StepSettled",
    "UndoParked",
    "UndoResolved",
    "SagaParked",
    "SagaResumed",
    "PolicyOverridden",
    "OrphanEffect",
    "StepsRequested",
    "StepsAdded",
    "TaskHandedOver",
    "TaskUpdated",
    "IterationStarted",
    "ChildParked",
    "ChildResumed",
    "FailureWorkflowStarted",
    "FailureWorkflowRefused",
    "WorkflowReopened",
    "StepSkipped",
    "TaskSkipped",
    "WorkflowQueued",
    "WorkflowAdmitted",
    "MessageReceived",
    "MessagesTaken",
    "WorkflowUpgraded",
    "TaskProgressed"};

static_assert(!kNames.back().empty(), "every kind of event has a name");

}  // namespace

std::string_view Name(const EventBody& body) { return kNames[body.index()]; }

std::int64_t NextDefinitionId(const EventBody& body) {
  if (const auto* upgraded = std::get_if<WorkflowUpgraded>(&body)) return upgraded->definition_id;
  const auto* reopened = std::get_if<WorkflowReopened>(&body);
  return reopened == nullptr ? 0 : reopened->definition_id;
}

std::shared_ptr<const Definition> NextDefinition(const EventBody& body) {
  if (const auto* upgraded = std::get_if<WorkflowUpgraded>(&body)) return upgraded->definition;
  const auto* reopened = std::get_if<WorkflowReopened>(&body);
  return reopened == nullptr ? nullptr : reopened->definition;
}

void SetDefinition(EventBody& body, std::shared_ptr<const Definition> definition) {
  if (auto* upgraded = std::get_if<WorkflowUpgraded>(&body)) {
    upgraded->definition = std::move(definition);
  } else {
    std::get<WorkflowReopened>(body).definition = std::move(definition);
  }
}

}  // namespace skald::core
