#include "engine/core/loop_output.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "engine/core/condition_reads.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"

namespace skald::core {
namespace {

std::string_view OutputOf(const State& state, const StepRun& run) {
  const Payload& output = state.task(run.task).output;
  return output.empty() ? std::string_view("{}") : output.text();
}

void AddKey(std::string_view key, std::string& object) {
  if (object.size() > 1) object.push_back(',');
  AppendJsonString(object, key);
  object.push_back(':');
}

void AddIteration(std::int32_t number, std::string_view results, std::string& object) {
  AddKey(absl::StrCat(number), object);
  object.append(results);
}

}  // namespace

std::optional<ItemPlace> NextItem(const Loop& loop) {
  if (loop.items.empty()) return std::nullopt;
  const std::string_view text = loop.items.text();
  std::size_t at = SkipJsonSpace(text, loop.item_end == 0 ? 1 : loop.item_end);
  if (text[at] == ',') at = SkipJsonSpace(text, at + 1);
  if (text[at] == ']') return std::nullopt;
  return ItemPlace{at, SkipJsonValue(text, at)};
}

std::string CurrentResults(const Definition& definition, const State& state, const Loop& loop) {
  std::string results = "{";
  for (auto run = state.runs.from(loop.first_run); run != state.runs.end(); ++run) {
    if (run->loop != loop.run || run->iteration != loop.iteration) continue;
    AddKey(StepOf(definition, state, run->step).reference, results);
    results.append(OutputOf(state, *run));
  }
  results.push_back('}');
  return results;
}

namespace {

// How far the loop is, as the last members of its output.
std::string WithCounts(const Loop& loop, std::string output) {
  AddKey("iteration", output);
  AppendJsonInteger(output, loop.iteration);
  if (!loop.items.empty()) {
    AddKey("loopIndex", output);
    AppendJsonInteger(output, loop.iteration - 1);
    AddKey("loopItem", output);
    output.append(loop.items.text().substr(loop.item_begin, loop.item_end - loop.item_begin));
  }
  output.push_back('}');
  return output;
}

bool SeesResults(const Step& step) {
  const auto script = FindMember(step.settings.text(), "expression");
  const bool known = script.has_value() && KindOf(*script) == JsonKind::kString;
  return !known || ReadsOwnResults(StringOf(*script), step.reference);
}

}  // namespace

Payload LoopOutput(const Definition& definition, const State& state, RunNumber run, bool ended) {
  const Loop& loop = state.loops.at(run);
  std::size_t skipped = 0;
  const std::size_t all = loop.finished.size() + (ended ? 1 : 0);
  if (loop.keep_last > 0) {
    skipped = all - std::min(all, static_cast<std::size_t>(loop.keep_last));
  }
  std::string output = "{";
  for (std::size_t i = skipped; i < loop.finished.size(); ++i) {
    AddIteration(loop.finished[i].number, loop.finished[i].results.text(), output);
  }
  if (loop.iteration > 0) {
    AddIteration(loop.iteration, CurrentResults(definition, state, loop), output);
  }
  return Payload(WithCounts(loop, std::move(output)));
}

Payload ConditionInput(const Definition& definition, const State& state, const Task& task) {
  const Loop& loop = state.loops.at(task.run);
  std::string seen = CurrentResults(definition, state, loop);
  const Step& step = StepOf(definition, state, task.step);
  std::string own = "{";
  AddKey(step.reference, own);
  if (SeesResults(step)) {
    own.append(LoopOutput(definition, state, task.run, true).text());
  } else {
    own.append(WithCounts(loop, "{"));
  }
  own.push_back('}');
  seen = OverlayMembers(seen, own);
  return Payload(OverlayMembers(task.input.text(), seen));
}

std::int32_t IterationsBegun(const State& state, const StepRun& run) {
  if (const auto loop = state.loops.find(run.number); loop != state.loops.end()) {
    return loop->second.iteration;
  }
  const auto count = FindMember(state.task(run.task).output.text(), "iteration");
  const auto number = count.has_value() ? IntegerOf(*count) : std::nullopt;
  return static_cast<std::int32_t>(number.value_or(0));
}

std::string ResultsList(const Payload& output) {
  std::string list = "[";
  if (output.empty()) return "[]";
  for (JsonWalk walk(output.text()); walk.Next();) {
    const std::string_view key = walk.raw_key();
    const bool number = !key.empty() && std::all_of(key.begin(), key.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
    if (!number) continue;
    if (list.size() > 1) list.push_back(',');
    list.append(walk.value());
  }
  list.push_back(']');
  return list;
}

}  // namespace skald::core
