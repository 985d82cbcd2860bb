#include "engine/core/apply_loop.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/apply_handlers.h"
#include "engine/core/construct.h"
#include "engine/core/loop_output.h"

namespace skald::core {
namespace {

// Numbers [first, last] of runs and tasks.
struct Span {
  RunNumber first_run = 0, last_run = 0;
  TaskNumber first_task = 0, last_task = 0;
};

// The runs of the span that stand in the loop, directly or in loops within it.
std::set<RunNumber> RunsInLoop(const Definition& definition, RunNumber loop, const Span& span,
                               const State& state) {
  std::set<RunNumber> loops = {loop};
  std::set<RunNumber> inside;
  for (auto run = state.runs.from(span.first_run);
       run != state.runs.end() && run->number <= span.last_run; ++run) {
    if (!loops.contains(run->loop)) continue;
    inside.insert(run->number);
    if (StepOf(definition, state, run->step).type == StepType::kDoWhile) loops.insert(run->number);
  }
  // Their failures are told at the end of the workflow.
  for (const RunNumber permitted : state.permitted) inside.erase(permitted);
  return inside;
}

void LetGo(const Definition& definition, const std::set<RunNumber>& inside, const Span& span,
           State& state) {
  for (const RunNumber number : inside) {
    const Step& step = StepOf(definition, state, state.run(number).step);
    for (const StepIndex place : {step.index, step.instead_of}) {
      if (place != kNoStep && state.LatestRun(place) == number) state.latest[place] = 0;
    }
  }
  state.tasks.Release(span.first_task, span.last_task,
                      [&](const Task& task) { return inside.contains(task.run); });
  state.runs.Release(span.first_run, span.last_run,
                     [&](const StepRun& run) { return inside.contains(run.number); });
}

// Undoing may still need the runs; their inputs and outputs only where it would send them.
void DropPayloads(const Definition& definition, const std::set<RunNumber>& inside, const Span& span,
                  State& state) {
  for (TaskNumber number = span.first_task; number <= span.last_task; ++number) {
    if (!state.has_task(number)) continue;
    Task& task = state.tasks.at(number);
    const bool undoable = StepOf(definition, state, task.step).saga.undo.has_value();
    if (undoable || !inside.contains(task.run)) continue;
    task.input = Payload();
    task.output = Payload();
  }
}

void DropOldest(const Definition& definition, Loop& loop, State& state) {
  const Iteration& oldest = loop.finished.front();
  const bool last = loop.finished.size() == 1;
  const RunNumber next_run = last ? loop.first_run : loop.finished[1].first_run;
  const TaskNumber next_task = last ? loop.first_task : loop.finished[1].first_task;
  const Span span{oldest.first_run, next_run - 1, oldest.first_task, next_task - 1};
  std::set<RunNumber> inside = RunsInLoop(definition, loop.run, span, state);
  // Retried by a person while a later iteration ran: its task is not of the span.
  std::erase_if(inside, [&](RunNumber run) { return state.run(run).task > span.last_task; });
  if (MayBeUndone(definition, state)) {
    DropPayloads(definition, inside, span, state);
  } else {
    LetGo(definition, inside, span, state);
  }
  loop.finished.erase(loop.finished.begin());
}

// Keeps at most so many of the finished iterations before the current one.
void Trim(const Definition& definition, std::size_t kept_max, Loop& loop, State& state) {
  if (loop.keep_last == 0) return;
  while (loop.finished.size() > kept_max) DropOldest(definition, loop, state);
}

// The condition's answer has been used.
void ReleaseEvaluation(RunNumber loop, State& state) {
  StepRun& run = state.runs.at(loop);
  const TaskNumber evaluation = run.operation_task;
  if (!state.has_task(evaluation)) return;
  if (state.task(evaluation).operation != Operation::kEvaluate) return;
  run.operation_task = 0;
  state.tasks.Release(evaluation, evaluation, [](const Task&) { return true; });
}

}  // namespace

void HoldIteration(const Definition& definition, StepIndex step, State& state) {
  const StepIndex loop = LoopAround(definition, state, step);
  if (loop == kNoStep) return;
  const RunNumber run = state.LatestRun(loop);
  ++state.loops.at(run).open;
  state.loops_due.erase(run);
}

void ReleaseIteration(const Definition& definition, StepIndex step, State& state) {
  const StepIndex loop = LoopAround(definition, state, step);
  if (loop == kNoStep) return;
  const RunNumber run = state.LatestRun(loop);
  if (--state.loops.at(run).open == 0) state.loops_due.insert(run);
}

void BeginEvaluation(const Definition& definition, RunNumber number, State& state) {
  state.loops_due.erase(number);
  Loop& loop = state.loops.at(number);
  Trim(definition, static_cast<std::size_t>(loop.keep_last) - 1, loop, state);
}

void CloseLoop(const Definition& definition, RunNumber number, State& state) {
  Loop& loop = state.loops.at(number);
  Trim(definition, static_cast<std::size_t>(loop.keep_last) - 1, loop, state);
  ReleaseEvaluation(number, state);
  state.loops.erase(number);
  state.loops_due.erase(number);
}

namespace {

// Where an iteration begins, and what is open of it.
void CountIteration(Loop& loop, const State& state) {
  loop.first_run = static_cast<RunNumber>(state.runs.size() + 1);
  loop.first_task = static_cast<TaskNumber>(state.tasks.size() + 1);
  loop.open = 0;
  loop.tails.clear();
  for (const StepRun& run : state.runs) {
    if (run.loop != loop.run || run.iteration != loop.iteration) continue;
    loop.first_run = std::min(loop.first_run, run.number);
    if (!run.closed) ++loop.open;
    for (const RunNumber before : run.after) loop.tails.erase(before);
    loop.tails.insert(run.number);
  }
  for (const Task& task : state.tasks) {
    const StepRun& run = state.run(task.run);
    if (run.loop != loop.run || run.iteration != loop.iteration) continue;
    loop.first_task = std::min(loop.first_task, task.number);
    return;
  }
}

// The finished iterations of a loop that had ended, as far as they are there.
void CountFinished(const Definition& definition, std::int32_t before, Loop& loop, State& state) {
  std::map<std::int32_t, Loop> iterations;
  for (const StepRun& run : state.runs) {
    if (run.loop != loop.run || run.iteration >= before) continue;
    iterations.try_emplace(run.iteration, Loop{.run = loop.run, .iteration = run.iteration});
  }
  const auto kept = static_cast<std::size_t>(loop.keep_last);
  while (kept > 0 && iterations.size() > kept) iterations.erase(iterations.begin());
  for (auto& [number, iteration] : iterations) {
    CountIteration(iteration, state);
    loop.finished.push_back({.number = number,
                             .first_run = iteration.first_run,
                             .first_task = iteration.first_task,
                             .results = Payload(CurrentResults(definition, state, iteration))});
  }
}

void GoToItem(std::int32_t iteration, Loop& loop) {
  loop.item_begin = loop.item_end = 0;
  for (std::int32_t i = 0; i < iteration; ++i) {
    const auto item = NextItem(loop);
    if (!item.has_value()) return;
    loop.item_begin = item->begin;
    loop.item_end = item->end;
  }
}

}  // namespace

void ReopenLoop(const Definition& definition, const ReopenedLoop& reopened, State& state) {
  const bool known = state.loops.contains(reopened.run);
  Loop& loop = state.loops[reopened.run];
  loop.run = reopened.run;
  ReleaseEvaluation(reopened.run, state);
  if (!known) {
    loop.keep_last = reopened.keep_last;
    loop.items = reopened.items;
    CountFinished(definition, reopened.iteration, loop, state);
  }
  std::erase_if(loop.finished,
                [&](const Iteration& finished) { return finished.number >= reopened.iteration; });
  if (loop.iteration != reopened.iteration) GoToItem(reopened.iteration, loop);
  loop.iteration = reopened.iteration;
  CountIteration(loop, state);
  if (loop.open == 0) state.loops_due.insert(reopened.run);
}

void ApplyTask(const ApplyContext& context, const IterationStarted& body, State& state) {
  Loop& loop = state.loops.at(body.run);
  if (loop.iteration == 0) {
    loop.keep_last = body.keep_last;
    loop.items = body.items;
  } else {
    loop.finished.push_back({.number = loop.iteration,
                             .first_run = loop.first_run,
                             .first_task = loop.first_task,
                             .results = Payload(CurrentResults(context.definition, state, loop))});
    Trim(context.definition, static_cast<std::size_t>(loop.keep_last), loop, state);
  }
  if (const auto item = NextItem(loop); item.has_value()) {
    loop.item_begin = item->begin;
    loop.item_end = item->end;
  }
  ReleaseEvaluation(body.run, state);
  loop.iteration = body.iteration;
  loop.first_run = static_cast<RunNumber>(state.runs.size() + 1);
  loop.first_task = static_cast<TaskNumber>(state.tasks.size() + 1);
  loop.open = 0;
  loop.tails.clear();
  state.loops_due.erase(body.run);
}

}  // namespace skald::core
