#include "engine/core/state.h"

#include "absl/strings/str_cat.h"

namespace skald::core {
namespace {

// The iterations of the loops around the run, outermost first.
std::vector<std::int32_t> IterationsAround(const State& state, const StepRun& run) {
  std::vector<std::int32_t> iterations;
  const StepRun* at = &run;
  while (at->loop != 0) {
    iterations.insert(iterations.begin(), at->iteration);
    if (!state.has_run(at->loop)) break;
    at = &state.run(at->loop);
  }
  return iterations;
}

}  // namespace

const StepsRequest* State::FindRequest(EventSeq wanted) const {
  const auto found = requests.find(StepsRequest{.seq = wanted});
  return found == requests.end() ? nullptr : &*found;
}

const Skip* State::FindSkip(StepIndex step) const {
  for (const Skip& skip : skips) {
    if (skip.step == step) return &skip;
  }
  return nullptr;
}

std::string StepKey(const State& state, const StepRun& run, std::string_view reference) {
  std::string key = absl::StrCat(state.id.ToString(), "/", std::string(reference), "/");
  if (run.loop == 0) {
    absl::StrAppend(&key, run.iteration);
  } else {
    const std::size_t before = key.size();
    for (const std::int32_t iteration : IterationsAround(state, run)) {
      absl::StrAppend(&key, key.size() > before ? "." : "", iteration);
    }
  }
  absl::StrAppend(&key, "/", run.generation);
  return key;
}

std::string RunReference(const State& state, const StepRun& run, std::string_view reference) {
  std::string text(reference);
  for (const std::int32_t iteration : IterationsAround(state, run)) {
    absl::StrAppend(&text, "__", iteration);
  }
  return text;
}

RunNumber NewestRun(const Definition& definition, const State& state, std::string_view reference) {
  const StepIndex step = FindStep(definition, state, reference);
  if (step != kNoStep) {
    const RunNumber latest = state.LatestRun(step);
    return latest != 0 && state.has_run(latest) ? latest : 0;
  }
  for (auto run = state.runs.rbegin(); run != state.runs.rend(); ++run) {
    const std::string& plain = StepOf(definition, state, run->step).reference;
    if (!reference.starts_with(plain)) continue;
    if (RunReference(state, *run, plain) == reference) return run->number;
  }
  return 0;
}

std::string TaskIdText(const State& state, TaskNumber task) { return TaskIdText(state.id, task); }

std::string TaskIdText(const WorkflowId& workflow, TaskNumber task) {
  return absl::StrCat(workflow.ToString(), ".", task);
}

}  // namespace skald::core
