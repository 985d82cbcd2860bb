// The history checker: does a workflow's history keep the invariants of saga.md 2.16?
//
// Pure, thread-safe. Reads the events and the pinned definition, and nothing that the engine
// derived from them: the causal order is worked out again from control flow and data references,
// outcomes from the attempts. The one exception is the text of an undo input, finished by
// saga_input.h. Works on whole histories and on those of running workflows, cut at the end of any
// decision. Cost: O(events + edges of the causal order).
//
// Not checked here: I16 (needs the histories of two workflows; the decision does not close an undo
// otherwise), I18 (generations are not built), I20
// (needs the participants' ledgers), the replay half of I19 (tests fold histories again).
#pragma once

#include <string>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/event.h"

namespace skald::core {

struct Violation {
  std::string invariant;  // "I6"; "O2", "O3", "2.13", "END" for rules without a number
  EventSeq seq = 0;       // the event that breaks it; 0: something is missing
  std::string message;
  friend bool operator==(const Violation&, const Violation&) = default;
};

// In order of discovery, at most kViolationsMax. Empty: nothing found. `definition`: the one that
// the workflow began with; an event that goes over to another one without having it (SetDefinition)
// is reported, and nothing that follows is looked at.
std::vector<Violation> CheckHistory(const Definition& definition, const std::vector<Event>& events);

inline constexpr std::size_t kViolationsMax = 100;

}  // namespace skald::core
