// Construct: what the step types are to the engine: who carries them out, what they are called in
// task records, when forward work may go on.
//
// Pure functions.
#pragma once

#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

// Chooses one of its branches.
constexpr bool IsChoice(StepType type) {
  return type == StepType::kSwitch || type == StepType::kDecision;
}

// The DO_WHILE that the step stands in, directly or in what it holds; kNoStep = none.
template <typename StepAt>
StepIndex LoopAround(StepIndex step, const StepAt& step_at) {
  StepIndex parent = step_at(step).parent;
  while (parent != kNoStep && step_at(parent).type != StepType::kDoWhile) {
    parent = step_at(parent).parent;
  }
  return parent;
}
inline StepIndex LoopAround(const Definition& definition, const State& state, StepIndex step) {
  return LoopAround(step,
                    [&](StepIndex at) -> const Step& { return StepOf(definition, state, at); });
}

// May do something to the world that its saga has to know of; all other steps have the effect NONE.
constexpr bool HasEffects(StepType type) {
  return type == StepType::kSimple || type == StepType::kHttp || type == StepType::kGrpc ||
         type == StepType::kEvent || type == StepType::kHuman || type == StepType::kDynamic ||
         type == StepType::kSubWorkflow || type == StepType::kStartWorkflow;
}
// A saga's author has to say what becomes of such a step (saga.md 2.1, `undeclared`). A person's
// doing is no effect unless declared, nor is a workflow that is started and left alone (2.8); of a
// DYNAMIC step it is asked when it is known what it is.
constexpr bool MustDeclare(StepType type) {
  return HasEffects(type) && type != StepType::kHuman && type != StepType::kDynamic &&
         type != StepType::kStartWorkflow;
}

// Carried out by another workflow.
inline bool IsChildTask(const Step& step, Operation operation) {
  if (operation == Operation::kAction) {
    return step.type == StepType::kSubWorkflow || step.type == StepType::kStartWorkflow;
  }
  return operation == Operation::kCompensate && step.saga.undo &&
         step.saga.undo->type == StepType::kSubWorkflow;
}
inline bool IsChildTask(const Definition& definition, const State& state, const Task& task) {
  return IsChildTask(StepOf(definition, state, task.step), task.operation);
}

// The undo of a SUB_WORKFLOW step by the workflow that carried the step out.
inline bool UndoesItsChild(const Step& step, Operation operation) {
  return operation == Operation::kCompensate && step.saga.undo && step.saga.undo->of_child;
}

// The type under which a runner of this node carries the task out; empty: no runner does.
inline std::string_view RunnerOf(const Step& step, Operation operation) {
  if (operation == Operation::kAction) return step.runner;
  if (operation == Operation::kEvaluate) return Name(StepType::kInline);
  if (operation == Operation::kCompensate && step.saga.undo) return step.saga.undo->runner;
  return "";
}

// Carried out by a worker or a runner; what neither they nor another workflow do, the decision does
// itself.
inline bool IsWorkerTask(const Step& step, Operation operation) {
  if (operation == Operation::kAction) {
    return step.type == StepType::kSimple || !step.runner.empty();
  }
  const bool by_person = operation == Operation::kCompensate && step.saga.undo &&
                         step.saga.undo->type == StepType::kHuman;
  return !by_person && !IsChildTask(step, operation);
}
inline bool IsWorkerTask(const Definition& definition, const State& state, const Task& task) {
  return IsWorkerTask(StepOf(definition, state, task.step), task.operation);
}

// Carried out outside of the decision: attempts of it are retried and waited for.
inline bool IsDoneElsewhere(const Step& step, Operation operation) {
  return IsWorkerTask(step, operation) || IsChildTask(step, operation);
}

// What it gives follows from its input alone (scripts, jq): to run it again is harmless, and one
// that was lost did nothing.
inline bool IsPure(const Step& step, Operation operation) {
  if (operation == Operation::kEvaluate) return true;
  return operation == Operation::kAction && !step.runner.empty() && !HasEffects(step.type);
}

// The effect of an attempt that ends without an answer of whoever has it (saga.md 2.3).
inline Effect EffectUnanswered(const Step& step, const Task& task) {
  const bool dispatched = task.start_count > 0 || task.awaits_update;
  return dispatched && !IsPure(step, task.operation) ? Effect::kUnknown : Effect::kNone;
}

// `taskType` of a task record (conductor.md 2.1).
inline std::string_view TaskTypeOf(const Step& step) {
  if (step.type == StepType::kSimple) return step.task_type;
  const bool forks = step.type == StepType::kForkJoin || step.type == StepType::kForkJoinDynamic;
  return forks ? "FORK" : Name(step.type);
}

// Waits for other steps (State::join_remaining).
constexpr bool IsJoin(StepType type) {
  return type == StepType::kJoin || type == StepType::kExclusiveJoin;
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
// Whether what undoing asks of the runs is to be kept: steps made at run time may yet declare undo.
inline bool MayBeUndone(const Definition& definition, const State& state) {
  return definition.makes_steps || IsSaga(definition, state);
}

// Waits for a person, a signal or an update from outside, and holds no worker meanwhile.
inline bool AwaitsOutside(const Definition& definition, const State& state, const Task& task) {
  if (task.status != TaskStatus::kInProgress) return false;
  if (task.awaits_update) return true;
  const Step& step = StepOf(definition, state, task.step);
  if (task.operation != Operation::kAction) return !IsDoneElsewhere(step, task.operation);
  return step.type == StepType::kWait || step.type == StepType::kHuman ||
         step.type == StepType::kPullMessages;
}
// Of those: a signal or a person ends it, not what it waits for.
inline bool AwaitsSignal(const Definition& definition, const State& state, const Task& task) {
  return AwaitsOutside(definition, state, task) &&
         StepOf(definition, state, task.step).type != StepType::kPullMessages;
}

// Forward work may be scheduled.
inline bool GoesForward(const State& state) {
  return state.status == WorkflowStatus::kRunning && !state.fault.active;
}

}  // namespace skald::core
