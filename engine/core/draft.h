// Draft: a decision in the making. Emitting an event applies it at once, so that the rest of the
// same decision sees it; chains of server-side steps thus cost one decision.
//
// Single-threaded, lives for one call of Decide. Internal to core.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/core/apply.h"
#include "engine/core/decide.h"

namespace skald::core {

class Draft {
 public:
  // All three outlive the draft.
  Draft(const Definition& definition, State& state, TimeUs now)
      : definition_(definition), state_(state), now_(now) {}

  const Definition& definition() const { return definition_; }
  const State& state() const { return state_; }
  TimeUs now() const { return now_; }

  // Returns the event's seq.
  EventSeq Emit(EventBody body) {
    decision_.events.push_back(Event{state_.seq + 1, now_, std::move(body)});
    Apply(definition_, decision_.events.back(), state_);
    return state_.seq;
  }
  void Ask(Command command) { decision_.commands.push_back(std::move(command)); }
  void Answer(core::Answer answer) { decision_.answer = answer; }

  Decision Finish() && { return std::move(decision_); }

 private:
  const Definition& definition_;
  State& state_;
  const TimeUs now_;
  Decision decision_;
};

}  // namespace skald::core
