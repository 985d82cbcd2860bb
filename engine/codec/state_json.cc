#include "engine/codec/state_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/codec/state_fields.h"
#include "engine/core/definition_added.h"
#include "engine/core/json_check.h"
#include "engine/core/limits.h"

namespace skald::codec {
namespace {

constexpr std::size_t kBytesPerTaskGuess = 512;

absl::Status Damaged(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("stored state: ", std::string(what)));
}

// Numbers that point into the state point at something: what reads the state relies on it.
absl::Status CheckNumbers(const core::State& state) {
  const auto has_task = [&](core::TaskNumber task) { return task == 0 || state.has_task(task); };
  const auto has_run = [&](core::RunNumber run) { return run == 0 || state.has_run(run); };
  for (const core::Task& task : state.tasks) {
    if (!state.has_run(task.run)) return Damaged(absl::StrCat("task ", task.number, " has no run"));
  }
  for (const core::StepRun& run : state.runs) {
    // What precedes a run of a loop may be gone with its iteration.
    const auto was_run = [&](core::RunNumber number) { return number <= state.runs.size(); };
    const bool runs = std::all_of(run.after.begin(), run.after.end(), was_run) &&
                      std::all_of(run.before.begin(), run.before.end(), has_run);
    if (!runs || !has_task(run.task) || !has_task(run.operation_task)) {
      return Damaged(absl::StrCat("run ", run.number, " points at nothing"));
    }
  }
  const bool lists = std::all_of(state.latest.begin(), state.latest.end(), has_run) &&
                     std::all_of(state.open.begin(), state.open.end(), has_run) &&
                     std::all_of(state.held.begin(), state.held.end(), has_run) &&
                     std::all_of(state.permitted.begin(), state.permitted.end(), has_run) &&
                     std::all_of(state.fault.ready.begin(), state.fault.ready.end(), has_run) &&
                     std::all_of(state.fault.in_turn.begin(), state.fault.in_turn.end(), has_run);
  const bool timers = std::all_of(state.timers.begin(), state.timers.end(),
                                  [&](const core::Timer& timer) { return has_task(timer.task); });
  const bool loops = std::all_of(state.loops.begin(), state.loops.end(), [&](const auto& entry) {
    return state.has_run(entry.first) && has_task(state.run(entry.first).task);
  });
  if (!loops) return Damaged("a loop points at nothing");
  const bool children = std::all_of(state.child_tasks.begin(), state.child_tasks.end(), has_task);
  if (!lists || !timers || !children) return Damaged("a list points at nothing");
  if (!has_task(state.fault.task) || !has_task(state.failure_task)) {
    return Damaged("the failed task does not exist");
  }
  return absl::OkStatus();
}

constexpr char kAdded[] = "added";

std::vector<StoredStepList> Stored(const core::AddedSteps& added) {
  std::vector<StoredStepList> stored;
  for (const auto& list : added.lists()) stored.push_back({list->maker, list->source});
  return stored;
}

absl::Status Compile(const core::Definition& definition, const std::vector<StoredStepList>& stored,
                     core::AddedSteps& added) {
  for (const StoredStepList& list : stored) {
    core::StepsAdded event{.step = list.step, .steps = list.steps};
    RETURN_IF_ERROR(core::CompileSteps(definition, added, event));
    added.Append(std::move(event.compiled));
  }
  return absl::OkStatus();
}

std::string Encode(const core::State& state, ApartSink* apart) {
  std::string out;
  out.reserve((state.tasks.kept() + 1) * kBytesPerTaskGuess);
  out.append("{\"version\":");
  core::AppendJsonInteger(out, kStateVersion);
  FieldWriter writer(out, apart);
  VisitFields(writer, state);
  writer.List(kAdded, Stored(state.added));
  out.push_back('}');
  return out;
}

}  // namespace

std::string EncodeState(const core::State& state) { return Encode(state, nullptr); }

Apart EncodeStateApart(const core::State& state, std::size_t bytes_min) {
  ApartSink sink{.bytes_min = bytes_min, .payloads = {}};
  std::string text = Encode(state, &sink);
  return {std::move(text), std::move(sink.payloads)};
}

absl::StatusOr<core::State> DecodeState(const core::Definition& definition, std::string_view text,
                                        const ports::Payloads& apart) {
  const core::JsonFault fault = core::CheckJson(text, core::kJsonDepthCeiling);
  if (!fault.ok()) return Damaged(core::DescribeFault(text, fault));
  const std::string_view object = core::TrimJson(text);
  if (core::KindOf(object) != core::JsonKind::kObject) return Damaged("not an object");
  FieldReader reader(object, apart);
  std::int32_t version = 0;
  reader.Field("version", version);
  if (reader.status().ok() && version > kStateVersion) {
    return absl::FailedPreconditionError(absl::StrCat("its snapshot has format version ", version,
                                                      ", this binary reads versions up to ",
                                                      kStateVersion, ": start a newer skald"));
  }
  if (reader.status().ok() && version != kStateVersion) {
    return Damaged(absl::StrCat("format version ", version, ", ", kStateVersion, " expected"));
  }
  core::State state;
  VisitFields(reader, state);
  std::vector<StoredStepList> added;
  reader.List(kAdded, added);
  if (!reader.status().ok())
    return Damaged({reader.status().message().data(), reader.status().message().size()});
  RETURN_IF_ERROR(Compile(definition, added, state.added));
  RETURN_IF_ERROR(CheckNumbers(state));
  return state;
}

}  // namespace skald::codec
