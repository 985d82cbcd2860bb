// Wait times: the texts of a WAIT step (conductor.md 2.13). Used when a definition is registered
// and again when an expression has given the text.
//
// Pure, thread-safe. UTC unless the text says otherwise.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/core/types.h"

namespace skald::core {

// Days, hours, minutes, seconds in that order, each optional: "1 day 2h 30 minutes", "90s". Whole
// numbers, any case. INVALID_ARGUMENT: anything else, the empty text, more than
// kDurationSecondsMax.
absl::StatusOr<DurationUs> ParseWaitDuration(std::string_view text);

// "yyyy-MM-dd", "yyyy-MM-dd HH:mm" or "yyyy-MM-dd HH:mm z", where z is UTC, GMT, Z, or an offset
// like +02:00, +0200 or GMT+2. INVALID_ARGUMENT: anything else, no such day, or another named zone
// (the engine carries no zone tables).
absl::StatusOr<TimeUs> ParseWaitUntil(std::string_view text);

}  // namespace skald::core
