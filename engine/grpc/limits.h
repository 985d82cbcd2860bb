// Limits of the gRPC edge: of one request, of one answer, and of what waits for a slow reader.
//
// Constants; thread-safe. Beyond one a call is refused with a message that names it
// (core/bound.h), or a page ends.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/core/limits.h"

namespace skald::grpc_edge {

// Where refusals say that these stand.
inline constexpr char kLimitsHeader[] = "engine/grpc/limits.h";

// ---- requests ----
// Of one payload from a client or a worker. What the server's own runners give back is bounded by
// core::kStepOutputBytesMax; what expressions put together, by core::kPayloadBytesCeiling.
inline constexpr std::size_t kPayloadBytesMax = 10 * 1024 * 1024;
inline constexpr int kStartsMax = 1'000;                   // of one StartMany
inline constexpr int kBulkMax = 1'000;                     // workflows of one bulk call
inline constexpr int kBulkRefusalsMax = 10;                // told of one workflow's upgrade
inline constexpr std::size_t kSignalWorkflowsMax = 1'000;  // asked by one signal
inline constexpr std::uint32_t kExecuteWaitMsMax = 600'000;
inline constexpr int kExecuteReferencesMax = 100;
// Workflows that one call looks at: those beyond are not waited for.
inline constexpr std::size_t kExecuteWorkflowsMax = 1'000;
inline constexpr std::int64_t kExecutionsMax = 10'000;  // calls at once

// ---- pages ----
inline constexpr std::uint32_t kListPageMax = 1'000;        // workflows
inline constexpr std::uint32_t kDefinitionPageMax = 1'000;  // definitions
inline constexpr std::uint32_t kHistoryPageMax = 10'000;    // events
// Tasks in one answer to Get; none is added when their payloads have so many bytes already.
inline constexpr std::uint32_t kTaskPageMax = 5'000;
inline constexpr std::size_t kTaskPageBytesMax = 64 << 20;

// ---- workers ----
inline constexpr std::size_t kEntriesPerMessageMax = 1'000;  // of each kind but assignments
inline constexpr std::size_t kAssignmentsPerMessageMax = 256;
inline constexpr int kTaskTypesMax = 256;
inline constexpr std::uint32_t kCreditsMax = 100'000;
inline constexpr std::uint32_t kLeaseMsMax = 3'600'000;
inline constexpr std::size_t kIncarnationBytesMax = 64;
inline constexpr std::size_t kProgressBytesMax = 1'024;    // longer ones are cut
inline constexpr std::size_t kPendingBytesMax = 64 << 20;  // not yet read by one worker
inline constexpr std::size_t kLogLinesMax = 10'000;        // waiting to be stored
inline constexpr std::size_t kLogLinesPerTaskMax = 100;
inline constexpr std::size_t kLogLineBytesMax = 4'096;

// ---- watchers ----
// Told and not yet written. What the watcher asked for of the past does not count: a history is
// bounded itself (core/limits.h), and written before anything else is told.
inline constexpr std::size_t kWatchNoticesMax = 100'000;
inline constexpr std::size_t kWatchBytesMax = 64 << 20;
inline constexpr std::size_t kNoticesPerMessageMax = 500;

static_assert(kPayloadBytesMax < core::kPayloadBytesCeiling);

}  // namespace skald::grpc_edge
