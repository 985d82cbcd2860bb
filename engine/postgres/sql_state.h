// What PostgreSQL's five-letter error codes mean to a caller.
//
// Pure; thread-safe. Codes SK… are raised by the functions of migrations/.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace skald::postgres {

inline constexpr std::string_view kStateFenced = "SK001";
inline constexpr std::string_view kStateUniqueViolation = "23505";

// An error of a statement whose transaction was rolled back:
//   ABORTED             SK001: fenced off
//   NOT_FOUND           SK002
//   INVALID_ARGUMENT    SK003, or a text that the database cannot hold (not UTF-8, a NUL)
//   ALREADY_EXISTS      unique violation
//   UNAVAILABLE         the server is short of something, starting, stopping, read-only, was told
//   to
//                       cancel, or transactions collided: try later
//   RESOURCE_EXHAUSTED  beyond a limit of the server's program
//   INTERNAL            anything else
absl::StatusCode CodeOfSqlState(std::string_view sql_state);

// The same with a message: "<what>: <text> (SQLSTATE …)".
absl::Status StatusOfSqlState(std::string_view what, std::string_view sql_state,
                              std::string_view text);

// The connection ended with this error: whether a commit under way took place is not known.
bool EndsConnection(std::string_view sql_state);

}  // namespace skald::postgres
