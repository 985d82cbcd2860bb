#include "engine/core/checker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/core/checker_model.h"
#include "engine/core/construct.h"

namespace skald::core {
namespace checker {

void Model::Report(std::string invariant, EventSeq seq, std::string message) {
  if (violations.size() >= kViolationsMax) return;
  violations.push_back({std::move(invariant), seq, std::move(message)});
}

Effect OutcomeOfAttempts(const RunRecord& run) {
  if (run.applied > 0) return Effect::kApplied;
  return run.unknown > 0 ? Effect::kUnknown : Effect::kNone;
}

Effect OutcomeOf(const RunRecord& run) {
  if (run.settled_seq != 0) return run.settled;
  return run.completed_seq != 0 ? Effect::kApplied : Effect::kUnset;
}

namespace {

// A loop that completed and has an undo of its own is undone as one (saga.md 2.8).
bool UndoneWithItsLoop(const Model& model, const RunRecord& run) {
  for (RunNumber number = run.loop; number != 0; number = model.runs[number - 1].loop) {
    const RunRecord& loop = model.runs[number - 1];
    if (loop.completed_seq != 0 && model.StepOf(loop).saga.undo.has_value()) return true;
  }
  return false;
}

}  // namespace

bool NeedsUndo(const Model& model, const RunRecord& run) {
  const Step& step = model.StepOf(run);
  if (UndoneWithItsLoop(model, run)) return false;
  const Effect outcome = OutcomeOf(run);
  if (outcome == Effect::kUnset) return false;
  if (outcome == Effect::kNone) {
    return step.saga.undo.has_value() && step.saga.compensate_on_failure && run.dispatched_seq != 0;
  }
  if (step.saga.undo.has_value()) return true;
  return MustDeclare(step.type) && step.saga.kind == StepKind::kUndeclared &&
         model.definition().saga.undeclared == UndeclaredPolicy::kPark;
}

}  // namespace checker

std::vector<Violation> CheckHistory(const Definition& definition,
                                    const std::vector<Event>& events) {
  checker::Model model(definition);
  EventSeq expected = 1;
  for (const Event& event : events) {
    if (event.seq != expected) {
      model.Report("I19", event.seq, "expected seq " + std::to_string(expected));
      return std::move(model.violations);
    }
    ++expected;
    checker::Fold(event, model);
    if (model.unreadable) return std::move(model.violations);
  }
  checker::CheckOrder(model);
  checker::CheckEnd(model);
  return std::move(model.violations);
}

}  // namespace skald::core
