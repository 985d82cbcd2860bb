// ApplySaga: the part of Apply that keeps the books of the saga: what each run did to the world,
// and while undoing, which runs may be undone next.
//
// Called once for every event, after Apply (apply.cc) has folded it into tasks, runs and timers.
// Pure. Internal to core. Who writes what:
//   ApplySaga  StepRun::{operation_task, undo_attempts, probe_attempts, settled, settled_seq,
//   closed_seq,
//              outcome, attempts_applied, attempts_unknown, attempts_dispatched,
//              possible_duplicate, barrier, completed_seq, undo, successors_open, passed_on,
//              undo_input}; State::{saga_status, pivot_passed, fault}; the settle and compensation
//              timers; State::status where a saga event or the end of a pause moves it; runs leave
//              State::open when they are settled.
//   apply.cc   everything else: tasks and their timers (of undo and probe tasks too), the other
//              fields of runs, the causal edges `after` and `before` (a JOIN's edges from the runs
//              that it joined are in place when it completes).
#pragma once

#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/core/state.h"

namespace skald::core {

void ApplySaga(const Definition& definition, const Event& event, State& state);

}  // namespace skald::core
