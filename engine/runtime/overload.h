// Refusals that tell when to come back.
//
// Pure functions; thread-safe. OverloadError itself is declared in engine.h.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "engine/core/types.h"

namespace skald::runtime {

// The status with a retry delay attached under kRetryDelayUrl.
absl::Status WithRetryDelay(absl::Status status, core::DurationUs delay_us);

// UNAVAILABLE with the delay of a recovery.
absl::Status ComeBackLater(std::string_view why);

// The delay that a status carries; empty when it has none.
std::optional<core::DurationUs> RetryDelayUs(const absl::Status& status);

}  // namespace skald::runtime
