#include "engine/core/upgrade_rules.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/apply_handlers.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/reopen_rules.h"
#include "engine/core/upgrade_map.h"

namespace skald::core {
namespace {

using Refusals = std::vector<UpgradeRefusal>;

class Refuser {
 public:
  void Add(std::string reference, std::string what, std::string why) {
    if (refusals_.size() >= kUpgradeRefusalsMax) return;
    refusals_.push_back({std::move(reference), std::move(what), std::move(why)});
  }
  std::size_t size() const { return refusals_.size(); }
  Refusals Take() { return std::exchange(refusals_, {}); }

 private:
  Refusals refusals_;
};

bool SameTemplate(const std::optional<Template>& a, const std::optional<Template>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a.has_value() || a->source() == b->source();
}

// How often and for how long it is tried may differ.
bool SameUndo(const std::optional<Undo>& a, const std::optional<Undo>& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a.has_value()) return true;
  return a->type == b->type && a->runner == b->runner && a->settings == b->settings &&
         a->task_type == b->task_type && a->of_child == b->of_child &&
         SameTemplate(a->input, b->input) && a->on_exhausted == b->on_exhausted &&
         a->domain == b->domain;
}

bool SameProbe(const std::optional<Probe>& a, const std::optional<Probe>& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a.has_value()) return true;
  return a->task_type == b->task_type && SameTemplate(a->input, b->input) && a->domain == b->domain;
}

bool SameSaga(const StepSaga& a, const StepSaga& b) {
  return a.kind == b.kind && a.compensate_on_failure == b.compensate_on_failure &&
         a.unknown == b.unknown && a.in_flight == b.in_flight && SameUndo(a.undo, b.undo) &&
         SameProbe(a.probe, b.probe);
}

// ---- the workflow itself ----

// What undoing it means was promised when it began.
void CheckWorkflowSaga(const WorkflowSaga& from, const WorkflowSaga& to, Refuser& refuser) {
  if (from.declared != to.declared) {
    return refuser.Add("", "saga",
                       from.declared ? "it is a saga, and would be none"
                                     : "it is no saga, and would be one: what it has done so far "
                                       "could not be undone");
  }
  const bool same = from.undeclared == to.undeclared && from.order == to.order &&
                    from.siblings == to.siblings && from.on_terminate == to.on_terminate &&
                    from.on_timeout == to.on_timeout;
  if (!same) refuser.Add("", "saga", "how it is undone would change");
}

bool MayGoOver(const Definition& from, const Definition& to, const State& state, Refuser& refuser) {
  if (IsTerminal(state.status)) {
    refuser.Add("", "status",
                absl::StrCat("it has ended ", std::string(Name(state.status)),
                             ": only a restart begins it with another definition"));
  } else if (state.fault.active) {
    refuser.Add("", "status", "it is being undone");
  } else if (state.fault.pending) {
    refuser.Add("", "status", "it is to be undone as soon as that is decided");
  } else if (from.name_space != to.name_space || from.name != to.name) {
    refuser.Add("", "name", absl::StrCat("the definition is one of ", to.name));
  }
  return refuser.size() == 0;
}

// Without undo nobody asks later on what followed what in a loop, and it has not been kept.
void CheckKeptEdges(const Definition& from, const Definition& to, const State& state,
                    Refuser& refuser) {
  if (MayBeUndone(from, state) || !MayBeUndone(to, state)) return;
  const bool in_loops = std::any_of(state.runs.begin(), state.runs.end(),
                                    [](const StepRun& run) { return run.loop != 0; });
  if (!in_loops) return;
  refuser.Add("", "steps",
              "it would make steps at run time, which may need undo, and has been through loops "
              "that were not recorded for that");
}

// ---- steps that it has come to ----

// Where a step stands in its definition.
class Places {
 public:
  explicit Places(const Definition& definition)
      : definition_(definition), position_(definition.steps.size(), 0) {
    Number(definition.roots);
    for (const Step& step : definition.steps) {
      for (const Branch& branch : step.branches) Number(branch.steps);
      if (step.otherwise.has_value()) Number(step.otherwise->steps);
    }
  }

