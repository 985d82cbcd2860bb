// UpgradeDiff: in what two definitions of one name differ, as their authors wrote them.
//
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/definition.h"

namespace skald::core {

enum class StepChange : std::uint8_t { kAdded, kRemoved, kChanged };

struct StepDifference {
  StepChange change = StepChange::kChanged;
  std::string reference;
  StepType type = StepType::kSimple;  // of the newer one, if it is there
  // kChanged: members of the step's JSON that differ, sorted; "position" when it stands elsewhere,
  // "taskDefinition" also when the registered one that it uses differs.
  std::vector<std::string> fields;
  friend bool operator==(const StepDifference&, const StepDifference&) = default;
};

struct DefinitionDifferences {
  std::vector<std::string> fields;    // of the workflow itself, sorted; without `tasks`
  std::vector<StepDifference> steps;  // removed ones first, then in the newer one's order
};

DefinitionDifferences DifferencesOf(const Definition& from, const Definition& to);

}  // namespace skald::core
