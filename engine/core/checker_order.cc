// Order of the undo (saga.md I6, I7, O3), over the causal order as the checker sees it.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/checker_model.h"

namespace skald::core::checker {
namespace {

// What the causal successors of a run, near and far, have to be past before it may be undone.
struct Bound {
  EventSeq undone = 0;   // the last of their undos
  EventSeq settled = 0;  // the last of their settlements
};

EventSeq UndoneAt(const Model& model, const RunRecord& run) {
  if (!NeedsUndo(model, run)) return 0;
  return run.undo_finished_seq == 0 ? kNever : run.undo_finished_seq;
}

// 0 for runs that were not in flight at the fault.
EventSeq SettledAt(const Model& model, const RunRecord& run) {
  if (run.completed_seq != 0 && run.completed_seq < model.fault_seq) return 0;
  return run.settled_seq == 0 ? kNever : run.settled_seq;
}

std::vector<Bound> BoundsOf(const Model& model) {
  const std::vector<std::vector<RunNumber>> before = CausalPredecessors(model);
  std::vector<std::uint32_t> successors(model.runs.size(), 0);
  for (const std::vector<RunNumber>& runs : before) {
    for (const RunNumber run : runs) ++successors[run - 1];
  }
  std::vector<RunNumber> ready;
  for (const RunRecord& run : model.runs) {
    if (run.gone) continue;
    if (successors[run.number - 1] == 0) ready.push_back(run.number);
  }
  std::vector<Bound> bounds(model.runs.size());
  while (!ready.empty()) {
    const RunRecord& run = model.runs[ready.back() - 1];
    ready.pop_back();
    const Bound& own = bounds[run.number - 1];
    const EventSeq undone = std::max(own.undone, UndoneAt(model, run));
    const EventSeq settled = std::max(own.settled, SettledAt(model, run));
    for (const RunNumber number : before[run.number - 1]) {
      Bound& bound = bounds[number - 1];
      bound.undone = std::max(bound.undone, undone);
      bound.settled = std::max(bound.settled, settled);
      if (--successors[number - 1] == 0) ready.push_back(number);
    }
  }
  return bounds;
}

void CheckStrictReverse(Model& model) {
  std::vector<std::pair<EventSeq, const RunRecord*>> undone;
  for (const RunRecord& run : model.runs) {
    if (run.gone) continue;
    const EventSeq ended = run.closed_seq != 0 ? run.closed_seq : run.settled_seq;
    if (run.undo_scheduled_seq != 0) undone.emplace_back(ended, &run);
  }
  std::sort(undone.begin(), undone.end());
  for (std::size_t i = 1; i < undone.size(); ++i) {
    const RunRecord& later = *undone[i].second;
    const RunRecord& earlier = *undone[i - 1].second;
    if (later.undo_finished_seq != 0 && later.undo_finished_seq < earlier.undo_scheduled_seq) {
      continue;
    }
    model.Report("O3", earlier.undo_scheduled_seq,
                 "undo of " + model.StepOf(earlier).reference + " before that of " +
                     model.StepOf(later).reference + " was finished");
  }
}

}  // namespace

void CheckOrder(Model& model) {
  if (model.fault_seq == 0) return;
  const WorkflowSaga& saga = model.definition().saga;
  const bool ordered = saga.order != UndoOrder::kParallel;
  const bool gated = saga.order != UndoOrder::kCausal || saga.siblings != SiblingPolicy::kInterrupt;
  EventSeq all_settled = 0;
  for (const RunRecord& run : model.runs) {
    if (run.gone) continue;
    all_settled = std::max(all_settled, SettledAt(model, run));
  }
  const std::vector<Bound> bounds = BoundsOf(model);
  for (const RunRecord& run : model.runs) {
    if (run.gone) continue;
    const EventSeq scheduled = run.undo_scheduled_seq;
    if (scheduled == 0) continue;
    const std::string& reference = model.StepOf(run).reference;
    const Bound& bound = bounds[run.number - 1];
    if (ordered && bound.undone > scheduled) {
      model.Report("I6", scheduled, "undo of " + reference + " before what followed it was undone");
    }
    if (bound.settled > scheduled || SettledAt(model, run) > scheduled) {
      model.Report("I7", scheduled,
                   "undo of " + reference + " before it and what followed it was settled");
    }
    if (gated && all_settled > scheduled) {
      model.Report("I7", scheduled, "undo of " + reference + " before every run was settled");
    }
  }
  if (saga.order == UndoOrder::kStrictReverse) CheckStrictReverse(model);
}

}  // namespace skald::core::checker