  std::size_t PositionOf(StepIndex step) const { return position_[step]; }

  // The branch of its parent: of a fork its number, of a choice the case.
  std::string BranchOf(StepIndex index) const {
    const Step& step = definition_.steps[index];
    if (step.parent == kNoStep) return "";
    const Step& parent = definition_.steps[step.parent];
    if (!IsChoice(parent.type)) return absl::StrCat(step.branch);
    const bool listed = step.branch < parent.branches.size();
    return listed ? "case " + parent.branches[step.branch].key : "default";
  }

 private:
  void Number(const std::vector<StepIndex>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) position_[list[i]] = i;
  }

  const Definition& definition_;
  std::vector<std::size_t> position_;  // by step: in its list
};

class StepChecks {
 public:
  StepChecks(const Definition& from, const Definition& to, const State& state, Refuser& refuser)
      : from_(from), to_(to), state_(state), map_(from, to), refuser_(refuser) {
    for (const StepRun& run : state.runs) Note(run.step);
    for (const StepsRequest& request : state.requests) Note(request.step);
    for (const auto& list : state.added.lists()) Note(list->maker);
  }

  void Run() {
    const std::size_t told = refuser_.size();
    for (const StepIndex step : begun_) CheckKind(step);
    for (const StepsRequest& request : state_.requests) CheckRequest(request.step);
    CheckAddedNames();
    if (refuser_.size() > told) return;
    State mapped = state_;
    if (const absl::Status status = MapState(from_, to_, mapped); !status.ok()) {
      return refuser_.Add("", "steps", std::string(status.message()));
    }
    CheckPlaces();
    for (const StepRun& run : mapped.runs) CheckPromise(run, mapped);
    for (const RunNumber run : mapped.open) CheckOpen(mapped.run(run), mapped);
    if (refuser_.size() > told) return;
    CheckLists();
    for (const StepRun& run : mapped.runs) {
      CheckBranches(run, mapped);
      CheckLedOn(run, mapped);
    }
  }

 private:
  // Steps made at run time come along with those that made them.
  void Note(StepIndex step) {
    if (step < from_.steps.size()) begun_.insert(step);
  }

  std::string How(StepIndex step) const {
    const RunNumber run = state_.LatestRun(step);
    if (run == 0) return "it is being carried out";
    return state_.open.contains(run) ? "it is under way" : "it has run";
  }

  void CheckKind(StepIndex index) {
    const Step& old = from_.steps[index];
    const StepIndex place = map_.To(index);
    if (place == kNoStep) return refuser_.Add(old.reference, "removed", How(index));
    const Step& now = to_.steps[place];
    if (old.type != now.type) {
      return refuser_.Add(old.reference, "type",
                          absl::StrCat(How(index), " as ", std::string(Name(old.type)),
                                       ", and would be ", std::string(Name(now.type))));
    }
    if (old.task_type != now.task_type || old.runner != now.runner) {
      refuser_.Add(old.reference, "type",
                   absl::StrCat(How(index), " as ", old.task_type, old.runner, ", and would be ",
                                now.task_type, now.runner));
    }
  }

  // Its input has been evaluated, for what the step says of it now.
  void CheckRequest(StepIndex index) {
    const StepIndex place = index < from_.steps.size() ? map_.To(index) : kNoStep;
    if (place == kNoStep) return;
    const Step& old = from_.steps[index];
    const Step& now = to_.steps[place];
    const bool same = old.fork.tasks == now.fork.tasks && old.fork.inputs == now.fork.inputs &&
                      old.fork.legacy == now.fork.legacy &&
                      old.name_parameter == now.name_parameter;
    if (!same) refuser_.Add(old.reference, "parameters", How(index));
  }

