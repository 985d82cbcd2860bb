// Enum names: the texts under which enums are stored, and the way back.
//
// Pure, thread-safe. Texts are never changed; new values may be added.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/core/state.h"

namespace skald::codec {

std::string_view TextOf(core::FaultCause cause);
std::string_view TextOf(core::Resolution resolution);
std::string_view TextOf(core::TimerKind kind);
std::string_view TextOf(core::UndoPhase phase);
std::string_view TextOf(core::Reopening kind);

// Those that the core names itself.
template <typename Enum>
std::string_view TextOf(Enum value) {
  return core::Name(value);
}

// nullopt when no value has that text. Enums count from 0 without gaps; behind the last one the
// text is empty.
template <typename Enum>
std::optional<Enum> ValueOf(std::string_view text) {
  for (std::uint8_t number = 0;; ++number) {
    const auto value = static_cast<Enum>(number);
    const std::string_view name = TextOf(value);
    if (name.empty()) return std::nullopt;
    if (name == text) return value;
  }
}

}  // namespace skald::codec
