// Letter: something that one workflow asks of another, on its way (core/decide.h: commands about
// other workflows).
//
// A value. While letters of a workflow are open it stays in memory, and is stored as one that has
// to be loaded after a recovery: then its letters are written again (core::OpenCommands). Bounded
// by the tasks of the workflows in memory.
#pragma once

#include <variant>

#include "engine/core/decide.h"

namespace skald::runtime {

struct Letter {
  core::WorkflowId sender;
  std::variant<core::StartChild, core::TerminateChild, core::UndoChild, core::TellParent,
               core::RetryChild>
      body;
};

// Its failure workflow is to be started, or a sub-workflow is to end with it.
inline bool OwedByEnd(const core::StartChild& start) { return start.task == 0; }
inline bool OwedByEnd(const core::TerminateChild&) { return true; }
template <typename Body>
bool OwedByEnd(const Body&) {
  return false;
}
inline bool OwedByEnd(const Letter& letter) {
  return std::visit([](const auto& body) { return OwedByEnd(body); }, letter.body);
}

}  // namespace skald::runtime
