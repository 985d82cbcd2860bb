// DYNAMIC (conductor.md 2.3): the step's input says which task it is.
#include <optional>

#include "absl/strings/str_cat.h"
#include "engine/core/control.h"
#include "engine/core/definition_step_types.h"
#include "engine/core/java_text.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"

namespace skald::core {
namespace {

// As Java's String.valueOf; nullopt for what is absent or null.
std::optional<std::string> NameIn(const Payload& input, std::string_view parameter) {
  const auto value = FindMember(input.text_or_null(), parameter);
  if (!value.has_value() || KindOf(TrimJson(*value)) == JsonKind::kNull) return std::nullopt;
  const std::string_view text = TrimJson(*value);
  return TextForm(text);
}

}  // namespace

absl::StatusOr<StepPlan> PlanDynamic(const Step& maker, const Payload& input) {
  const std::optional<std::string> name = NameIn(input, maker.name_parameter);
  if (!name.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot map a dynamic task based on the parameter and input. Parameter= ",
                     maker.name_parameter, ", input= ", JavaText(input.text_or_null())));
  }
  // A built-in type of that name is meant where there is one, a worker's task otherwise.
  const std::optional<StepType> built_in = StepTypeNamed(*name);
  const bool runs_built_in = built_in.has_value() && *built_in != StepType::kDynamic;
  std::string over = "{\"name\":";
  AppendJsonString(over, *name);
  over.append(",\"type\":");
  AppendJsonString(over, runs_built_in ? *name : "SIMPLE");
  over.push_back('}');
  StepPlan plan;
  plan.tasks = "[" + OverlayMembers(maker.source.text(), over) + "]";
  // A definition that the step brings along needs none to be registered.
  const auto own = FindMember(maker.source.text(), "taskDefinition");
  if (!own.has_value() || KindOf(TrimJson(*own)) == JsonKind::kNull) plan.must_exist = *name;
  return plan;
}

}  // namespace skald::core
