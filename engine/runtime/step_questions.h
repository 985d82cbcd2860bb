// StepQuestions: what workflows ask about steps that they are to make (core::ResolveSteps), and the
// answers on their way back.
//
// What is in memory is answered in the same tick. A question is asked before its batch is durable:
// it changes nothing. One that finds no answer is asked again after kJournalRetryUs; at most
// kQuestionsInFlightMax are under way, the others wait in order. What is dropped with the memory of
// workflows is asked again by those who adopt them. Single-threaded, works on the LoopState it is
// given.
#pragma once

#include <cstddef>
#include <deque>

#include "absl/status/statusor.h"
#include "engine/runtime/decider.h"
#include "engine/runtime/loader.h"
#include "engine/runtime/loop_state.h"

namespace skald::runtime {

class StepQuestions {
 public:
  StepQuestions(LoopState& state, Decider& decider, Loader& loader)
      : state_(state), decider_(decider), loader_(loader) {}

  // Asks what came up since the last call.
  void Tick();
  core::TimeUs next_wake_at() const { return retry_at_; }
  void Forget();

 private:
  void Ask(StepQuestion question);
  void OnAnswer(StepQuestion question, absl::StatusOr<core::TaskDefinitions> answer);
  void Tell(const StepQuestion& question, core::TaskDefinitions definitions);

  LoopState& state_;
  Decider& decider_;
  Loader& loader_;
  std::size_t in_flight_ = 0;
  std::deque<StepQuestion> again_;  // those that found no answer
  core::TimeUs retry_at_ = 0;       // when they are asked again
};

}  // namespace skald::runtime
