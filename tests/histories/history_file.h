// A stored history: one workflow as the store held it, and what its fold came to.
//
//   {"pinned": {…}, "workflow_id": "…",
//    "rows": [{"first_seq": 1, "at": 17…, "events": […]}, …],
//    "outcome": ["status COMPLETED", …]}
//
// Test code; single-threaded. What does not fit ends the test binary with a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "engine/ports/journal.h"

namespace skald::testing {

struct HistoryFile {
  std::string pinned;
  core::WorkflowId workflow_id;
  std::vector<ports::HistoryRow> rows;
  std::vector<std::string> outcome;
};

HistoryFile ParseHistoryFile(std::string_view text);
std::string FormatHistoryFile(const HistoryFile& file);

// What matters of a state, line by line, in words that stay when the state gains fields.
std::vector<std::string> OutcomeOf(const core::Definition& definition, const core::State& state);

}  // namespace skald::testing
