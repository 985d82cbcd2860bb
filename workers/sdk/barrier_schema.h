// The barrier's table in the service's own database, and its retention.
//
// One plain table with the primary key (step_key, op). It is not partitioned by day: PostgreSQL can
// hold a unique key only over the partition key, and uniqueness over *all* days is what the barrier
// lives on. Retention is ExpireBarrierRows instead, in bounded batches along a BRIN index that
// costs next to nothing to keep.
//
// Functions of the session they are given; errors as PgSession::Transact.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/sdk/pg_session.h"

namespace skald::sdk {

// Rows may go this long after they were written. It has to exceed the longest time between a step
// and its undo, and the engine's dispatch deadlines (not_after) with a margin.
inline constexpr int kBarrierRetentionDays = 7;

// At most this many rows go per call of ExpireBarrierRows.
inline constexpr int kBarrierExpireRowsMax = 10'000;

// Creates the table `saga_barrier` and its index where they are missing. Any number of services may
// do so at once: an advisory lock orders them. Takes no lock on a table that exists.
absl::Status CreateBarrierTable(PgSession& session);

// Deletes up to kBarrierExpireRowsMax rows whose time is over and returns how many; call it again
// while it returns that number. Waits for nobody: rows that are locked stay for the next call.
absl::StatusOr<std::int64_t> ExpireBarrierRows(PgSession& session);

}  // namespace skald::sdk
