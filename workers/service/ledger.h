// The ledger of effects that every sample service keeps, so that a test can count what happened to
// each order, and the switches by which an order's own data makes a step slow or fail.
//
// Functions of the transaction or task they are given; they throw what libpqxx throws, inside
// handlers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "workers/sdk/handler_set.h"

namespace skald::service {

// One row per effect: an action is +1, its undo -1, under the same step key. A finished step sums
// up to 1, an undone one to 0, and no step has two rows of the same sign.
inline constexpr char kLedgerSchema[] = R"sql(
create table if not exists ledger (
  id          bigint generated always as identity primary key,
  order_id    text not null,
  workflow_id text not null,
  step_key    text not null,
  operation   text not null,   -- the task type
  delta       int  not null,
  at          timestamptz not null default clock_timestamp());
)sql";

// Rows (step key, actions, undos), as the test kit wants them.
inline constexpr char kLedgerCounts[] =
    "select step_key, count(*) filter (where delta > 0), count(*) filter (where delta < 0) "
    "from ledger group by 1";

// Adds a row for the task's step: +1 for an action, -1 for an undo.
void Record(sdk::Task& task, sdk::Transaction& work, const std::string& order_id);

// The order that a task belongs to: "orderId" of the action's input, otherwise the workflow's id.
std::string OrderOf(sdk::Task& task);

// A member of the action's input, also when the task is its undo: "" or 0 if it is not there.
std::string TextOf(sdk::Task& task, std::string_view member);
std::int64_t NumberOf(sdk::Task& task, std::string_view member);

// Does what the action's input asks for:
//   processingMs      takes that long; answers CANCELED when cancelled meanwhile
//   failAttempts      an action fails that many times before it succeeds
//   undoFailAttempts  so does an undo
// Returns the result to give, or nothing to go on.
std::optional<sdk::Result> ObeySwitches(sdk::Task& task);

}  // namespace skald::service
