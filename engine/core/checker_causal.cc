// The causal order of the runs (saga.md 2.7), from the definition and the history alone.
#include <algorithm>
#include <vector>

#include "engine/core/checker_model.h"
#include "engine/core/construct.h"

namespace skald::core::checker {
namespace {

// The last step of the case that a switch took; kNoStep when it took none, or an empty one.
StepIndex LastOfChosenCase(const Model& model, const Step& choice) {
  const auto last_run = [&](const Branch& branch) {
    if (branch.steps.empty() || model.Latest(branch.steps.front()) == 0) return kNoStep;
    return branch.steps.back();
  };
  for (const Branch& branch : choice.branches) {
    if (const StepIndex last = last_run(branch); last != kNoStep) return last;
  }
  return choice.otherwise.has_value() ? last_run(*choice.otherwise) : kNoStep;
}

// The run whose end lets the step after `step` begin.
RunNumber TailOf(const Model& model, StepIndex step) {
  while (IsChoice(model.StepAt(step).type)) {
    const StepIndex last = LastOfChosenCase(model, model.StepAt(step));
    if (last == kNoStep) break;
    step = last;
  }
  return model.Latest(step);
}

void Add(RunNumber run, std::vector<RunNumber>& runs) {
  if (run == 0 || std::find(runs.begin(), runs.end(), run) != runs.end()) return;
  runs.push_back(run);
}

// The one that an EXCLUSIVE_JOIN took: the first there is, when it had ended; 0 = none.
RunNumber ChosenOf(const Model& model, const std::vector<StepIndex>& steps, EventSeq before) {
  for (const StepIndex step : steps) {
    const RunNumber run = model.Latest(step);
    if (run == 0) continue;
    const EventSeq ended = model.runs[run - 1].closed_seq;
    return ended != 0 && ended < before ? run : 0;
  }
  return 0;
}

// What a JOIN that has been passed waited for.
void AddJoined(const Model& model, const Step& step, const RunRecord& run,
               std::vector<RunNumber>& before) {
  if (step.type == StepType::kExclusiveJoin) {
    const RunNumber chosen = ChosenOf(model, step.join_on, run.closed_seq);
    Add(chosen != 0 ? chosen : ChosenOf(model, step.join_default, run.closed_seq), before);
    return;
  }
  if (step.type != StepType::kJoin) return;
  if (step.joins_fork == kNoStep) {
    for (const StepIndex joined : step.join_on) Add(model.Latest(joined), before);
    return;
  }
  const StepList* made = model.added.NewestOf(step.joins_fork);
  if (made == nullptr) return;
  for (const StepIndex head : made->heads) Add(TailOf(model, head), before);
}

// The steps that the input reads, those made at run time too.
std::vector<StepIndex> ReadsOf(const Model& model, const Step& step) {
  std::vector<StepIndex> reads = step.reads;
  if (model.added.empty()) return reads;
  for (const std::string& root : step.input.roots()) {
    const StepIndex made = model.added.Find(root);
    if (made != kNoStep) reads.push_back(made);
  }
  return reads;
}

}  // namespace

std::vector<std::vector<RunNumber>> CausalPredecessors(const Model& model) {
  const Definition& definition = model.definition;
  std::vector<StepIndex> previous(definition.steps.size() + model.added.count(), kNoStep);
  const auto chain = [&previous](const std::vector<StepIndex>& list) {
    for (std::size_t i = 1; i < list.size(); ++i) previous[list[i]] = list[i - 1];
  };
  chain(definition.roots);
  const auto chain_in = [&chain](const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      for (const Branch& branch : step.branches) chain(branch.steps);
      if (step.otherwise.has_value()) chain(step.otherwise->steps);
    }
  };
  chain_in(definition.steps);
  for (const auto& list : model.added.lists()) chain_in(list->steps);

  std::vector<std::vector<RunNumber>> result(model.runs.size());
  for (const RunRecord& run : model.runs) {
    const Step& step = model.StepOf(run);
    std::vector<RunNumber>& before = result[run.number - 1];
    const StepIndex place = step.instead_of == kNoStep ? step.index : step.instead_of;
    if (previous[place] != kNoStep) {
      Add(TailOf(model, previous[place]), before);
    } else if (step.parent != kNoStep) {
      Add(model.Latest(step.parent), before);
    }
    if (run.closed_seq != 0) AddJoined(model, step, run, before);
    for (const StepIndex read : ReadsOf(model, step)) {
      const RunNumber source = model.Latest(read);
      if (source == 0 || source == run.number) continue;
      const EventSeq ended = model.runs[source - 1].closed_seq;
      if (ended != 0 && ended < run.scheduled_seq) Add(source, before);
    }
  }
  return result;
}

}  // namespace skald::core::checker
