// The steps of backward recovery that the saga_*.cc files call of one another. Internal to them.
//
// Order: PendFault → DecideFault → SettleRun of each run in flight → ContinueUndo until
// the end or a park.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/draft.h"

namespace skald::core {

// How often a pivot of unknown outcome is dispatched again to learn what it did (saga.md V12).
inline constexpr std::int32_t kPivotDispatchesMax = 25;
// The settle bound where the definition names none is at most this (saga.md 2.1).
inline constexpr DurationUs kSettleTimeoutMaxUs = 300 * kSecondUs;

// ---- saga_fault.cc
// From here on nothing forward is scheduled. REQUIRES: no fault is active.
void DecideFault(const SagaFaulted& fault, Draft& draft);
// The fault that a pending one becomes.
SagaFaulted PendingFault(const State& state);
// Stops a saga that cannot go backward (pivot, RETRYABLE) until a person decides.
void ParkForward(std::string reason, Draft& draft);

// ---- saga_pending.cc
// The run of a pivot whose outcome has to be known before a fault may be decided; 0 = none.
RunNumber BlockingPivot(const Draft& draft);
// Records the fault as pending and asks the pivot in flight to stop.
void PendFault(const SagaFaulted& fault, RunNumber pivot, Draft& draft);
// All attempts of the pivot ended and it is unknown what they did: asks, or parks.
void AskPivot(RunNumber pivot, Draft& draft);
// It became known: goes on forward, or decides the pending fault.
void OnPivotKnown(RunNumber pivot, Effect effect, const Payload& output, Draft& draft);

// ---- saga_settle.cc
// All attempts of the run ended: fixes its outcome, or asks for it. REQUIRES: not settled.
void SettleRun(RunNumber run, Draft& draft);
// Fixes the outcome that a probe or a person found. REQUIRES: not settled.
void SettleAs(RunNumber run, Effect effect, const Payload& output, Draft& draft);
void ScheduleProbe(RunNumber run, TimeUs available_at, Draft& draft);

// ---- saga_undo.cc
// Schedules what may be undone, ends the saga when all is done, parks it when nothing can proceed.
void ContinueUndo(Draft& draft);
// An attempt of an undo did not succeed: tries again later, parks or skips (saga.md 2.11).
void OnUndoFailed(const Task& task, Draft& draft);
// The next attempt of the undo or probe of a run.
void ScheduleSagaTask(RunNumber run, Operation operation, TimeUs available_at, Draft& draft);
// Ends the workflow with every undoable run that still stands listed.
void EndUnundone(WorkflowStatus status, SagaStatus saga_status, std::string reason, Draft& draft);

// ---- saga_forward.cc: a saga that is parked without a fault
// A run whose attempts failed is declared done: what follows it goes on.
void AcceptRun(RunNumber run, Draft& draft);
absl::Status OperateForward(const OperateSaga& trigger, Draft& draft);
// What parked the saga is gone: goes on with what was held, unless something else is stuck. Does
// nothing when it is not parked.
void ResumeForward(const std::string& actor, const std::string& reason, Draft& draft);

// ---- saga_operator.cc
// The newest run of the step named, in that iteration. NOT_FOUND: no such step, or no run of it.
absl::StatusOr<RunNumber> FindRun(const OperateSaga& trigger, const Draft& draft);
// Gives the saga up: ABANDONED, with what stands listed.
void Abandon(const std::string& actor, const std::string& reason, Draft& draft);

}  // namespace skald::core