  // A reference stands for one step.
  void CheckAddedNames() {
    for (const auto& list : state_.added.lists()) {
      for (const Step& step : list->steps) {
        if (step.instead_of != kNoStep || to_.Find(step.reference) == kNoStep) continue;
        refuser_.Add(step.reference, "added", "a step made at run time has that reference");
      }
    }
  }

  void CheckPlaces() {
    const Places before(from_);
    const Places after(to_);
    // By list of the new definition: the steps that have begun, in its order.
    std::map<std::pair<StepIndex, std::uint32_t>, std::vector<StepIndex>> lists;
    for (const StepIndex index : begun_) {
      const Step& old = from_.steps[index];
      const Step& now = to_.steps[map_.To(index)];
      if (map_.To(old.parent) != now.parent ||
          before.BranchOf(index) != after.BranchOf(now.index)) {
        refuser_.Add(old.reference, "position",
                     absl::StrCat(How(index), ", and would stand in another branch"));
      } else {
        lists[{now.parent, now.branch}].push_back(index);
      }
    }
    for (auto& [place, list] : lists) {
      std::sort(list.begin(), list.end(), [&](StepIndex a, StepIndex b) {
        return after.PositionOf(map_.To(a)) < after.PositionOf(map_.To(b));
      });
      for (std::size_t i = 1; i < list.size(); ++i) {
        if (before.PositionOf(list[i - 1]) < before.PositionOf(list[i])) continue;
        refuser_.Add(from_.steps[list[i]].reference, "position",
                     absl::StrCat(How(list[i]), ", and would stand behind ",
                                  from_.steps[list[i - 1]].reference));
      }
    }
  }

  // `run` is one of the mapped state; so below.
  void CheckPromise(const StepRun& run, const State& mapped) {
    const Step& old = StepOf(from_, state_, state_.run(run.number).step);
    const Step& now = StepOf(to_, mapped, run.step);
    if (SameSaga(old.saga, now.saga) || !promised_.insert(run.step).second) return;
    refuser_.Add(old.reference, "saga",
                 "it has begun, and how it is undone, or settled, would change");
  }

  void CheckOpen(const StepRun& run, const State& mapped) {
    const Step& old = StepOf(from_, state_, state_.run(run.number).step);
    const Step& now = StepOf(to_, mapped, run.step);
    if (IsJoin(now.type)) CheckOpenJoin(run, old, now, mapped);
    if (now.type != StepType::kDoWhile) return;
    if (old.items.has_value() == now.items.has_value()) return;
    refuser_.Add(old.reference, "items", "the loop is under way");
  }

  void CheckOpenJoin(const StepRun& run, const Step& old, const Step& now, const State& mapped) {
    if (map_.To(old.joins_fork) != now.joins_fork) {
      return refuser_.Add(old.reference, "joinOn", "it waits for other branches already");
    }
    if (now.type == StepType::kExclusiveJoin) {
      if (map_.To(old.join_on) == now.join_on && map_.To(old.join_default) == now.join_default) {
        return;
      }
      return refuser_.Add(old.reference, "joinOn", "it waits already");
    }
    if (now.joins_fork != kNoStep || map_.To(old.join_on) == now.join_on) return;
    if (CountOpenJoined({to_, mapped.seq, mapped.updated_at}, now, run, mapped) > 0) return;
    refuser_.Add(old.reference, "joinOn", "it waits, and nothing would be left to wait for");
  }

  // Behind what has begun there may be anything. Between it and before it is nothing new, also in
  // loops that could go through there again: an iteration that a rerun goes on with is a whole.
  void CheckLists() {
    CheckList(to_.roots);
    for (const Step& step : to_.steps) {
      for (const Branch& branch : step.branches) CheckList(branch.steps);
      if (step.otherwise.has_value()) CheckList(step.otherwise->steps);
    }
  }

