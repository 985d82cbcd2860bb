// States as stored: the snapshot of a workflow, one JSON object.
//
// Pure functions; thread-safe. A snapshot spares reading the history again and can be thrown away:
// the history is the truth. `version` names the format; a snapshot of another version is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/core/state.h"
#include "engine/ports/journal.h"

namespace skald::codec {

// Raised whenever a field of State changes its meaning or a new one cannot be left at its default.
inline constexpr std::int32_t kStateVersion = 1;

// All of the state.
std::string EncodeState(const core::State& state);

// `apart`: what EncodeStateApart left out. Errors: INVALID_ARGUMENT for what neither wrote;
// FAILED_PRECONDITION for a newer release's version.
absl::StatusOr<core::State> DecodeState(const core::Definition& definition, std::string_view text,
                                        const ports::Payloads& apart = {});

}  // namespace skald::codec
