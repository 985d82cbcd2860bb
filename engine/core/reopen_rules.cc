#include "engine/core/reopen_rules.h"

#include <algorithm>
#include <utility>

#include "engine/core/construct.h"
#include "engine/core/control.h"

namespace skald::core {
namespace {

const Branch* ChosenBy(const Step& step, const State& state, const StepRun& run) {
  if (!IsChoice(step.type) || !run.closed) return nullptr;
  const Task& task = state.task(run.task);
  return task.status == TaskStatus::kSkipped ? nullptr : ChosenBranch(step, task.output);
}

void AddHeads(const Step& fork, const State& state, std::vector<StepIndex>& followers) {
  for (const Branch& branch : fork.branches) {
    if (!branch.steps.empty()) followers.push_back(branch.steps.front());
  }
  const StepList* made =
      fork.type == StepType::kForkJoinDynamic ? state.added.NewestOf(fork.index) : nullptr;
  if (made != nullptr) followers.insert(followers.end(), made->heads.begin(), made->heads.end());
}

// The next step, out of cases; kNoStep at the end of anything else.
StepIndex NextOf(const Definition& definition, const State& state, StepIndex at) {
  while (StepOf(definition, state, at).next == kNoStep) {
    at = StepOf(definition, state, at).parent;
    if (at == kNoStep || !IsChoice(StepOf(definition, state, at).type)) return kNoStep;
  }
  return StepOf(definition, state, at).next;
}

// The run with which a branch ends has ended.
bool HasEnded(const Definition& definition, const State& state, StepIndex head) {
  StepIndex at = head;
  while (true) {
    const RunNumber number = state.LatestRun(at);
    if (number == 0) return false;
    const StepRun& run = state.run(number);
    const Step& step = StepOf(definition, state, run.step);
    const Branch* chosen = ChosenBy(step, state, run);
    const StepIndex next =
        chosen != nullptr ? chosen->steps.front() : NextOf(definition, state, run.step);
    if (next == kNoStep) return run.closed;
    at = next;
  }
}

// Who follows whom: `after` of all runs, the other way round, and who stands in which loop.
class Order {
 public:
  explicit Order(const State& state)
      : state_(state), followers_(state.runs.size() + 1), inside_(state.runs.size() + 1) {
    for (const StepRun& run : state.runs) {
      for (const RunNumber before : run.after) followers_[before].push_back(run.number);
      if (run.loop != 0) inside_[run.loop].push_back(run.number);
    }
  }

  void Drop(RunNumber number) {
    to_drop_.push_back(number);
    while (!to_drop_.empty()) {
      const RunNumber next = to_drop_.back();
      to_drop_.pop_back();
      if (!result_.dropped.insert(next).second) continue;
      to_drop_.insert(to_drop_.end(), inside_[next].begin(), inside_[next].end());
      DropBehind(next);
    }
  }

  void DropAllBehind(RunNumber number) {
    DropBehind(number);
    const std::vector<RunNumber> behind = std::exchange(to_drop_, {});
    for (const RunNumber run : behind) Drop(run);
  }

  Retraction Finish() && {
    std::erase_if(result_.loops,
                  [&](const auto& loop) { return result_.dropped.contains(loop.first); });
    return std::move(result_);
  }

 private:
  bool IsAround(RunNumber loop, RunNumber number) const {
    for (RunNumber at = state_.run(number).loop; at != 0; at = state_.run(at).loop) {
      if (at == loop) return true;
    }
    return false;
  }

  void DropBehind(RunNumber number) {
    for (const RunNumber follower : followers_[number]) {
      // A loop that ended follows the ends of its body, and is gone on with.
      if (!IsAround(follower, number)) to_drop_.push_back(follower);
    }
    const StepRun& run = state_.run(number);
    if (run.loop != 0) GoBack(run.loop, run.iteration);
  }

  // The loop goes on at that iteration: later ones and what follows the loop are not there any
  // more.
  void GoBack(RunNumber loop, std::int32_t iteration) {
    const auto [known, first] = result_.loops.try_emplace(loop, iteration);
    if (!first && known->second <= iteration) return;
    known->second = iteration;
    for (const RunNumber inside : inside_[loop]) {
      if (state_.run(inside).iteration > iteration) to_drop_.push_back(inside);
    }
    if (!first) return;
    for (const RunNumber follower : followers_[loop]) {
      if (!IsAround(loop, follower) && !IsAround(follower, loop)) to_drop_.push_back(follower);
    }
    const StepRun& run = state_.run(loop);
    if (run.loop != 0) GoBack(run.loop, run.iteration);
  }

  const State& state_;
  std::vector<std::vector<RunNumber>> followers_;
  std::vector<std::vector<RunNumber>> inside_;  // by loop
  std::vector<RunNumber> to_drop_;
  Retraction result_;
};

}  // namespace

std::vector<StepIndex> FollowersOf(const Definition& definition, const State& state,
                                   const StepRun& run) {
  const Step& step = StepOf(definition, state, run.step);
  std::vector<StepIndex> followers;
  if (step.type == StepType::kTerminate) return followers;
  if (const Branch* chosen = ChosenBy(step, state, run); chosen != nullptr) {
    followers.push_back(chosen->steps.front());
    return followers;
  }
  if (step.type == StepType::kForkJoin || step.type == StepType::kForkJoinDynamic) {
    AddHeads(step, state, followers);
    if (step.next != kNoStep) followers.push_back(step.next);
    return followers;
  }
  const StepIndex next = NextOf(definition, state, run.step);
  if (next != kNoStep) followers.push_back(next);
  return followers;
}

bool IsCurrent(const State& state, const StepRun& run) {
  if (run.loop == 0) return true;
  const auto loop = state.loops.find(run.loop);
  return loop != state.loops.end() && run.number >= loop->second.first_run;
}

bool IsMissing(const State& state, const StepRun& run, StepIndex step) {
  const RunNumber newest = state.LatestRun(step);
  return newest == 0 || (run.loop != 0 && newest < state.loops.at(run.loop).first_run);
}

std::uint32_t OpenBranches(const Definition& definition, const State& state, const StepRun& fork) {
  const StepList* made = state.added.NewestOf(fork.step);
  if (made == nullptr) return 0;
  return static_cast<std::uint32_t>(
      std::count_if(made->heads.begin(), made->heads.end(),
                    [&](StepIndex head) { return !HasEnded(definition, state, head); }));
}

Retraction RetractionOf(const State& state, RunNumber from) {
  Order order(state);
  order.Drop(from);
  return std::move(order).Finish();
}

Retraction RetractionBehind(const State& state, RunNumber from) {
  Order order(state);
  order.DropAllBehind(from);
  return std::move(order).Finish();
}

}  // namespace skald::core
