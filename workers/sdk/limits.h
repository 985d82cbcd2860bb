// Every bound of the worker's side of the protocol (docs/worker-protocol.md), in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skald::sdk {

// ---- of the protocol ----
inline constexpr int kEntriesPerMessageMax = 1'000;  // of each kind
inline constexpr std::uint32_t kHeldMax = 100'000;   // tasks in a hello
inline constexpr std::size_t kReasonBytesMax = 4'096;
inline constexpr std::size_t kProgressBytesMax = 1'024;
inline constexpr std::size_t kLogBytesMax = 4'096;
inline constexpr int kLogLinesPerTaskMax = 100;
inline constexpr std::int64_t kWelcomeTimeoutMs = 10'000;
inline constexpr int kSilentPingIntervalsMax = 3;

// ---- of this library ----
// A message is closed once its results exceed this, so that receipts and pings need not wait long.
inline constexpr std::size_t kMessageBytesTarget = 1 << 20;
// Room for everything in a message that is not a result's output.
inline constexpr std::size_t kMessageBytesSpare = 256 << 10;
inline constexpr std::uint32_t kCreditsMax = 50'000;
// Answers that the server has not acknowledged: beyond this no further tasks are asked for.
inline constexpr std::size_t kUnacknowledgedMax = 50'000;
inline constexpr std::size_t kLogLinesPendingMax = 10'000;  // beyond it the oldest go
// A receipt that no result made unnecessary goes out after this long.
inline constexpr std::int64_t kReceiptDelayMs = 100;
inline constexpr std::int64_t kPingIntervalMsMin = 10;
inline constexpr std::int64_t kHeartbeatIntervalMsMin = 100;
inline constexpr std::int64_t kReconnectDelayMsFirst = 100;
inline constexpr std::int64_t kReconnectDelayMsMax = 10'000;
inline constexpr std::int64_t kRetryAfterMsMin = 10;
inline constexpr std::int64_t kRetryAfterMsMax = 60'000;
// How long a stream lingers for receipts after its node said that it goes away.
inline constexpr std::int64_t kNodeDrainLingerMs = 500;
// How long a drained worker waits for the server to close the stream.
inline constexpr std::int64_t kIdleDrainLingerMs = 500;
// The loop looks around at least this often, also for a drain that was asked for.
inline constexpr std::int64_t kLoopIntervalMsMax = 100;
inline constexpr int kResponseBytesMax = 64 << 20;
// Inline handlers: how long finished results are gathered before they are sent.
inline constexpr std::int64_t kInlineGatherUs = 1'000;

static_assert(kUnacknowledgedMax + kCreditsMax <= kHeldMax, "all that is held fits into a hello");
static_assert(kReceiptDelayMs < 1'000 / 3, "a receipt has to be in time for the shortest lease");

}  // namespace skald::sdk
