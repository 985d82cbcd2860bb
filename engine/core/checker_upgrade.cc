// A running workflow goes on with another definition.
#include <utility>

#include "engine/core/checker_model.h"
#include "engine/core/upgrade_map.h"

namespace skald::core::checker {
namespace {

void CheckMoment(const WorkflowUpgraded& upgraded, EventSeq seq, Model& model) {
  if (upgraded.actor.empty()) model.Report("I24", seq, "a person's decision without actor");
  // What is being undone is undone as was promised (saga.md E11).
  if (model.fault_seq != 0) model.Report("E11", seq, "the definition changed while undoing");
}

// False: what the workflow has come to has no place in the new definition.
bool Renumber(const Definition& to, Model& model) {
  const StepMap map(model.definition(), to);
  for (const RunRecord& run : model.runs) {
    if (!run.gone && map.To(run.step) == kNoStep) return false;
  }
  absl::StatusOr<AddedSteps> added = MapAdded(map, to, model.added);
  if (!added.ok()) return false;
  model.added = *std::move(added);
  for (RunRecord& run : model.runs) run.step = map.To(run.step);
  model.latest = MapLatest(map, model.latest);
  model.set_definition(to);
  return true;
}

}  // namespace

void FoldUpgraded(const WorkflowUpgraded& upgraded, EventSeq seq, Model& model) {
  CheckMoment(upgraded, seq, model);
  KeepCauses(model);
  if (upgraded.definition == nullptr) {
    model.Report("I19", seq, "the definition that it names is not at hand");
  } else if (!Renumber(*upgraded.definition, model)) {
    model.Report("I19", seq, "what was done has no place in the definition");
  } else {
    return;
  }
  model.unreadable = true;
}

}  // namespace skald::core::checker
