#include "engine/core/types.h"

namespace skald::core {

std::string_view Name(WorkflowStatus status) {
  switch (status) {
    case WorkflowStatus::kRunning:
      return "RUNNING";
    case WorkflowStatus::kPaused:
      return "PAUSED";
    case WorkflowStatus::kCompleted:
      return "COMPLETED";
    case WorkflowStatus::kFailed:
      return "FAILED";
    case WorkflowStatus::kTimedOut:
      return "TIMED_OUT";
    case WorkflowStatus::kTerminated:
      return "TERMINATED";
  }
  return "";
}

std::string_view Name(SagaStatus status) {
  switch (status) {
    case SagaStatus::kNone:
      return "NONE";
    case SagaStatus::kActive:
      return "ACTIVE";
    case SagaStatus::kCommittedForward:
      return "COMMITTED_FORWARD";
    case SagaStatus::kRollingBack:
      return "ROLLING_BACK";
    case SagaStatus::kCompensating:
      return "COMPENSATING";
    case SagaStatus::kParked:
      return "PARKED";
    case SagaStatus::kCompensated:
      return "COMPENSATED";
    case SagaStatus::kPartiallyCompensated:
      return "PARTIALLY_COMPENSATED";
    case SagaStatus::kAbandoned:
      return "ABANDONED";
    case SagaStatus::kCompleted:
      return "COMPLETED";
    case SagaStatus::kFailedClean:
      return "FAILED_CLEAN";
  }
  return "";
}

std::string_view Name(TaskStatus status) {
  switch (status) {
    case TaskStatus::kScheduled:
      return "SCHEDULED";
    case TaskStatus::kInProgress:
      return "IN_PROGRESS";
    case TaskStatus::kCompleted:
      return "COMPLETED";
    case TaskStatus::kCompletedWithErrors:
      return "COMPLETED_WITH_ERRORS";
    case TaskStatus::kSkipped:
      return "SKIPPED";
    case TaskStatus::kFailed:
      return "FAILED";
    case TaskStatus::kFailedWithTerminalError:
      return "FAILED_WITH_TERMINAL_ERROR";
    case TaskStatus::kTimedOut:
      return "TIMED_OUT";
    case TaskStatus::kCanceled:
      return "CANCELED";
  }
  return "";
}

std::string_view Name(Effect effect) {
  switch (effect) {
    case Effect::kUnset:
      return "UNSET";
    case Effect::kNone:
      return "NONE";
    case Effect::kApplied:
      return "APPLIED";
    case Effect::kUnknown:
      return "UNKNOWN";
  }
  return "";
}

std::string_view Name(Operation operation) {
  switch (operation) {
    case Operation::kAction:
      return "ACTION";
    case Operation::kCompensate:
      return "COMPENSATE";
    case Operation::kProbe:
      return "PROBE";
    case Operation::kEvaluate:
      return "EVALUATE";
  }
  return "";
}

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
      return "NONE";
    case Verdict::kDone:
      return "DONE";
    case Verdict::kReplayed:
      return "REPLAYED";
    case Verdict::kNulled:
      return "NULLED";
    case Verdict::kRejected:
      return "REJECTED";
  }
  return "";
}

std::string_view Name(KeyStrategy strategy) {
  switch (strategy) {
    case KeyStrategy::kReturnExisting:
      return "RETURN_EXISTING";
    case KeyStrategy::kFail:
      return "FAIL";
    case KeyStrategy::kFailOnRunning:
      return "FAIL_ON_RUNNING";
  }
  return "";
}

std::optional<KeyStrategy> KeyStrategyNamed(std::string_view name) {
  for (const KeyStrategy strategy :
       {KeyStrategy::kReturnExisting, KeyStrategy::kFail, KeyStrategy::kFailOnRunning}) {
    if (Name(strategy) == name) return strategy;
  }
  return std::nullopt;
}

std::string_view Name(Timeout timeout) {
  switch (timeout) {
    case Timeout::kNone:
      return "NONE";
    case Timeout::kResponse:
      return "RESPONSE";
    case Timeout::kAttempt:
      return "ATTEMPT";
    case Timeout::kTotal:
      return "TOTAL";
    case Timeout::kPoll:
      return "POLL";
    case Timeout::kLease:
      return "LEASE";
    case Timeout::kChild:
      return "CHILD";
  }
  return "";
}

}  // namespace skald::core
