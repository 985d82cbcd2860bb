// Limits of scripts and jq programs, and of the processes that run them.
//
// Constants and defaults; what a deployment may set is in ScriptRunnerOptions (script_runner.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/core/limits.h"

namespace skald::script {

// Where refusals say that these stand.
inline constexpr char kLimitsHeader[] = "engine/script/limits.h";

// ---- one evaluation ----
inline constexpr std::uint32_t kEvaluationMsMax = 4'000;  // conductor.md 2.17
// How long a host may go on after that before it is killed; it should have interrupted itself.
inline constexpr std::uint32_t kOverrunMs = 250;
// How long a canceled evaluation may go on before its host is killed: most end by themselves.
inline constexpr std::uint32_t kCancelGraceMs = 20;
inline constexpr std::size_t kMemoryBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kSourceBytesMax = 256 * 1024;
inline constexpr std::size_t kErrorBytesMax = 2'048;  // longer messages of scripts are cut
inline constexpr std::size_t kJsonDepthMax = core::kJsonDepthMax;
inline constexpr std::size_t kNativeStackBytesMax = 512 * 1024;

// ---- scripts that are only parsed, before their definition is stored ----
inline constexpr std::uint32_t kCheckMsMax = 2'000;      // all of one definition
inline constexpr std::uint32_t kCheckWaitMsMax = 5'000;  // for a host, and its answer

// ---- a host ----
// What a host may take besides the evaluation: compiled scripts, the frames in its hands.
inline constexpr std::size_t kHostOverheadBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kCachedScriptsMax = 256;
inline constexpr std::size_t kCachedProgramsMax = 64;  // jq: 30 ms and 1 MiB each
inline constexpr std::size_t kCachedSourceBytesMax = 4 * 1024 * 1024;
// Garbage is collected between evaluations, after so many of them or so many bytes.
inline constexpr std::uint32_t kEvaluationsPerCollection = 100;
inline constexpr std::size_t kHeapBytesBeforeCollection = 8 * 1024 * 1024;

// ---- the pool ----
inline constexpr std::size_t kHosts = 2;
inline constexpr std::size_t kHostsMax = 6;       // while scripts that loop hold others up
inline constexpr std::uint32_t kSlowMs = 20;      // an evaluation that takes longer is slow
inline constexpr std::uint32_t kSpareMs = 5'000;  // an extra host that is idle so long is ended
inline constexpr std::size_t kTasksMax = 10'000;  // waiting and running
// So many times an evaluation begins again because a stranger ended its host.
inline constexpr std::uint32_t kHostLossesMax = 3;
inline constexpr std::uint32_t kHostStartMsMax = 10'000;
inline constexpr std::uint32_t kStartBackoffMsMin = 50;
inline constexpr std::uint32_t kStartBackoffMsMax = 5'000;
// So many failed starts in a row, with no host alive, fail the tasks that wait.
inline constexpr std::uint32_t kFailedStartsMax = 3;

// ---- frames ----
inline constexpr std::size_t kFrameBytesMax =
    core::kPayloadBytesCeiling + kSourceBytesMax + 64 * 1024;

static_assert(kCheckMsMax < kCheckWaitMsMax);
static_assert(kHosts <= kHostsMax);
static_assert(kErrorBytesMax <= core::kReasonBytesMax);

}  // namespace skald::script
