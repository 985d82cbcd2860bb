// Timeline: what happened in a rehearsal, for people and for the comparison with the expected end.
//
// Pure; thread-safe.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/rehearsal.h"
#include "engine/rehearsal/stage.h"

namespace skald::rehearsal {

// One entry per event, in the order in which they happened.
std::vector<ports::RehearsalEntry> MakeTimeline(const Stage& stage);

// What is compared of one workflow's history.
struct Course {
  // References (with __n inside a loop) of steps that a worker, a runner or another workflow was
  // given, in the order of their first starts.
  std::vector<std::string> executed;
  std::vector<std::string> undone;                 // in the order in which their undo ended
  std::map<std::string, core::TaskNumber> newest;  // by reference: the newest attempt of the step
};
Course CourseOf(const Recording& recording);

}  // namespace skald::rehearsal
