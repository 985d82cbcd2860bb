#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/codec/events_json.h"
#include "engine/codec/state_json.h"
#include "engine/core/apply.h"
#include "engine/core/checker.h"
#include "tests/histories/history_file.h"
#include "tests/support/paths.h"

namespace skald::testing {
namespace {

std::vector<std::filesystem::path> StoredHistories() {
  std::vector<std::filesystem::path> paths;
  const auto folder = SourceDir() / "tests" / "histories";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<core::Event> Decode(const HistoryFile& file, const ports::HistoryRow& row) {
  auto events = codec::DecodeEvents(row.first_seq, row.at, row.events);
  EXPECT_TRUE(events.ok()) << events.status();
  if (!events.ok()) return {};
  for (core::Event& event : *events) {
    const std::int64_t id = core::NextDefinitionId(event.body);
    if (id != 0) core::SetDefinition(event.body, DefinitionOf(file, id));
  }
  return *std::move(events);
}

using DefinitionPointer = std::shared_ptr<const core::Definition>;

// The definition that the workflow has after the event.
DefinitionPointer Apply(const DefinitionPointer& definition, const core::Event& event,
                        core::State& state) {
  core::Apply(*definition, event, state);
  const DefinitionPointer next = core::NextDefinition(event.body);
  return next == nullptr ? definition : next;
}

TEST(StoredHistoryTest, ThereAreSome) { EXPECT_GE(StoredHistories().size(), 10u); }

TEST(StoredHistoryTest, EveryOneReplaysToTheStateItHad) {
  for (const auto& path : StoredHistories()) {
    SCOPED_TRACE(path.string());
    const HistoryFile file = ParseHistoryFile(ReadFileOrDie(path));
    const DefinitionPointer first = DefinitionOf(file, 1);
    DefinitionPointer definition = first;
    core::State state;
    state.id = file.workflow_id;
    std::vector<core::Event> history;
    for (const ports::HistoryRow& row : file.rows) {
      for (const core::Event& event : Decode(file, row)) {
        ASSERT_EQ(event.seq, state.seq + 1);
        definition = Apply(definition, event, state);
        history.push_back(event);
      }
    }
    EXPECT_EQ(OutcomeOf(*definition, state), file.outcome);
    EXPECT_TRUE(core::CheckHistory(*first, history).empty());
  }
}

template <std::size_t... kIndex>
std::set<std::string_view> NamesOfAll(std::index_sequence<kIndex...> /*all*/) {
  return {core::Name(core::EventBody(std::in_place_index<kIndex>))...};
}

// `write_histories FOLDER --scenarios` adds what is missing.
TEST(StoredHistoryTest, EveryKindOfEventIsInOne) {
  std::set<std::string_view> missing =
      NamesOfAll(std::make_index_sequence<std::variant_size_v<core::EventBody>>());
  for (const auto& path : StoredHistories()) {
    const HistoryFile file = ParseHistoryFile(ReadFileOrDie(path));
    for (const ports::HistoryRow& row : file.rows) {
      for (const core::Event& event : Decode(file, row)) missing.erase(core::Name(event.body));
    }
  }
  EXPECT_THAT(missing, ::testing::IsEmpty());
}

// A snapshot may be taken after any row; what follows finds the same state.
TEST(StoredHistoryTest, SnapshotsBetweenTheRowsChangeNothing) {
  for (const auto& path : StoredHistories()) {
    SCOPED_TRACE(path.string());
    const HistoryFile file = ParseHistoryFile(ReadFileOrDie(path));
    DefinitionPointer definition = DefinitionOf(file, 1);
    core::State state;
    state.id = file.workflow_id;
    for (const ports::HistoryRow& row : file.rows) {
      const std::vector<core::Event> events = Decode(file, row);
      for (const core::Event& event : events) definition = Apply(definition, event, state);
      const std::string snapshot = codec::EncodeState(state);
      auto restored = codec::DecodeState(*definition, snapshot);
      ASSERT_TRUE(restored.ok()) << restored.status();
      state = *std::move(restored);
      EXPECT_EQ(codec::EncodeState(state), snapshot);
    }
    EXPECT_EQ(OutcomeOf(*definition, state), file.outcome);
  }
}

// What is read from a row and written again is the row: nothing of an old format is lost.
TEST(StoredHistoryTest, RowsAreWrittenAsTheyWereRead) {
  for (const auto& path : StoredHistories()) {
    SCOPED_TRACE(path.string());
    const HistoryFile file = ParseHistoryFile(ReadFileOrDie(path));
    for (const ports::HistoryRow& row : file.rows) {
      EXPECT_EQ(codec::EncodeEvents(Decode(file, row)), row.events);
    }
    EXPECT_EQ(FormatHistoryFile(file), ReadFileOrDie(path));
  }
}

}  // namespace
}  // namespace skald::testing
