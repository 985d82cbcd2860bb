// FloorServer: the thinnest durable dispatcher there can be. Results of one worker stream become
// one history row each in a shared commit; after the commit the next tasks go out. No definitions,
// no JSON, no retries, no recovery.
//
// One commit is in flight at a time; what arrives meanwhile is the next one. Thread-safe inside;
// Run is called once.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace skald::bench {

inline constexpr uint32_t kFloorSteps = 3;

// Serves on a free loopback port until standard input ends; says `port=<n>` on standard output when
// it listens. A commit that fails ends the process: there is nothing behind it to fall back on.
absl::Status RunFloorServer(const std::string& database_url);

}  // namespace skald::bench
