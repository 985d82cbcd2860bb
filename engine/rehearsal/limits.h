// Bounds of one rehearsal. Mocks may ask for lower ones.
//
// Constants; thread-safe.
#pragma once

#include <cstddef>

#include "engine/core/types.h"

namespace skald::rehearsal {

// Where refusals say that these stand.
inline constexpr char kLimitsHeader[] = "engine/rehearsal/limits.h";

inline constexpr std::size_t kMocksBytesMax = 4 << 20;
inline constexpr std::size_t kMockResultsMax = 10'000;  // over all lists
inline constexpr std::size_t kPlannedActionsMax = 1'000;
inline constexpr std::size_t kDefinitionsMax = 1'000;  // brought along
// Of all workflows together. An endless loop ends here.
inline constexpr std::size_t kRehearsalEventsMax = 50'000;
inline constexpr core::DurationUs kVirtualTimeUsMax =
    10LL * 366 * 24 * 3'600 * core::kSecondUs;  // ten years
// Tasks that are carried out for real (scripts, jq), and the time that all of them may take.
inline constexpr std::size_t kRealTasksMax = 1'000;
inline constexpr core::DurationUs kRealTimeUsMax = 20 * core::kSecondUs;
inline constexpr std::size_t kResultTextMax = 400;  // characters of RehearsalEntry::result

}  // namespace skald::rehearsal
