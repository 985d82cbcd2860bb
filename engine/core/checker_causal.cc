// The causal order of the runs (saga.md 2.7), from the definition and the history alone.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "engine/core/checker_model.h"
#include "engine/core/construct.h"

namespace skald::core::checker {
namespace {

void Add(RunNumber run, std::vector<RunNumber>& runs) {
  if (run == 0 || std::find(runs.begin(), runs.end(), run) != runs.end()) return;
  runs.push_back(run);
}

class Causes {
 public:
  explicit Causes(const Model& model) : model_(model) {
    const std::size_t steps = model.definition().steps.size() + model.added.count();
    previous_.assign(steps, kNoStep);
    runs_of_.resize(steps);
    Chain(model.definition().roots);
    ChainIn(model.definition().steps);
    for (const auto& list : model.added.lists()) ChainIn(list->steps);
    for (const RunRecord& run : model.runs) {
      if (run.gone) continue;
      runs_of_[run.step].push_back(run.number);
      const StepIndex instead_of = model.StepOf(run).instead_of;
      if (instead_of != kNoStep) runs_of_[instead_of].push_back(run.number);
      if (run.loop != 0) in_loop_[run.loop].push_back(run.number);
    }
  }

  // What had to end before the run did, or could begin.
  std::vector<RunNumber> Of(const RunRecord& run) const {
    std::vector<RunNumber> before = BeforeBegin(run);
    if (run.closed_seq == 0) return before;
    for (const RunNumber number : BeforeEnd(run)) Add(number, before);
    return before;
  }

  // The two parts of that.
  std::vector<RunNumber> BeforeBegin(const RunRecord& run) const {
    return run.began_after.has_value() ? Kept(*run.began_after) : FindBeforeBegin(run);
  }
  // REQUIRES: the run is closed.
  std::vector<RunNumber> BeforeEnd(const RunRecord& run) const {
    if (run.ended_after.has_value()) return Kept(*run.ended_after);
    std::vector<RunNumber> before;
    const Step& step = model_.StepOf(run);
    AddJoined(step, run, before);
    const auto inside = in_loop_.find(run.number);
    if (step.type == StepType::kDoWhile && inside != in_loop_.end()) {
      AddIteration(run.number, model_.runs[inside->second.back() - 1].iteration, before);
    }
    return before;
  }

 private:
  void Chain(const std::vector<StepIndex>& list) {
    for (std::size_t i = 1; i < list.size(); ++i) previous_[list[i]] = list[i - 1];
  }
  void ChainIn(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      for (const Branch& branch : step.branches) Chain(branch.steps);
      if (step.otherwise.has_value()) Chain(step.otherwise->steps);
    }
  }

  const RunRecord& Run(RunNumber number) const { return model_.runs[number - 1]; }

  // Those that have not been taken back since.
  std::vector<RunNumber> Kept(std::vector<RunNumber> runs) const {
    std::erase_if(runs, [this](RunNumber run) { return Run(run).gone; });
    return runs;
  }

  std::vector<RunNumber> FindBeforeBegin(const RunRecord& run) const {
    std::vector<RunNumber> before;
    const Step& step = model_.StepOf(run);
    const StepIndex place = step.instead_of == kNoStep ? step.index : step.instead_of;
    if (previous_[place] != kNoStep) {
      Add(TailOf(previous_[place], run), before);
    } else if (step.parent != kNoStep && model_.StepAt(step.parent).type == StepType::kDoWhile) {
      AddBeforeIteration(run, before);
    } else if (step.parent != kNoStep) {
      Add(Near(step.parent, run), before);
    }
    for (const StepIndex read : ReadsOf(step)) {
      const RunNumber source = NewestBefore(read, run.number);
      if (source == 0) continue;
      const EventSeq ended = Run(source).closed_seq;
      if (ended != 0 && ended < run.scheduled_seq) Add(source, before);
    }
    return before;
  }

  // An iteration follows the one before it; the first one what the loop follows.
  void AddBeforeIteration(const RunRecord& head, std::vector<RunNumber>& before) const {
    if (head.iteration > 1) return AddIteration(head.loop, head.iteration - 1, before);
    for (const RunNumber run : BeforeBegin(Run(head.loop))) Add(run, before);
  }

  void AddIteration(RunNumber loop, std::int32_t iteration, std::vector<RunNumber>& before) const {
    const auto inside = in_loop_.find(loop);
    if (inside == in_loop_.end()) return;
    auto at = std::lower_bound(
        inside->second.begin(), inside->second.end(), iteration,
        [this](RunNumber run, std::int32_t wanted) { return Run(run).iteration < wanted; });
    for (; at != inside->second.end() && Run(*at).iteration == iteration; ++at) Add(*at, before);
  }

  RunNumber NewestBefore(StepIndex step, RunNumber number) const {
    const std::vector<RunNumber>& runs = runs_of_[step];
    const auto at = std::lower_bound(runs.begin(), runs.end(), number);
    return at == runs.begin() ? 0 : *std::prev(at);
  }

