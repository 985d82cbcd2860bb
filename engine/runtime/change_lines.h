// ChangeLines: what the log says of changes of workflows, once they are durable.
//
// ERROR where a person must act: saga.parked, saga.orphan_effect. WARN for what went wrong and is
// being dealt with: saga.faulted, saga.undo_parked. DEBUG for each event: workflow.changed. Never
// payloads. Single-threaded.
#pragma once

#include <string>
#include <vector>

#include "engine/base/log.h"
#include "engine/core/event.h"
#include "engine/runtime/workflow.h"

namespace skald::runtime {

struct ChangeLine {
  base::LogLevel level = base::LogLevel::kDebug;
  std::string text;  // as base::FormatLogLine made it
};

// The lines of what has just happened to the workflow, whose state is that after the events. Empty,
// and nothing is formatted or allocated, where none of them is to be written at the level in force.
std::vector<ChangeLine> LinesOf(const Workflow& workflow, const std::vector<core::Event>& events);

}  // namespace skald::runtime
