// ConnectionString: what the user gave as --database-url, with the settings that this edge needs.
//
// Pure; thread-safe. Asks libpq to read both forms, "host=… dbname=…" and "postgresql://…".
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace skald::postgres {

// Every session commits durably whatever the server's default is, gives a statement at most 30 s
// and a dead peer at most about as long. What the user set himself stays, "options" is added to.
// INVALID_ARGUMENT: libpq cannot read it; the message does not repeat it, for it may hold a
// password.
absl::StatusOr<std::string> CompleteConnectionString(const std::string& database_url);

}  // namespace skald::postgres
