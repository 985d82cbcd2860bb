// Bound: how every refusal of a bound names it, so that whoever reads the message finds it in
// docs/limits.md and in `skald admin limits`, and knows what raises it.
//
// Pure functions; thread-safe.
//
//   "more than kStepsMax (2000; fixed in engine/core/limits.h) steps"
//   "at most http_response_bytes_max (1048576; raised by --http-response-bytes-max)"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skald::core {

// A constant. `file`: the header that it stands in; a server with another value is built anew.
std::string FixedBound(std::string_view name, std::uint64_t value,
                       std::string_view file = "engine/core/limits.h");

// A setting of the server, by its name in snake_case.
std::string SettingBound(std::string_view name, std::uint64_t value);

// The option that sets it: "inbox_max" gives "--inbox-max".
std::string OptionOf(std::string_view setting);

// What the author of a definition can do about a bound of one workflow.
inline constexpr char kBoundHint[] = ": put part of the work into sub-workflows";

}  // namespace skald::core
