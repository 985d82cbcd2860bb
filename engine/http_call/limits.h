// Bounds of HTTP steps that no setting changes; those that a deployment may set are HttpOptions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skald::http_call {

// Where refusals say that these stand.
inline constexpr char kLimitsHeader[] = "engine/http_call/limits.h";

inline constexpr std::size_t kUriBytesMax = 16 * 1024;
inline constexpr std::size_t kMethodBytesMax = 32;
inline constexpr std::size_t kRequestHeadersMax = 200;             // lines
inline constexpr std::size_t kRequestHeaderBytesMax = 64 * 1024;   // names and values together
inline constexpr std::size_t kResponseHeaderBytesMax = 64 * 1024;  // of one reply
inline constexpr std::int64_t kTimeoutMsDefault = 3'000;           // connectionTimeOut, readTimeOut
inline constexpr std::size_t kErrorBodyBytesMax = 1'024;  // of a refusal, quoted in its message
inline constexpr std::int64_t kIdleConnectionSecondsMax = 30;  // then it is not used again

}  // namespace skald::http_call
