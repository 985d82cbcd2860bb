// Plain words of the engine that everything above shares: statuses, effects, numbers.
//
// Immutable values; thread-safe. Sources: conductor.md 3.1 (statuses), saga.md 2.3 (effects), 2.13
// (saga statuses).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/ids.h"

namespace skald::core {

// Microseconds since the Unix epoch, on the database's clock. 0 = not set.
using TimeUs = std::int64_t;
// Microseconds of duration.
using DurationUs = std::int64_t;

inline constexpr DurationUs kMillisecondUs = 1'000;
inline constexpr DurationUs kSecondUs = 1'000'000;

// A workflow: a UUIDv7, whose low 16 bits are its slot (architecture: slots).
using WorkflowId = base::Uuid;

// Position of an event in its workflow's history, from 1, gap-free.
using EventSeq = std::uint64_t;

// Position of a step in Definition::steps.
using StepIndex = std::uint32_t;
inline constexpr StepIndex kNoStep = 0xFFFFFFFF;

// A task (one attempt) within its workflow, from 1 in order of scheduling. 0 = none.
using TaskNumber = std::uint32_t;

// A step run within its workflow (one step of one iteration and generation, over all its attempts),
// from 1 in order of scheduling. 0 = none.
using RunNumber = std::uint32_t;

enum class WorkflowStatus : std::uint8_t {
  kRunning,
  kPaused,
  kCompleted,
  kFailed,
  kTimedOut,
  kTerminated,
};

enum class SagaStatus : std::uint8_t {
  kNone,
  kActive,
  kCommittedForward,
  kRollingBack,
  kCompensating,
  kParked,
  kCompensated,
  kPartiallyCompensated,
  kAbandoned,
  kCompleted,
  kFailedClean,
};

enum class TaskStatus : std::uint8_t {
  kScheduled,
  kInProgress,
  kCompleted,
  kCompletedWithErrors,
  kSkipped,
  kFailed,
  kFailedWithTerminalError,
  kTimedOut,
  kCanceled,
};

// What an attempt, or a step over its attempts, did to the world (saga.md 2.3). kUnset: not known
// yet, because it is still open or was never dispatched.
enum class Effect : std::uint8_t { kUnset, kNone, kApplied, kUnknown };

// What a task asks of its worker (saga.md 3.1).
// kEvaluate: the condition of a loop, asked of a runner; no step's task, and in no list of tasks.
enum class Operation : std::uint8_t { kAction, kCompensate, kProbe, kEvaluate };

// Part of backward recovery.
constexpr bool IsUndoWork(Operation operation) {
  return operation == Operation::kCompensate || operation == Operation::kProbe;
}

// How the worker's barrier came to its answer (saga.md 3.4).
enum class Verdict : std::uint8_t { kNone, kDone, kReplayed, kNulled, kRejected };

// What a start means when its idempotency key is in use (conductor.md 3.12).
enum class KeyStrategy : std::uint8_t {
  kReturnExisting,  // the workflow of that key is the answer, whatever became of it
  kFail,            // refused
  kFailOnRunning,   // refused while that workflow runs; once it has ended the key is free again
};

// Which bound an attempt ran over (conductor.md 3.6), or how it was lost.
enum class Timeout : std::uint8_t {
  kNone,
  kResponse,
  kAttempt,
  kTotal,
  kPoll,
  kLease,
  kChild,  // the sub-workflow that carried the attempt out had timed out
};

constexpr bool IsTerminal(WorkflowStatus status) { return status >= WorkflowStatus::kCompleted; }
constexpr bool IsTerminal(TaskStatus status) { return status >= TaskStatus::kCompleted; }
constexpr bool IsSuccessful(TaskStatus status) { return status <= TaskStatus::kSkipped; }

// Names as Conductor's JSON and our own outputs write them ("FAILED_WITH_TERMINAL_ERROR").
std::string_view Name(WorkflowStatus status);
std::string_view Name(SagaStatus status);
std::string_view Name(KeyStrategy strategy);
// nullopt: no strategy has that name ("FAIL_ON_RUNNING").
std::optional<KeyStrategy> KeyStrategyNamed(std::string_view name);
std::string_view Name(TaskStatus status);
std::string_view Name(Effect effect);
std::string_view Name(Operation operation);
std::string_view Name(Verdict verdict);
std::string_view Name(Timeout timeout);

}  // namespace skald::core