  // The run of the step that `near` has to do with: of the same iteration where both stand in one
  // loop, else the newest.
  RunNumber Near(StepIndex step, const RunRecord& near) const {
    const std::vector<RunNumber>& runs = runs_of_[step];
    const StepIndex loop =
        LoopAround(step, [this](StepIndex at) -> const Step& { return model_.StepAt(at); });
    const RunRecord* at = &near;
    while (loop != kNoStep && at->loop != 0 && Run(at->loop).step != loop) at = &Run(at->loop);
    if (loop == kNoStep || at->loop == 0) return runs.empty() ? 0 : runs.back();
    // Runs of a step come in the order of the loop's runs, and of the iterations within.
    const std::pair wanted(at->loop, at->iteration);
    const auto of = [this](RunNumber run) { return std::pair(Run(run).loop, Run(run).iteration); };
    const auto found = std::lower_bound(runs.begin(), runs.end(), wanted,
                                        [&](RunNumber run, auto key) { return of(run) < key; });
    return found == runs.end() || of(*found) != wanted ? 0 : *found;
  }

  // The one that an EXCLUSIVE_JOIN took: the first there is, when it had ended; 0 = none.
  RunNumber ChosenOf(const std::vector<StepIndex>& steps, const RunRecord& join) const {
    for (const StepIndex step : steps) {
      const RunNumber run = Near(step, join);
      if (run == 0) continue;
      const EventSeq ended = Run(run).closed_seq;
      return ended != 0 && ended < join.closed_seq ? run : 0;
    }
    return 0;
  }

  // What a JOIN that has been passed waited for.
  void AddJoined(const Step& step, const RunRecord& join, std::vector<RunNumber>& before) const {
    if (step.type == StepType::kExclusiveJoin) {
      const RunNumber chosen = ChosenOf(step.join_on, join);
      return Add(chosen != 0 ? chosen : ChosenOf(step.join_default, join), before);
    }
    if (step.type != StepType::kJoin) return;
    if (step.joins_fork == kNoStep) {
      for (const StepIndex joined : step.join_on) Add(Near(joined, join), before);
      return;
    }
    // The branches that the fork of the same iteration made.
    const RunNumber fork = Near(step.joins_fork, join);
    const StepList* made = fork == 0 ? nullptr : ListMadeFor(Run(fork));
    if (made == nullptr) return;
    for (const StepIndex head : made->heads) Add(TailOf(head, join), before);
  }

  // A dynamic fork makes a list for each of its runs, in their order.
  const StepList* ListMadeFor(const RunRecord& fork) const {
    const std::vector<RunNumber>& runs = runs_of_[fork.step];
    auto nth = std::lower_bound(runs.begin(), runs.end(), fork.number) - runs.begin();
    for (const auto& list : model_.added.lists()) {
      if (list->maker == fork.step && nth-- == 0) return list.get();
    }
    return nullptr;
  }

  // The steps that the input reads, those made at run time too.
  std::vector<StepIndex> ReadsOf(const Step& step) const {
    std::vector<StepIndex> reads = step.reads;
    if (model_.added.empty()) return reads;
    for (const std::string& root : step.input.roots()) {
      const StepIndex made = model_.added.Find(root);
      if (made != kNoStep) reads.push_back(made);
    }
    return reads;
  }

  // The last step of the case that the choice took; kNoStep when it took none, or an empty one.
  StepIndex LastOfChosenCase(const Step& choice, const RunRecord& near) const {
    const auto last_run = [&](const Branch& branch) {
      if (branch.steps.empty() || Near(branch.steps.front(), near) == 0) return kNoStep;
      return branch.steps.back();
    };
    for (const Branch& branch : choice.branches) {
      if (const StepIndex last = last_run(branch); last != kNoStep) return last;
    }
    return choice.otherwise.has_value() ? last_run(*choice.otherwise) : kNoStep;
  }

  // The run whose end lets the step after `step` begin.
  RunNumber TailOf(StepIndex step, const RunRecord& near) const {
    while (IsChoice(model_.StepAt(step).type)) {
      const StepIndex last = LastOfChosenCase(model_.StepAt(step), near);
      if (last == kNoStep) break;
      step = last;
    }
    return Near(step, near);
  }

  const Model& model_;
  std::vector<StepIndex> previous_;                      // by step: the one before it in its list
  std::vector<std::vector<RunNumber>> runs_of_;          // by step
  std::map<RunNumber, std::vector<RunNumber>> in_loop_;  // by loop run: its runs, ascending
};

}  // namespace

std::vector<std::vector<RunNumber>> CausalPredecessors(const Model& model) {
  const Causes causes(model);
  std::vector<std::vector<RunNumber>> result;
  result.reserve(model.runs.size());
  for (const RunRecord& run : model.runs) {
    result.push_back(run.gone ? std::vector<RunNumber>() : causes.Of(run));
  }
  return result;
}

void KeepCauses(Model& model) {
  const Causes causes(model);
  std::vector<RunRecord> runs = model.runs;
  for (RunRecord& run : runs) {
    if (run.gone) continue;
    run.began_after = causes.BeforeBegin(run);
    if (run.closed_seq != 0) run.ended_after = causes.BeforeEnd(run);
  }
  model.runs = std::move(runs);
}

}  // namespace skald::core::checker
