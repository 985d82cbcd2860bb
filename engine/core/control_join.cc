// JOIN and EXCLUSIVE_JOIN (conductor.md 2.6, 2.7): wait for the steps they name, or for the
// branches of the dynamic fork before them. Evaluated when one of them ends, never polled:
// State::join_remaining counts down.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/joins.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

std::string ReferencesJson(const std::vector<StepIndex>& steps, const Draft& draft) {
  std::string list = "[";
  for (const StepIndex step : steps) {
    if (list.size() > 1) list.push_back(',');
    AppendJsonString(list, draft.StepAt(step).reference);
  }
  list.push_back(']');
  return list;
}

std::string JoinInput(const Step& join, const Draft& draft) {
  std::string input =
      "{\"joinOn\":" + ReferencesJson(JoinedSteps(draft.definition(), draft.state(), join), draft);
  if (join.type == StepType::kExclusiveJoin) {
    input += ",\"defaultExclusiveJoinTask\":" + ReferencesJson(join.join_default, draft);
  }
  return input + "}";
}

// What the joined steps ended as.
struct Joined {
  std::string output = "{";
  std::string errors;   // "name/task name/task completed with errors"; empty when all went well
  std::string reasons;  // of those that failed, separated by spaces
  bool failed = false;  // one did, and may not
  bool all_canceled = true;  // of those that failed
};

bool IsEmptyObject(const Payload& payload) { return payload.empty() || payload.text() == "{}"; }

void AddOne(const Task& task, const Step& source, const State& state, Joined& joined) {
  if (task.status == TaskStatus::kCompletedWithErrors) {
    absl::StrAppend(&joined.errors, source.name, "/", TaskIdText(state, task.number), " ");
  }
  if (IsTerminal(task.status) && !IsSuccessful(task.status)) {
    absl::StrAppend(&joined.reasons, joined.reasons.empty() ? "" : " ", task.reason);
    joined.failed = joined.failed || !source.optional;
    const bool canceled = source.optional || task.status == TaskStatus::kCanceled;
    joined.all_canceled = joined.all_canceled && canceled;
  }
  if (IsEmptyObject(task.output)) return;
  if (joined.output.size() > 1) joined.output.push_back(',');
  AppendJsonString(joined.output, RunReference(state, state.run(task.run), source.reference));
  joined.output.push_back(':');
  joined.output.append(task.output.text());
}

Joined Collect(const StepRun& join, const Draft& draft) {
  const State& state = draft.state();
  Joined joined;
  for (const StepIndex index : JoinedSteps(draft.definition(), state, draft.StepAt(join.step))) {
    const RunNumber run = JoinedRun(draft.definition(), state, join, index);
    if (run == 0) continue;
    const Task& task = state.task(state.run(run).task);
    AddOne(task, draft.StepAt(task.step), state, joined);
  }
  joined.output.push_back('}');
  if (!joined.errors.empty()) joined.errors.append("completed with errors");
  return joined;
}

void CompleteExclusive(RunNumber run, Draft& draft) {
  const State& state = draft.state();
  const Task& chosen = state.task(ExclusiveChoice(draft.definition(), state, state.run(run)));
  if (!IsSuccessful(chosen.status)) {
    FailTask(state.run(run).task, chosen.reason, draft);
    return;
  }
  const Payload output = chosen.output.empty() ? Payload("{}") : chosen.output;
  CompleteTask(state.run(run).task, output, draft);
  AdvanceNow(run, draft);
}

void FailJoin(TaskNumber number, Joined joined, Draft& draft) {
  if (joined.all_canceled) {
    draft.Emit(TaskCanceled{.task = number,
                            .effect = Effect::kNone,
                            .reason = joined.reasons.substr(0, kReasonBytesMax)});
  } else {
    draft.Emit(TaskFailed{.task = number,
                          .terminal = false,
                          .reason = joined.reasons.substr(0, kReasonBytesMax),
                          .output = Payload(std::move(joined.output))});
  }
}

}  // namespace

void CarryOutJoin(const Step& step, TaskScheduled task, Draft& draft) {
  task.input = Payload(OverlayMembers(task.input.text(), JoinInput(step, draft)));
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  if (draft.state().join_remaining.at(run) == 0) CompleteJoin(run, draft);
}

void CompleteJoin(RunNumber run, Draft& draft) {
  const TaskNumber number = draft.state().run(run).task;
  const StepRun& join = draft.state().run(run);
  if (draft.StepAt(join.step).type == StepType::kExclusiveJoin)
    return CompleteExclusive(run, draft);
  Joined joined = Collect(join, draft);
  if (joined.output.size() > kPayloadBytesCeiling) {
    FailTask(number,
             absl::StrCat("output of ", joined.output.size(), " bytes, more than ",
                          FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling)),
             draft);
    return;
  }
  if (joined.failed) {
    FailJoin(number, std::move(joined), draft);
    OnTaskEnded(number, draft);
    return;
  }
  Payload output(std::move(joined.output));
  if (joined.errors.empty()) {
    CompleteTask(number, std::move(output), draft);
  } else {
    draft.Emit(TaskFailed{
        .task = number, .reason = std::move(joined.errors), .output = std::move(output)});
    draft.Emit(TaskFailureAccepted{number});
  }
  AdvanceNow(run, draft);
}

void FailJoinsOf(TaskNumber failed, Draft& draft) {
  const State& state = draft.state();
  const StepRun& run = state.run(state.task(failed).run);
  for (const StepIndex index : JoinsOf(draft.definition(), state, run)) {
    const RunNumber join_run = state.LatestRun(index);
    const Step& join = draft.StepAt(index);
    const bool waits = join.type == StepType::kJoin && state.join_remaining.contains(join_run);
    if (waits) FailJoin(state.run(join_run).task, Collect(state.run(join_run), draft), draft);
  }
}

// A person reads this of a definition whose JOIN names a step of a case that was not chosen.
void FailStuckJoin(RunNumber run, Draft& draft) {
  const State& state = draft.state();
  std::string missing;
  for (const StepIndex index :
       JoinedSteps(draft.definition(), state, draft.StepAt(state.run(run).step))) {
    const RunNumber joined = JoinedRun(draft.definition(), state, state.run(run), index);
    if (joined != 0 && state.run(joined).closed) continue;
    absl::StrAppend(&missing, missing.empty() ? "" : ", ", draft.StepAt(index).reference);
  }
  FailTask(state.run(run).task, absl::StrCat("waits for steps that can no longer run: ", missing),
           draft);
}

}  // namespace skald::core
