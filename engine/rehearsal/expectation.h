// Expectation: how a rehearsed workflow ended, compared with how it was expected to end.
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "engine/core/state.h"
#include "engine/rehearsal/mocks.h"
#include "engine/rehearsal/timeline.h"

namespace skald::rehearsal {

// One line per difference: what was expected, and what came. Without an expected status COMPLETED
// is expected.
std::vector<std::string> Compare(const ExpectedEnd& expected, const core::State& end,
                                 const Course& course);

// `expected` is `found`, or a part of it: every member of an object is found with a value of which
// the expected one is a part again; lists have the same length. `exact`: objects have no other
// members. Returns where they differ first ("output.items[2]"), empty: nowhere.
std::string FindDifference(const std::string& path, std::string_view expected,
                           std::string_view found, bool exact);

}  // namespace skald::rehearsal
