// Probes: how often each rare path was met. A full run that never met one proves less than it says,
// and fails.
//
// Single-threaded.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace skald::sim {

enum class Probe : std::uint8_t {
  kCommitUnavailable,
  kCommitUnknownWritten,
  kCommitUnknownLost,
  kNodeCrashed,
  kNodeLost,
  kShardsTakenOver,
  kWorkerDied,
  kRedelivered,
  kSupersededReceipt,
  kCancelSuperseded,
  kLateEffect,
  kSealedAction,
  kNullCompensation,
  kParkedSaga,
  kParkedWorkflowWoken,
  kStartRepeated,
  kStartedTwiceSameKey,
  kSqlStart,
  kReceiptRetry,
  kUndone,
  kPersonPaused,
  kTerminated,
  kOperated,
  kSignaled,
  kStepsMade,
  kSubWorkflow,
  kChildUndone,
  kParkedForChild,
  kStartedByWorkflow,
  kFailureWorkflow,
  kRestarted,
  kRetried,
  kRetriedByParent,
  kRerun,
  kReopenedForChild,
  kPlacesUsedUp,
  kTakenInADomain,
  kCount,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Probe::kCount)> kProbeNames =
    {"commit unavailable",
     "commit unknown, written",
     "commit unknown, lost",
     "node crashed",
     "node lost its lease",
     "shards taken over",
     "worker died",
     "task delivered again",
     "result superseded",
     "cancel of a superseded task",
     "effect after the lease",
     "action sealed",
     "null compensation",
     "saga parked",
     "parked workflow woken",
     "start repeated",
     "same key started twice",
     "start from SQL",
     "receipt says send again",
     "workflow undone",
     "paused by a person",
     "terminated",
     "operated",
     "signaled",
     "steps made at run time",
     "sub-workflow",
     "sub-workflow undone for its parent",
     "parked for a sub-workflow",
     "started by a workflow",
     "failure workflow",
     "restarted",
     "retried",
     "retried for its parent",
     "rerun",
     "gone on with for a sub-workflow",
     "concurrency limit used up",
     "task of a domain"};

class Probes {
 public:
  void Met(Probe probe) { ++counts_[static_cast<std::size_t>(probe)]; }
  std::uint64_t count(Probe probe) const { return counts_[static_cast<std::size_t>(probe)]; }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Probe::kCount)> counts_ = {};
};

}  // namespace skald::sim
