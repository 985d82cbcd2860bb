// Migrate: brings the database's schema to what this binary needs.
//
// All missing migrations are applied in one transaction under an advisory lock, so that several
// nodes may start at once and a failure leaves nothing behind. Afterwards partitions are made
// ahead. Thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace skald::postgres {

struct MigrationResult {
  int version_before = 0;  // 0 = there was no schema
  int version = 0;
};

// FAILED_PRECONDITION  the schema is newer than this binary, or the database is not in UTF-8
// UNAVAILABLE, UNKNOWN no connection; lost around the commit
// INVALID_ARGUMENT     malformed URL
// INTERNAL             a migration failed; the message names it
absl::StatusOr<MigrationResult> Migrate(const std::string& database_url);

// OK if the schema is exactly what this binary needs; else FAILED_PRECONDITION says what to do.
absl::Status CheckSchema(const std::string& database_url);

// Makes partitions for the weeks to come. To be called at start and about once a day; when it fails
// there is time to try again.
absl::Status MaintainPartitions(const std::string& database_url);

}  // namespace skald::postgres
