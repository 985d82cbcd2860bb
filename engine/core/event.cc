#include "engine/core/event.h"

#include <array>

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
    "MessagesTaken"};

static_assert(!kNames.back().empty(), "every kind of event has a name");

}  // namespace

std::string_view Name(const EventBody& body) { return kNames[body.index()]; }

}  // namespace skald::core
