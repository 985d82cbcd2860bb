// Barrier: runs a step's action and its undo exactly once each, in whatever order, number and at
// whatever time their deliveries arrive (saga.md 3.4).
//
//   Barrier barrier(session);
//   auto reply = barrier.Action({.step_key = key, .payload_digest = digest}, [&](Transaction& work)
//   {
//     work.exec_params("update account set cents = cents - $1 where id = $2", cents, id);
//     return Result::Completed(R"({"charged": true})");
//   });
//
// How: the first statement of the transaction claims a row (step_key, op) in the table of
// barrier_schema.h, the user's statements follow, the last one stores the response beside the
// claim; all commit together or not at all. Who comes second waits for the first one's fate, then
// finds the row: an action is answered with the stored response, an undo too. An undo also claims
// the action's row: if that was free, the action never took effect, and now never will (sealed;
// "null compensation"). Deadlocks from the barrier alone are impossible: an action holds its own
// row only, an undo takes its own, then the action's, and no other lock before that.
//
// The effects have to be in the same database as the table. Calls to other systems are not undone
// by a rollback: give them `idempotency_key`.
//
// Single-threaded, as its session. Errors of all methods:
//   UNAVAILABLE  nothing took effect by this call; try again (see PgSession for the causes)
//   UNKNOWN      the commit is in doubt: report nothing about the effect; a second delivery finds
//   out FAILED_PRECONDITION  misuse: the step key was used before with another payload INTERNAL the
//   function threw, or its SQL failed, or its response is no JSON: rolled back
// A function that returns anything but Result::Completed makes the barrier roll back and pass its
// result on: then nothing happened, and the effect says so.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/sdk/pg_session.h"
#include "workers/sdk/result.h"

namespace skald::sdk {

// What an effect is stored under. Views: they must live as long as the call.
struct BarrierCall {
  std::string_view step_key;
  std::string_view payload_digest = {};  // PayloadDigest(); used by actions
  std::uint64_t fence = 0;               // kept for people
  std::int64_t not_after_us = 0;         // by the database's clock; 0 = no deadline
};

class Barrier {
 public:
  // Runs again after a serialization failure or a deadlock; the transaction is the barrier's to
  // end.
  using ActionFunction = std::function<Result(Transaction&)>;
  // The second argument is the response that the action stored.
  using UndoFunction = std::function<Result(Transaction&, std::string_view)>;

  // REQUIRES: `session` outlives the barrier, and its database has the table.
  explicit Barrier(PgSession& session);

  // Verdicts: kDone; kReplayed with the stored response; kRejected (the key is sealed: terminal; or
  // `not_after_us` has passed: may be tried again), both without an effect.
  absl::StatusOr<Result> Action(const BarrierCall& call, const ActionFunction& function);

  // Verdicts: kDone; kReplayed; kNulled (also when repeated).
  absl::StatusOr<Result> Undo(const BarrierCall& call, const UndoFunction& function);

  // Undo without a function: makes sure that an action which has not taken effect never will.
  // Returns kNulled, or FAILED_PRECONDITION when the action took effect: then only an undo helps.
  absl::StatusOr<Result> Seal(const BarrierCall& call);

  // Looks whether the action took effect. Returns kApplied, kNone (sealed) or kUnknown: an action
  // in flight cannot be seen.
  absl::StatusOr<Effect> Look(const BarrierCall& call);

  // Settles whether the action took effect: kApplied, or kNone, after which it never will.
  absl::StatusOr<Effect> Probe(const BarrierCall& call);

 private:
  PgSession& session_;
};

}  // namespace skald::sdk
