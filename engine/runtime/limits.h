// The runtime's bounds that are not settings (those are in EngineOptions): pages, paces and delays.
//
// Constants; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/core/types.h"

namespace skald::runtime {

// ---- reading from the journal ----
inline constexpr std::size_t kActivePageSize = 500;  // workflows per LoadActive
inline constexpr std::size_t kDuePageSize = 1'000;   // workflows per LoadDue
inline constexpr std::size_t kStartRequestsPageSize = 500;
inline constexpr std::size_t kLoadsInFlightMax = 64;    // single workflows being loaded at once
inline constexpr std::size_t kLoadWaitersMax = 20'000;  // requests that wait for a load
// Parked workflows are loaded before they are due, so that their timers fire in time: at the latest
// kPrefetchMinUs before, together with all that is due until kPrefetchMaxUs from then, so that the
// store is asked once in the difference. At most park_after_us, else what parks meanwhile may be
// due within what was read already, and that has to be read again.
inline constexpr core::DurationUs kPrefetchMinUs = 4 * core::kSecondUs;
inline constexpr core::DurationUs kPrefetchMaxUs = 5 * core::kSecondUs;

// ---- payloads ----
// From this size on a payload is stored once, beside the rows and snapshots that name it.
inline constexpr std::size_t kPayloadApartBytes = 64 * 1024;

// ---- retention ----
inline constexpr std::uint32_t kRemovedPerCallMax = 500;  // workflows, beside whole spans of time
inline constexpr core::DurationUs kRemovalEveryUs = 5 * 60 * core::kSecondUs;
// While there is more to remove.
inline constexpr core::DurationUs kRemovalPaceUs = core::kSecondUs;

// ---- task definitions of steps made at run time ----
inline constexpr std::size_t kQuestionsInFlightMax = 1'000;  // workflows that wait for an answer
inline constexpr std::size_t kAsksWaitingMax = 20'000;       // asks that wait for the reader
inline constexpr std::size_t kTaskDefinitionsKept = 10'000;  // names in memory

// A domain whose last worker left this long ago still counts as active (conductor.md 3.4).
inline constexpr core::DurationUs kDomainActiveUs = 10 * core::kSecondUs;

// ---- limits of task definitions ----
inline constexpr std::size_t kLimitedDefinitionsMax = 100'000;                 // that have any
inline constexpr core::DurationUs kLimitsLookUs = 100 * core::kMillisecondUs;  // for changes
// Windows up to this long count as used up when a node begins, because what another process started
// is not known; of longer ones, what is still in progress counts.
inline constexpr core::DurationUs kWindowAssumedUs = 60 * core::kSecondUs;

// ---- paces of one tick: the rest waits for the next one, after a commit could begin ----
// Timers of one moment form several batches, so that the first of them is being stored while the
// next are decided.
inline constexpr std::size_t kTimersPerTickMax = 500;
inline constexpr std::size_t kLeasesPerTickMax = 4'000;
inline constexpr std::size_t kRequestsPerTickMax = 20'000;
inline constexpr std::size_t kMatchesPerTickMax = 20'000;
inline constexpr std::size_t kLettersPerTickMax = 20'000;
inline constexpr std::size_t kAdmissionsPerTickMax = 4'000;

// GET_WORKFLOW and UPDATE_TASK steps that are carried out at once.
inline constexpr std::size_t kWorkflowStepsAtOnceMax = 1'000;

// ---- delays ----
inline constexpr core::DurationUs kCommitRetryMinUs = 10 * core::kMillisecondUs;
inline constexpr core::DurationUs kCommitRetryMaxUs = core::kSecondUs;
inline constexpr core::DurationUs kJournalRetryUs = 500 * core::kMillisecondUs;
// A timer that fired without effect is tried again after this: it must not spin.
inline constexpr core::DurationUs kIdleTimerRetryUs = core::kSecondUs;
// A letter to another workflow that could not be carried out is tried again after this.
inline constexpr core::DurationUs kLetterRetryUs = 100 * core::kMillisecondUs;
// Queues and open workflows are shown to the metrics this often.
inline constexpr core::DurationUs kSampleUs = core::kSecondUs;
// After this many commits in a row that failed as INTERNAL or by size, the node gives up: reloading
// would only decide the same again.
inline constexpr int kBrokenCommitsMax = 5;

// Refusals are told in the log at most this often, with their number.
inline constexpr core::DurationUs kRefusalLineUs = core::kSecondUs;

// Retry delays told to callers.
inline constexpr core::DurationUs kOverloadDelayUs = 100 * core::kMillisecondUs;
inline constexpr core::DurationUs kRecoveryDelayUs = 200 * core::kMillisecondUs;

// Starts are refused from this share of uncommitted_bytes_max on (in percent), so that results of
// workers still find room.
inline constexpr std::size_t kStartsShareMax = 50;

// A parent leaves memory when none of its open sub-workflows is there. At most so many are looked
// at: leaving too early costs a load, no more.
inline constexpr std::size_t kChildrenLookedAtMax = 64;

// Rough size of an event in a row beside its payloads, to bound a batch before it is encoded.
inline constexpr std::size_t kEventOverheadBytes = 160;

}  // namespace skald::runtime
