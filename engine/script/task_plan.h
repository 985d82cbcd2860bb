// TaskPlan: what a task of a scripted type asks for, and what its answer means.
//
//   type                read from                          output
//   INLINE              input evaluatorType, expression    {"result": v}
//   LAMBDA              input scriptExpression             {"result": v}
//   JSON_JQ_TRANSFORM   input queryExpression              {"result": first, "resultList": all}
//   SWITCH              settings evaluatorType, expression
//   {"evaluationResult":[s],"selectedCase":s} DECISION            settings caseExpression
//   {"caseOutput": [v]} DO_WHILE            settings loopCondition             {"result":
//   true|false}
//
// An INLINE whose settings have an expression takes it from there: so the core hands over the
// scripts of its choices, and makes their output itself.
//
// Pure, thread-safe. Sources: conductor.md 2.8, 2.9, 2.17, 2.18.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/ports/task_runner.h"
#include "engine/script/evaluation.h"
#include "engine/script/limits.h"

namespace skald::script {

enum class TaskKind : std::uint8_t { kInline, kLambda, kJq, kSwitch, kDecision, kDoWhile };

struct TaskPlan {
  TaskKind kind = TaskKind::kInline;
  Language language = Language::kJavaScript;
  std::string source;
  core::Payload input;
  std::uint32_t time_ms = 0;
};

// What one evaluation may take and give.
struct Bounds {
  std::uint32_t time_ms = kEvaluationMsMax;
  std::size_t memory_bytes = kMemoryBytesMax;
  std::size_t output_bytes = core::kStepOutputBytesMax;
};

// The types, in the order of TaskKind.
std::vector<std::string> ScriptedTaskTypes();

// What to evaluate; or, where nothing needs evaluating, the task's result already: a value-param,
// or a mistake in what the task says. The task's own timeout_us may lower the bound
// of time, not raise it.
std::variant<TaskPlan, ports::RunnerResult> PlanTask(const ports::RunnerTask& task,
                                                     const Bounds& bounds);

// The task's result. The text of a kValue is not trusted: a result that is no JSON, too deep or too
// large is a failure. The effect of every failure is NONE: a script has no effect.
ports::RunnerResult FinishTask(const TaskPlan& plan, const Verdict& verdict, const Bounds& bounds);

}  // namespace skald::script
