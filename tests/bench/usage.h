// What a run costs: processor time and memory of processes, counters of a database.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/database.h"

namespace skald::bench {

// User and system time of one process so far, in microseconds; 0 when it is gone. The kernel counts
// in steps of 10 ms.
int64_t ProcessCpuUs(pid_t pid);

// The same for a process and its children, living and ended: a PostgreSQL server and its backends.
int64_t ProcessTreeCpuUs(pid_t pid);

double ResidentMib(pid_t pid);

// Counters of one database and of the write-ahead log, growing only.
struct DatabaseCounters {
  double transactions =
      0;  // committed and rolled back, as pg_stat_database has them (up to 1 s late)
  double write_transactions = 0;  // transaction ids given out in the whole cluster, exact
  double wal_bytes = 0;           // of the whole cluster, exact
  double statements = 0;          // all statements, as pg_stat_statements has them
  double reads = 0;               // those of them that SELECT, the node's fence and lease aside
};

// Reads the counters of `database` over a connection to another database of the same cluster, so
// that the reading is not counted. REQUIRES: extension pg_stat_statements in that other database.
absl::StatusOr<DatabaseCounters> ReadCounters(Database& maintenance, const std::string& database);

}  // namespace skald::bench
