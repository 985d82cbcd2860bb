// Test kit: runs a worker's own handlers under the faults that a distributed system has, and checks
// the effects that they left in the service's database.
//
//   FaultReport report = RunWithFaults(
//       handlers, {.database_url = url,
//                  .action_type = "charge_card", .undo_type = "refund_card",
//                  .input = [](int saga) { return …; },
//                  .ledger_sql = "select step_key, count(*) filter (where delta = 1),"
//                                " count(*) filter (where delta = -1) from ledger group by 1"});
//   EXPECT_THAT(report.violations, IsEmpty());
//
// Every saga is one step. Its action is delivered one to several times, and that of some sagas is
// undone, one to several times too. Deliveries are duplicated, reordered (an undo may come before
// its action), run on many threads at once, held back until after everything else (the lease is
// long gone), sent with a deadline that has passed, and cut off just before or just after their
// commit. What was cut off is delivered again, as the engine would. In the end each saga has to
// have exactly one effect, or none if undone, and all answers to one step have to be the same.
//
// The same seed gives the same deliveries; their interleaving is the machine's. Single-threaded to
// call; the handlers have to be as thread-safe as for a worker.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "workers/sdk/handler_set.h"

namespace skald::sdk {

struct FaultTrial {
  std::string database_url;
  std::string action_type;
  std::string undo_type;
  // Input of the action of saga number n. The handlers have to accept it.
  std::function<std::string(int)> input = [](int) { return std::string("{}"); };
  // Rows (step_key, actions that took effect, undos that took effect) for all step keys there are.
  std::string ledger_sql;

  std::uint64_t seed = 1;
  int sagas = 500;
  int threads = 8;
  int duplicates_max = 3;  // deliveries of one action or undo: 1 to this many
  int reorder_window = 8;  // sagas whose deliveries mix
  int undone_percent = 50;
  int late_percent = 10;     // action deliveries that come after everything else
  int expired_percent = 10;  // action deliveries whose deadline has passed
  int crash_before_percent = 10;
  int crash_after_percent = 10;
};

struct FaultReport {
  int deliveries = 0;
  int crashes = 0;                      // commits cut off
  int replays = 0;                      // answered from the barrier's table
  int nulled = 0;                       // undos that found nothing to undo
  int rejected = 0;                     // actions that came after their undo, or their deadline
  std::vector<std::string> violations;  // empty: all is well; at most kViolationsMax
};

inline constexpr std::size_t kViolationsMax = 50;

// A delivery that was cut off or found the database busy is repeated at most this often.
inline constexpr int kRedeliveriesMax = 100;

// REQUIRES: the database has the handlers' own tables; the barrier's table is created here.
FaultReport RunWithFaults(const HandlerSet& handlers, const FaultTrial& trial);

}  // namespace skald::sdk
