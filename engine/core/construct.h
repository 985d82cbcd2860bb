// Construct: what the step types are to the engine: who carries them out, what they are called in
// task records, when forward work may go on.
//
// Pure functions. Internal to core.
#pragma once

#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// Carried out by a worker; all other steps by the decision itself. Undo and probe always are.
constexpr bool IsWorkerTask(StepType type, Operation operation) {
  return operation != Operation::kAction || type == StepType::kSimple;
}
inline bool IsWorkerTask(const Step& step, Operation operation) {
  return IsWorkerTask(step.type, operation);
}
inline bool IsWorkerTask(const Definition& definition, const State& state, const Task& task) {
  return IsWorkerTask(StepOf(definition, state, task.step), task.operation);
}

// `taskType` of a task record (conductor.md 2.1).
inline std::string_view TaskTypeOf(const Step& step) {
  if (step.type == StepType::kSimple) return step.name;
  return step.type == StepType::kForkJoin ? "FORK" : Name(step.type);
}

// The queue's domain for a task of that step.
inline const std::string& DomainOf(const Step& step, Operation operation) {
  if (operation == Operation::kCompensate && step.saga.undo) return step.saga.undo->domain;
  if (operation == Operation::kProbe && step.saga.probe) return step.saga.probe->domain;
  return step.domain;
}

// Its undo is this engine's matter.
inline bool IsSaga(const Definition& definition, const State& state) {
  return definition.saga.declared || state.added.any_saga();
}

// Forward work may be scheduled.
inline bool GoesForward(const State& state) {
  return state.status == WorkflowStatus::kRunning && !state.fault.active;
}

}  // namespace skald::core
