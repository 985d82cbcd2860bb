// SWITCH and DECISION (conductor.md 2.8): the value of an input entry, or of a script, which a
// runner evaluates, chooses a case. Its first step follows, or what follows the step itself when
// the case is empty.
#include <optional>

#include "absl/strings/str_cat.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// As Java's `"" + value`: strings as they are, everything else as its JSON.
std::string TextOf(std::string_view value) {
  const std::string_view text = TrimJson(value);
  if (text.empty()) return "null";
  return TextForm(text);
}

// A DECISION takes the default case also for an empty one; a SWITCH only when there is none.
const Branch* BranchFor(const Step& step, const std::string& value) {
  const Branch* otherwise = step.otherwise.has_value() ? &*step.otherwise : nullptr;
  const Branch* found = nullptr;
  for (const Branch& branch : step.branches) {
    if (branch.key == value) found = &branch;
  }
  const bool falls_back =
      found == nullptr || (step.type == StepType::kDecision && found->steps.empty());
  const Branch* chosen = falls_back ? otherwise : found;
  return chosen == nullptr || chosen->steps.empty() ? nullptr : chosen;
}

// The input of a DECISION is its case alone.
Payload InputWithCase(const Step& step, const Payload& input, const std::string& value) {
  std::string members = "{\"case\":";
  AppendJsonString(members, value);
  members.append(BranchFor(step, value) != nullptr ? ",\"hasChildren\":\"true\"}" : "}");
  if (step.type == StepType::kDecision) return Payload(std::move(members));
  return Payload(OverlayMembers(input.text(), members));
}

Payload OutputOf(const Step& step, const std::string& value) {
  std::string quoted;
  AppendJsonString(quoted, value);
  if (step.type == StepType::kDecision) {
    return Payload(absl::StrCat("{\"caseOutput\":[", quoted, "]}"));
  }
  return Payload(
      absl::StrCat("{\"evaluationResult\":[", quoted, "],\"selectedCase\":", quoted, "}"));
}

}  // namespace

std::string_view ScriptResult(const Payload& output) {
  return FindMember(TrimJson(output.text()), "result").value_or("null");
}

TaskCompleted ChoiceMade(const Step& step, TaskNumber task, const Payload& input,
                         std::string_view value) {
  const std::string text = TextOf(value);
  return {.task = task, .output = OutputOf(step, text), .input = InputWithCase(step, input, text)};
}

const Branch* ChosenBranch(const Step& step, const Payload& output) {
  if (step.type == StepType::kSwitch) {
    return BranchFor(step,
                     TextOf(FindMember(TrimJson(output.text()), "selectedCase").value_or("null")));
  }
  const auto values = FindMember(TrimJson(output.text()), "caseOutput");
  const bool list = values.has_value() && KindOf(*values) == JsonKind::kArray;
  return BranchFor(step, TextOf((list ? FindElement(*values, 0) : std::nullopt).value_or("null")));
}

void CarryOutChoice(const Step& step, TaskScheduled task, Draft& draft) {
  if (!step.runner.empty()) return CarryOutQueued(step, std::move(task), draft);
  const std::string value =
      TextOf(FindMember(task.input.text(), step.switch_parameter).value_or("null"));
  task.input = InputWithCase(step, task.input, value);
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  CompleteTask(number, OutputOf(step, value), draft);
  // A JOIN may name the step: it waits for the choice, not for the case.
  AdvanceNow(run, draft);
}

}  // namespace skald::core
