#include "engine/postgres/sql_state.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"

namespace skald::postgres {
namespace {

struct Meaning {
  std::string_view prefix;  // of the SQLSTATE; the first that fits counts
  absl::StatusCode code;
};

constexpr std::array kMeanings = {
    Meaning{kStateFenced, absl::StatusCode::kAborted},
    Meaning{"SK002", absl::StatusCode::kNotFound},
    Meaning{"SK003", absl::StatusCode::kInvalidArgument},
    Meaning{kStateUniqueViolation, absl::StatusCode::kAlreadyExists},
    Meaning{"08", absl::StatusCode::kUnavailable},         // connection
    Meaning{"22021", absl::StatusCode::kInvalidArgument},  // not in the encoding
    Meaning{"22P05", absl::StatusCode::kInvalidArgument},  // cannot be translated
    Meaning{"25006", absl::StatusCode::kUnavailable},      // read-only: a standby
    Meaning{"40", absl::StatusCode::kUnavailable},         // serialization, deadlock
    Meaning{"53", absl::StatusCode::kUnavailable},         // disk, memory, connections
    Meaning{"54", absl::StatusCode::kResourceExhausted},
    Meaning{"55P03", absl::StatusCode::kUnavailable},  // lock not had in time
    Meaning{"57", absl::StatusCode::kUnavailable},     // operator, shutdown, start-up, cancel
    Meaning{"58", absl::StatusCode::kUnavailable},     // input or output failed
};

}  // namespace

absl::StatusCode CodeOfSqlState(std::string_view sql_state) {
  const auto* const found =
      std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& meaning) {
        return sql_state.substr(0, meaning.prefix.size()) == meaning.prefix;
      });
  return found == kMeanings.end() ? absl::StatusCode::kInternal : found->code;
}

absl::Status StatusOfSqlState(std::string_view what, std::string_view sql_state,
                              std::string_view text) {
  return absl::Status(CodeOfSqlState(sql_state),
                      fmt::format("{}: {} (SQLSTATE {})", what, text, sql_state));
}

bool EndsConnection(std::string_view sql_state) {
  return sql_state.substr(0, 3) == "57P" || sql_state.substr(0, 2) == "08";
}

}  // namespace skald::postgres
