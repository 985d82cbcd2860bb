#include "engine/codec/enum_names.h"

namespace skald::codec {

using core::FaultCause;
using core::Reopening;
using core::Resolution;
using core::TimerKind;
using core::UndoPhase;

std::string_view TextOf(FaultCause cause) {
  switch (cause) {
    case FaultCause::kTaskFailed:
      return "TASK_FAILED";
    case FaultCause::kTaskTimedOut:
      return "TASK_TIMED_OUT";
    case FaultCause::kTerminateStep:
      return "TERMINATE_STEP";
    case FaultCause::kUser:
      return "USER";
    case FaultCause::kTerminated:
      return "TERMINATED";
    case FaultCause::kWorkflowTimeout:
      return "WORKFLOW_TIMEOUT";
    case FaultCause::kParent:
      return "PARENT";
  }
  return "";
}

std::string_view TextOf(Resolution resolution) {
  switch (resolution) {
    case Resolution::kRetry:
      return "RETRY";
    case Resolution::kByHand:
      return "BY_HAND";
    case Resolution::kSkipped:
      return "SKIPPED";
    case Resolution::kSettledApplied:
      return "SETTLED_APPLIED";
    case Resolution::kSettledNone:
      return "SETTLED_NONE";
  }
  return "";
}

std::string_view TextOf(TimerKind kind) {
  switch (kind) {
    case TimerKind::kTaskAvailable:
      return "TASK_AVAILABLE";
    case TimerKind::kPollTimeout:
      return "POLL_TIMEOUT";
    case TimerKind::kAttemptTimeout:
      return "ATTEMPT_TIMEOUT";
    case TimerKind::kTotalTimeout:
      return "TOTAL_TIMEOUT";
    case TimerKind::kWait:
      return "WAIT";
    case TimerKind::kWorkflowTimeout:
      return "WORKFLOW_TIMEOUT";
    case TimerKind::kSettleTimeout:
      return "SETTLE_TIMEOUT";
    case TimerKind::kCompensationTimeout:
      return "COMPENSATION_TIMEOUT";
  }
  return "";
}

std::string_view TextOf(Reopening kind) {
  switch (kind) {
    case Reopening::kRestart:
      return "RESTART";
    case Reopening::kRetry:
      return "RETRY";
    case Reopening::kRerun:
      return "RERUN";
    case Reopening::kChild:
      return "CHILD";
  }
  return "";
}

std::string_view TextOf(UndoPhase phase) {
  switch (phase) {
    case UndoPhase::kNone:
      return "NONE";
    case UndoPhase::kWaiting:
      return "WAITING";
    case UndoPhase::kRunning:
      return "RUNNING";
    case UndoPhase::kParked:
      return "PARKED";
    case UndoPhase::kDone:
      return "DONE";
    case UndoPhase::kNulled:
      return "NULLED";
    case UndoPhase::kResolved:
      return "RESOLVED";
    case UndoPhase::kSkipped:
      return "SKIPPED";
    case UndoPhase::kNotNeeded:
      return "NOT_NEEDED";
  }
  return "";
}

}  // namespace skald::codec
