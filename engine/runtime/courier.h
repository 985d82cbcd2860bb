// Courier: carries letters from workflow to workflow: starts of sub-workflows, their ends, requests
// to end.
//
// A letter is carried out by a decision on the other workflow, which is loaded when it is not in
// memory, and answered by a decision on the sender (core::ReportChild). Both decisions join the
// open batch in this order, so the answer is never durable before what it tells; nothing needs them
// to share a batch. What cannot be carried out now (overload, a store that does not answer, a slot
// that is not served here) is tried again after kLetterRetryUs; nothing is lost, because the
// sender's letters count as open until they are answered (letter.h). Single-threaded, works on the
// LoopState it is given.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/runtime/decider.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/loader.h"
#include "engine/runtime/loop_state.h"
#include "engine/runtime/parking.h"

namespace skald::runtime {

class Courier {
 public:
  Courier(LoopState& state, Decider& decider, Loader& loader, Parking& parking)
      : state_(state), decider_(decider), loader_(loader), parking_(parking) {}

  void BeginTick() { left_ = kLettersPerTickMax; }
  // Carries out what has been written, and what follows from it: at most kLettersPerTickMax in one
  // tick.
  void Run();
  // The memory of workflows is dropped.
  void Forget();

  bool has_letters() const { return !state_.letters.empty(); }
  // When Run has to be called again though nothing was written; 0 = never.
  core::TimeUs next_wake_at() const { return later_.empty() ? 0 : later_.begin()->first; }

 private:
  void Deliver(Letter letter);
  void StartChild(Letter letter);
  void TerminateChild(Letter letter);
  void UndoChild(Letter letter);
  void RetryChild(Letter letter);
  void TellParent(Letter letter);

  // Claims the idempotency key of the start, if it has one, then begins.
  void Claim(Letter letter);
  void OnClaimed(Letter letter, const ports::KeyHolder& holder);
  // The workflow to be started is there already.
  void AnswerKnown(const Letter& letter, const Workflow& known);
  void Begin(Letter letter);
  void Resolve(Letter letter);
  void OnResolved(Letter letter,
                  absl::StatusOr<std::shared_ptr<const core::Definition>> definition);
  void BeginWith(const Letter& letter, std::shared_ptr<const core::Definition> definition);

  void Refuse(const Letter& letter, std::string reason);
  // Tells the sender; then the letter is done with.
  void Answer(const Letter& letter, const core::ReportChild& report);
  void Done(const Letter& letter);
  void RetryLater(Letter letter);

  LoopState& state_;
  Decider& decider_;
  Loader& loader_;
  Parking& parking_;
  std::multimap<core::TimeUs, Letter> later_;
  std::size_t left_ = 0;  // letters that this tick still carries out
};

}  // namespace skald::runtime