  void CheckList(const std::vector<StepIndex>& list) {
    StepIndex behind = kNoStep;
    for (std::size_t i = list.size(); i > 0; --i) {
      const Step& step = to_.steps[list[i - 1]];
      const StepIndex old = from_.Find(step.reference);
      const bool begun = old != kNoStep && begun_.contains(old);
      if (begun && behind == kNoStep) behind = list[i - 1];
      if (begun || behind == kNoStep) continue;
      refuser_.Add(
          step.reference, "added",
          absl::StrCat("it would stand before ", to_.steps[behind].reference, ", which has begun"));
    }
  }

  // The branches of a fork have all begun with it; a choice has taken what it has taken.
  void CheckBranches(const StepRun& run, const State& mapped) {
    const Step& now = StepOf(to_, mapped, run.step);
    if (!run.closed || IsHeld(run, mapped)) return;
    const Step& old = StepOf(from_, state_, state_.run(run.number).step);
    const bool same_branches = std::equal(
        old.branches.begin(), old.branches.end(), now.branches.begin(), now.branches.end(),
        [](const Branch& a, const Branch& b) { return a.steps.empty() == b.steps.empty(); });
    if (now.type == StepType::kForkJoin && !same_branches) {
      refuser_.Add(now.reference, "forkTasks", "it has begun with other branches");
    }
    const Task& task = mapped.task(run.task);
    if (!IsChoice(now.type) || task.status == TaskStatus::kSkipped) return;
    const bool took_none = ChosenBranch(old, task.output) == nullptr;
    if (took_none == (ChosenBranch(now, task.output) == nullptr)) return;
    refuser_.Add(now.reference, "decisionCases", "what it chose has another case now");
  }

  static bool IsHeld(const StepRun& run, const State& state) {
    return std::find(state.held.begin(), state.held.end(), run.number) != state.held.end();
  }

  // What follows a run that is done has begun, or is what the workflow has still to begin.
  void CheckLedOn(const StepRun& run, const State& mapped) {
    if (!run.closed || !IsCurrent(mapped, run) || IsHeld(run, mapped)) return;
    std::set<StepIndex> to_come;
    const StepRun& before = state_.run(run.number);
    for (const StepIndex step : FollowersOf(from_, state_, before)) {
      if (IsMissing(state_, before, step)) to_come.insert(map_.To(step));
    }
    for (const StepIndex step : FollowersOf(to_, mapped, run)) {
      if (!IsMissing(mapped, run, step) || to_come.contains(step)) continue;
      refuser_.Add(StepOf(to_, mapped, step).reference, "added",
                   absl::StrCat("it would follow ", StepOf(to_, mapped, run.step).reference,
                                ", which is done: its turn has passed"));
    }
  }

  const Definition& from_;
  const Definition& to_;
  const State& state_;
  const StepMap map_;
  Refuser& refuser_;
  std::set<StepIndex> begun_;     // of the old definition
  std::set<StepIndex> promised_;  // of the new one: told of already
};

}  // namespace

std::vector<UpgradeRefusal> UpgradeRefusals(const Definition& from, const Definition& to,
                                            const State& state) {
  Refuser refuser;
  if (!MayGoOver(from, to, state, refuser)) return refuser.Take();
  CheckWorkflowSaga(from.saga, to.saga, refuser);
  CheckKeptEdges(from, to, state, refuser);
  StepChecks(from, to, state, refuser).Run();
  return refuser.Take();
}

std::string FormatRefusals(const std::vector<UpgradeRefusal>& refusals, std::size_t shown_max) {
  std::string text;
  for (std::size_t i = 0; i < refusals.size() && i < shown_max; ++i) {
    const UpgradeRefusal& refusal = refusals[i];
    absl::StrAppend(&text, i == 0 ? "" : "; ",
                    refusal.reference.empty() ? "" : refusal.reference + ": ", refusal.what, ": ",
                    refusal.why);
  }
  if (refusals.size() > shown_max) {
    absl::StrAppend(&text, "; and ", refusals.size() - shown_max, " more");
  }
  return text;
}

}  // namespace skald::core
