// DO_WHILE (conductor.md 2.9): its run stays open over all iterations. When nothing of an iteration
// is open any more, the condition is evaluated by a runner; then another iteration begins or the
// loop ends.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/core/loop_output.h"
#include "engine/core/state_scope.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// The list to go through; a single value is a list of one, null an empty one. Absent: no list.
std::optional<Payload> ItemsOf(const Step& step, const Payload& input, const Draft& draft) {
  std::string value;
  if (step.items.has_value()) {
    value = step.items->Evaluate(StateScope(draft.definition(), draft.state()));
  } else if (const auto given = FindMember(input.text(), "_items"); given.has_value()) {
    value = *given;
  } else {
    return std::nullopt;
  }
  const std::string_view text = TrimJson(value);
  if (KindOf(text) == JsonKind::kArray) return Payload(std::string(text));
  if (KindOf(text) == JsonKind::kNull) return Payload("[]");
  return Payload(absl::StrCat("[", value, "]"));
}

bool IsEmptyList(const Payload& list) { return !JsonWalk(TrimJson(list.text())).Next(); }

// How many finished iterations stay; 0 = all.
std::int32_t KeepLastOf(const Payload& input) {
  const auto given = FindMember(input.text(), "keepLastN");
  const auto number = given.has_value() ? IntegerOf(*given) : std::nullopt;
  if (!number.has_value() || *number < 1 ||
      *number > static_cast<std::int64_t>(kEventsPerWorkflowMax)) {
    return 0;
  }
  return static_cast<std::int32_t>(*number);
}

// The first step of an iteration follows the last ones of the iteration before, or what the loop
// itself follows.
void BeginIteration(RunNumber number, std::int32_t keep_last, Payload items, Draft& draft) {
  const State& state = draft.state();
  const Loop& loop = state.loops.at(number);
  std::vector<RunNumber> after = loop.iteration == 0
                                     ? state.run(number).after
                                     : std::vector<RunNumber>(loop.tails.begin(), loop.tails.end());
  const StepIndex head = draft.StepAt(state.run(number).step).branches.front().steps.front();
  draft.Emit(IterationStarted{.run = number,
                              .iteration = loop.iteration + 1,
                              .keep_last = keep_last,
                              .items = std::move(items)});
  ScheduleInPlace(head, std::move(after), draft);
}

void EndLoop(RunNumber number, Draft& draft) {
  const TaskNumber task = draft.state().run(number).task;
  Payload output = LoopOutput(draft.definition(), draft.state(), number, true);
  if (output.size() > kPayloadBytesCeiling) {
    return FailTask(task,
                    absl::StrCat("output of ", output.size(), " bytes, more than ",
                                 FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling),
                                 "; keepLastN bounds it"),
                    draft);
  }
  CompleteTask(task, std::move(output), draft);
  AdvanceNow(number, draft);
}

void ScheduleCondition(RunNumber number, Draft& draft) {
  const State& state = draft.state();
  const StepRun& run = state.run(number);
  const Step& step = draft.StepAt(run.step);
  TaskScheduled scheduled;
  scheduled.task = static_cast<TaskNumber>(state.tasks.size() + 1);
  scheduled.run = number;
  scheduled.step = run.step;
  scheduled.iteration = run.iteration;
  scheduled.generation = run.generation;
  scheduled.attempt = state.loops.at(number).iteration;
  scheduled.operation = Operation::kEvaluate;
  scheduled.task_type = Name(StepType::kInline);
  scheduled.reference = RunReference(state, run, step.reference);
  absl::StatusOr<Payload> input = EvaluateInput(step, run.task, draft);
  if (!input.ok()) return FailTask(run.task, std::string(input.status().message()), draft);
  scheduled.input = *std::move(input);
  const TaskNumber task = scheduled.task;
  draft.Emit(std::move(scheduled));
  OfferIfReady(task, draft);
}

// true, or a number above zero (conductor.md 2.9).
bool Holds(const Payload& output) {
  const std::string_view value = TrimJson(ScriptResult(output));
  if (KindOf(value) == JsonKind::kTrue) return true;
  if (KindOf(value) != JsonKind::kNumber || value.front() == '-') return false;
  return value.substr(0, value.find_first_of("eE")).find_first_of("123456789") !=
         std::string_view::npos;
}

std::string ConditionText(const Step& step) {
  const auto text = FindMember(step.settings.text(), "expression");
  return text.has_value() && KindOf(*text) == JsonKind::kString ? StringOf(*text) : "";
}

void OnEvaluated(RunNumber number, const Task& evaluation, Draft& draft) {
  const StepRun& run = draft.state().run(number);
  if (evaluation.status != TaskStatus::kCompleted) {
    return FailTask(
        run.task,
        absl::StrCat("Unable to evaluate condition ", ConditionText(draft.StepAt(run.step)),
                     ", exception ", evaluation.reason)
            .substr(0, kReasonBytesMax),
        draft);
  }
  if (Holds(evaluation.output)) {
    BeginIteration(number, 0, Payload(), draft);
  } else {
    EndLoop(number, draft);
  }
}

void AdvanceLoop(RunNumber number, Draft& draft) {
  const State& state = draft.state();
  const StepRun& run = state.run(number);
  if (run.operation_task != 0) {
    const Task evaluation = state.task(run.operation_task);
    return OnEvaluated(number, evaluation, draft);
  }
  const Loop& loop = state.loops.at(number);
  const bool goes_through = !loop.items.empty();
  const bool items_left = NextItem(loop).has_value();
  if (goes_through && !items_left) return EndLoop(number, draft);
  if (!draft.StepAt(run.step).settings.empty()) return ScheduleCondition(number, draft);
  if (items_left) return BeginIteration(number, 0, Payload(), draft);
  EndLoop(number, draft);
}

}  // namespace

void CarryOutLoop(const Step& step, TaskScheduled task, Draft& draft) {
  std::optional<Payload> items = ItemsOf(step, task.input, draft);
  const std::int32_t keep_last = KeepLastOf(task.input);
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  if (items.has_value() && IsEmptyList(*items)) {
    CompleteTask(number, Payload("{\"iteration\":0}"), draft);
    return AdvanceNow(run, draft);
  }
  BeginIteration(run, keep_last, std::move(items).value_or(Payload()), draft);
}

void FillLoop(const Step& step, const Task& task, const Draft& draft, ReopenedLoop& loop) {
  loop.keep_last = KeepLastOf(task.input);
  loop.items = ItemsOf(step, task.input, draft).value_or(Payload());
}

void AdvanceLoops(Draft& draft) {
  const std::vector<RunNumber> due(draft.state().loops_due.begin(), draft.state().loops_due.end());
  for (const RunNumber run : due) AdvanceLoop(run, draft);
}

// The end of the plan looks at the loops that are due.
void OnConditionEnded(Draft& draft) {
  if (GoesForward(draft.state())) const PlanScope plan(draft);
}

}  // namespace skald::core
