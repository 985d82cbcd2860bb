#include "engine/core/upgrade_map.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/definition_added.h"

namespace skald::core {
namespace {

absl::Status NotThere(const Definition& from, const State& state, StepIndex step) {
  return absl::InvalidArgumentError(absl::StrCat("the definition has no step '",
                                                 StepOf(from, state, step).reference,
                                                 "', which this workflow has come to"));
}

absl::Status CheckSteps(const StepMap& map, const Definition& from, const State& state) {
  for (const StepRun& run : state.runs) {
    if (map.To(run.step) == kNoStep) return NotThere(from, state, run.step);
  }
  for (const StepsRequest& request : state.requests) {
    if (map.To(request.step) == kNoStep) return NotThere(from, state, request.step);
  }
  return absl::OkStatus();
}

}  // namespace

StepMap::StepMap(const Definition& from, const Definition& to)
    : added_(static_cast<StepIndex>(to.steps.size())) {
  to_.reserve(from.steps.size());
  for (const Step& step : from.steps) to_.push_back(to.Find(step.reference));
}

StepIndex StepMap::To(StepIndex step) const {
  if (step == kNoStep) return kNoStep;
  if (step < to_.size()) return to_[step];
  return added_ + (step - static_cast<StepIndex>(to_.size()));
}

std::vector<StepIndex> StepMap::To(const std::vector<StepIndex>& steps) const {
  std::vector<StepIndex> mapped;
  mapped.reserve(steps.size());
  for (const StepIndex step : steps) mapped.push_back(To(step));
  return mapped;
}

std::vector<RunNumber> MapLatest(const StepMap& map, const std::vector<RunNumber>& latest) {
  std::vector<RunNumber> mapped;
  for (StepIndex step = 0; step < latest.size(); ++step) {
    const StepIndex to = latest[step] == 0 ? kNoStep : map.To(step);
    if (to == kNoStep) continue;
    if (mapped.size() <= to) mapped.resize(to + 1, 0);
    mapped[to] = latest[step];
  }
  return mapped;
}

absl::StatusOr<AddedSteps> MapAdded(const StepMap& map, const Definition& to,
                                    const AddedSteps& added) {
  AddedSteps mapped;
  for (const auto& list : added.lists()) {
    StepsAdded event{.step = map.To(list->maker), .steps = list->source};
    RETURN_IF_ERROR(CompileSteps(to, mapped, event));
    mapped.Append(std::move(event.compiled));
  }
  return mapped;
}

absl::Status MapState(const Definition& from, const Definition& to, State& state) {
  const StepMap map(from, to);
  RETURN_IF_ERROR(CheckSteps(map, from, state));
  ASSIGN_OR_RETURN(AddedSteps added, MapAdded(map, to, state.added));
  state.added = std::move(added);
  for (Task& task : state.tasks) task.step = map.To(task.step);
  for (StepRun& run : state.runs) run.step = map.To(run.step);
  std::set<StepsRequest> requests;
  for (StepsRequest request : state.requests) {
    request.step = map.To(request.step);
    requests.insert(std::move(request));
  }
  state.requests = std::move(requests);
  std::erase_if(state.skips, [&](const Skip& skip) { return map.To(skip.step) == kNoStep; });
  for (Skip& skip : state.skips) skip.step = map.To(skip.step);
  state.latest = MapLatest(map, state.latest);
  return absl::OkStatus();
}

}  // namespace skald::core
