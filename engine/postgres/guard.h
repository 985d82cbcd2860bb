// Guard: the one place of this edge where exceptions of libpqxx end.
//
// Thread-safe; keeps nothing.
#pragma once

#include <functional>
#include <string_view>

#include "absl/status/status.h"

namespace skald::postgres {

// How far a transaction is, kept by the guarded function as it goes along.
enum class Phase { kConnect, kBody, kCommit };

struct Guarded {
  absl::Status status;
  bool connection_lost = false;
};

// Runs `body` and turns what it throws into a Status:
//   UNKNOWN      the connection was lost, or gave no answer, while in kCommit
//   UNAVAILABLE  it was lost earlier: nothing was written
//   otherwise    CodeOfSqlState; exceptions of our own making are INTERNAL
Guarded Guard(std::string_view what, const Phase& phase, const std::function<absl::Status()>& body);

}  // namespace skald::postgres
