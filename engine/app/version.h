// The version of this binary.
#pragma once

namespace skald::app {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace skald::app
