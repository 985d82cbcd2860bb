// A workflow as a tree of its steps, for people: status, time, attempts, undo.
//
//   order 0192f3a0-…  FAILED  saga COMPENSATED  1.2 s
//   ├─ reserve  SIMPLE  COMPLETED  12 ms
//   │    undo release_stock  DONE  8 ms
//
// Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "skald/v1/workflow.pb.h"

namespace skald::app {

// Workflows by id.
using Descendants = std::map<std::string, v1::Workflow>;

// Of the workflow's output the tree shows this much, on one line; `-o json` shows all of it.
inline constexpr std::size_t kOutputShownBytesMax = 500;

// With its output, and its sub-workflows below the steps that they carry out, as far as they are
// given. What a saga has left standing is listed once it has ended.
std::string WorkflowTree(const v1::Workflow& workflow, const Descendants& descendants);

// "12 ms", "1.2 s", "3 min 5 s".
std::string DurationText(std::int64_t duration_us);
// "2026-11-21 05:20:01.123Z"; "-" for 0.
std::string TimeText(std::int64_t at_us);

}  // namespace skald::app
