#include "engine/core/definition.h"

#include <algorithm>

namespace skald::core {

std::string_view Name(StepType type) {
  switch (type) {
    case StepType::kSimple:
      return "SIMPLE";
    case StepType::kDynamic:
      return "DYNAMIC";
    case StepType::kSwitch:
      return "SWITCH";
    case StepType::kForkJoin:
      return "FORK_JOIN";
    case StepType::kForkJoinDynamic:
      return "FORK_JOIN_DYNAMIC";
    case StepType::kExclusiveJoin:
      return "EXCLUSIVE_JOIN";
    case StepType::kJoin:
      return "JOIN";
    case StepType::kSetVariable:
      return "SET_VARIABLE";
    case StepType::kTerminate:
      return "TERMINATE";
    case StepType::kWait:
      return "WAIT";
    case StepType::kInline:
      return "INLINE";
    case StepType::kLambda:
      return "LAMBDA";
    case StepType::kJqTransform:
      return "JSON_JQ_TRANSFORM";
    case StepType::kHttp:
      return "HTTP";
    case StepType::kGrpc:
      return "GRPC";
    case StepType::kNoop:
      return "NOOP";
    case StepType::kHuman:
      return "HUMAN";
    case StepType::kEvent:
      return "EVENT";
    case StepType::kDecision:
      return "DECISION";
    case StepType::kDoWhile:
      return "DO_WHILE";
    case StepType::kSubWorkflow:
      return "SUB_WORKFLOW";
    case StepType::kStartWorkflow:
      return "START_WORKFLOW";
    case StepType::kPullMessages:
      return "PULL_WORKFLOW_MESSAGES";
    case StepType::kUpdateTask:
      return "UPDATE_TASK";
    case StepType::kGetWorkflow:
      return "GET_WORKFLOW";
  }
  return "";
}

StepIndex Definition::Find(std::string_view reference) const {
  const auto found = std::lower_bound(
      by_reference.begin(), by_reference.end(), reference,
      [this](StepIndex step, std::string_view wanted) { return steps[step].reference < wanted; });
  if (found == by_reference.end() || steps[*found].reference != reference) return kNoStep;
  return *found;
}

}  // namespace skald::core
