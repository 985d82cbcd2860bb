#include "engine/core/definition.h"

namespace skald::core {

std::string_view Name(StepType type) {
  switch (type) {
    case StepType::kSimple: return "SIMPLE";
    case StepType::kSwitch: return "SWITCH";
    case StepType::kForkJoin: return "FORK_JOIN";
    case StepType::kJoin: return "JOIN";
    case StepType::kSetVariable: return "SET_VARIABLE";
    case StepType::kTerminate: return "TERMINATE";
    case StepType::kWait: return "WAIT";
  }
  return "";
}

// Linear: used at registration and by people's verbs, never per event.
StepIndex Definition::Find(std::string_view reference) const {
  for (const Step& step : steps) {
    if (step.reference == reference) return step.index;
  }
  return kNoStep;
}

}  // namespace skald::core
