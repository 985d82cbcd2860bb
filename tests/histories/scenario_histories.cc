#include "tests/histories/scenario_histories.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "engine/codec/events_json.h"
#include "engine/codec/pinned.h"
#include "tests/histories/history_file.h"
#include "tests/scenarios/scenario_file.h"
#include "tests/support/paths.h"

namespace skald::testing {
namespace {

std::vector<std::filesystem::path> FilesBelow(const std::filesystem::path& folder,
                                              const char* extension) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == extension) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

using Kinds = std::set<std::string_view>;

void AddKinds(const std::vector<core::Event>& events, Kinds& kinds) {
  for (const core::Event& event : events) kinds.insert(core::Name(event.body));
}

Kinds StoredKinds() {
  Kinds kinds;
  for (const auto& path : FilesBelow(SourceDir() / "tests" / "histories", ".json")) {
    for (const ports::HistoryRow& row : ParseHistoryFile(ReadFileOrDie(path)).rows) {
      const auto events = codec::DecodeEvents(row.first_seq, row.at, row.events);
      if (events.ok()) AddKinds(*events, kinds);
    }
  }
  return kinds;
}

// Absent when the workflow has gone over to another definition, or was never started.
std::optional<HistoryFile> FileOf(const scenarios::ScenarioHistory& history) {
  for (const core::Event& event : history.events) {
    if (core::NextDefinitionId(event.body) != 0) return std::nullopt;
  }
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = history.task_definitions.find(name);
    if (found == history.task_definitions.end()) return std::nullopt;
    return std::string(found->second.text());
  };
  const auto pinned = codec::PinDefinition(history.definition, lookup, {});
  if (!pinned.ok() || history.events.empty()) return std::nullopt;
  HistoryFile file;
  file.pinned = pinned->body;
  file.workflow_id = history.state.id;
  std::size_t begin = 0;
  for (const std::size_t end : history.decisions) {
    if (end == begin) continue;
    const auto events = std::span(history.events).subspan(begin, end - begin);
    file.rows.push_back({.first_seq = events.front().seq,
                         .at = events.front().at,
                         .events = codec::EncodeEvents(events)});
    begin = end;
  }
  file.outcome = OutcomeOf(*DefinitionOf(file, 1), history.state);
  return file;
}

}  // namespace

int WriteScenarios(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::filesystem::create_directories(folder);
  Kinds kinds = StoredKinds();
  for (const auto& path : FilesBelow(SourceDir() / "tests" / "scenarios", ".scenario")) {
    const auto result = scenarios::RunScenario(ReadFileOrDie(path), SourceDir().string());
    if (!result.ok()) {
      std::cerr << path.string() << ": " << result.status() << "\n";
      return 1;
    }
    Kinds own;
    AddKinds(result->history.events, own);
    const bool wanted = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return path.string().find(name) != std::string::npos;
    });
    if (!wanted && std::includes(kinds.begin(), kinds.end(), own.begin(), own.end())) continue;
    const std::optional<HistoryFile> file = FileOf(result->history);
    if (!file.has_value()) continue;
    kinds.merge(own);
    const std::string name = path.stem().string() + ".json";
    std::cout << name << ": " << file->rows.size() << " rows, " << file->outcome.front() << "\n";
    WriteFileOrDie(folder / name, FormatHistoryFile(*file));
  }
  return 0;
}

}  // namespace skald::testing
