#include "tests/histories/history_file.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/codec/enum_names.h"
#include "engine/codec/pinned.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::testing {
namespace {

[[noreturn]] void Die(const std::string& message) {
  std::cerr << "history file: " << message << std::endl;
  std::abort();
}

std::string_view Need(std::string_view object, std::string_view key) {
  const auto value = core::FindMember(object, key);
  if (!value.has_value()) Die(absl::StrCat("no ", std::string(key)));
  return *value;
}

std::int64_t NeedInteger(std::string_view object, std::string_view key) {
  const auto value = core::IntegerOf(Need(object, key));
  if (!value.has_value()) Die(absl::StrCat("no number ", std::string(key)));
  return *value;
}

// absl and std string views do not convert into each other.
std::string Text(std::string_view text) { return std::string(text); }

std::string TaskLine(const core::Definition& definition, const core::State& state,
                     const core::Task& task) {
  return absl::StrCat("task ", task.number, " run ", task.run, " ",
                      core::StepOf(definition, state, task.step).reference, " ",
                      Text(Name(task.operation)), " #", task.attempt, " ", Text(Name(task.status)),
                      " effect ", Text(Name(task.effect)), " verdict ", Text(Name(task.verdict)),
                      " fence ", task.fence, " input ", Text(task.input.text()), " output ",
                      Text(task.output.text()));
}

std::string RunLine(const core::Definition& definition, const core::State& state,
                    const core::StepRun& run) {
  return absl::StrCat("run ", run.number, " ", core::StepOf(definition, state, run.step).reference,
                      "/", run.iteration, "/", run.generation, run.closed ? " closed" : "",
                      run.settled ? " settled" : "", " outcome ", Text(Name(run.outcome)), " undo ",
                      Text(codec::TextOf(run.undo)), " input ", Text(run.undo_input.text()),
                      " after ", absl::StrJoin(run.after, ","));
}

}  // namespace

HistoryFile ParseHistoryFile(std::string_view text) {
  const core::JsonFault fault = core::CheckJsonObject(text, core::kJsonDepthCeiling);
  if (!fault.ok()) Die(core::DescribeFault(text, fault));
  const std::string_view object = core::TrimJson(text);
  HistoryFile file;
  file.pinned = std::string(Need(object, "pinned"));
  if (const auto later = core::FindMember(object, "later"); later.has_value()) {
    for (core::JsonWalk walk(*later); walk.Next();) file.later.emplace_back(walk.value());
  }
  const auto id = core::WorkflowId::Parse(core::StringOf(Need(object, "workflow_id")));
  if (!id.ok()) Die("no workflow_id");
  file.workflow_id = *id;
  for (core::JsonWalk walk(Need(object, "rows")); walk.Next();) {
    ports::HistoryRow row;
    row.first_seq = static_cast<core::EventSeq>(NeedInteger(walk.value(), "first_seq"));
    row.at = NeedInteger(walk.value(), "at");
    row.events = std::string(Need(walk.value(), "events"));
    file.rows.push_back(std::move(row));
  }
  for (core::JsonWalk walk(Need(object, "outcome")); walk.Next();) {
    file.outcome.push_back(core::StringOf(walk.value()));
  }
  return file;
}

std::string FormatHistoryFile(const HistoryFile& file) {
  std::string text = absl::StrCat("{\"pinned\": ", file.pinned, ",\n ");
  if (!file.later.empty()) {
    absl::StrAppend(&text, "\"later\": [", absl::StrJoin(file.later, ",\n  "), "],\n ");
  }
  absl::StrAppend(&text, "\"workflow_id\": \"", file.workflow_id.ToString(), "\",\n \"rows\": [");
  const char* separator = "\n";
  for (const ports::HistoryRow& row : file.rows) {
    absl::StrAppend(&text, separator, "  {\"first_seq\": ", row.first_seq, ", \"at\": ", row.at,
                    ", \"events\": ", row.events, "}");
    separator = ",\n";
  }
  text.append("],\n \"outcome\": [");
  separator = "\n  ";
  for (const std::string& line : file.outcome) {
    text.append(separator);
    core::AppendJsonString(text, line);
    separator = ",\n  ";
  }
  text.append("]}\n");
  return text;
}

std::shared_ptr<const core::Definition> DefinitionOf(const HistoryFile& file, std::int64_t id) {
  const auto at = static_cast<std::size_t>(id);
  if (at < 1 || at > file.later.size() + 1) Die(absl::StrCat("no definition ", id));
  auto definition = codec::DecodePinned(at == 1 ? file.pinned : file.later[at - 2], id);
  if (!definition.ok()) Die(definition.status().ToString());
  return std::make_shared<const core::Definition>(*std::move(definition));
}

std::vector<std::string> OutcomeOf(const core::Definition& definition, const core::State& state) {
  std::vector<std::string> lines = {
      absl::StrCat("status ", Text(Name(state.status)), " saga ", Text(Name(state.saga_status))),
      absl::StrCat("seq ", state.seq, " started ", state.started_at, " ended ", state.ended_at),
      absl::StrCat("reason ", state.reason),
      absl::StrCat("input ", Text(state.start.input.text()), " output ", Text(state.output.text()),
                   " variables ", Text(state.variables.text())),
      absl::StrCat("fault ", state.fault.active ? "active " : "", state.fault.reason)};
  for (const core::Task& task : state.tasks) lines.push_back(TaskLine(definition, state, task));
  for (const core::StepRun& run : state.runs) lines.push_back(RunLine(definition, state, run));
  for (const core::Timer& timer : state.timers) {
    lines.push_back(absl::StrCat("timer ", Text(codec::TextOf(timer.kind)), " task ", timer.task,
                                 " due ", timer.due_at));
  }
  return lines;
}

}  // namespace skald::testing
