// A stored history: one workflow as the store held it, and what its fold came to.
//
//   {"pinned": {…}, "later": [{…}, …], "workflow_id": "…",
//    "rows": [{"first_seq": 1, "at": 17…, "events": […]}, …],
//    "outcome": ["status COMPLETED", …]}
//
// `later`, if there are any: the definitions that it went over to, in the order of their ids,
// from 2. Test code; single-threaded. What does not fit ends the test binary with a message.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "engine/ports/journal.h"

namespace skald::testing {

struct HistoryFile {
  std::string pinned;
  std::vector<std::string> later;
  core::WorkflowId workflow_id;
  std::vector<ports::HistoryRow> rows;
  std::vector<std::string> outcome;
};

HistoryFile ParseHistoryFile(std::string_view text);
std::string FormatHistoryFile(const HistoryFile& file);

// The definition of that id, the first being 1. What is not there ends the test binary.
std::shared_ptr<const core::Definition> DefinitionOf(const HistoryFile& file, std::int64_t id);

// What matters of a state, line by line, in words that stay when the state gains fields.
std::vector<std::string> OutcomeOf(const core::Definition& definition, const core::State& state);

}  // namespace skald::testing
