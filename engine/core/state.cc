#include "engine/core/state.h"

#include "absl/strings/str_cat.h"

namespace skald::core {

const StepsRequest* State::FindRequest(EventSeq wanted) const {
  const auto found = requests.find(StepsRequest{.seq = wanted});
  return found == requests.end() ? nullptr : &*found;
}

std::string StepKey(const State& state, const StepRun& run, std::string_view reference) {
  return absl::StrCat(state.id.ToString(), "/", std::string(reference), "/", run.iteration, "/",
                      run.generation);
}

std::string TaskIdText(const State& state, TaskNumber task) {
  return absl::StrCat(state.id.ToString(), ".", task);
}

}  // namespace skald::core
