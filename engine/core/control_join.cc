// JOIN (conductor.md 2.6): waits for the steps it names. Evaluated when one of them ends, never
// polled: State::join_remaining counts down.
#include "absl/strings/str_cat.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

std::string JoinOnJson(const Step& step, const Draft& draft) {
  std::string list = "[";
  for (const StepIndex joined : step.join_on) {
    if (list.size() > 1) list.push_back(',');
    AppendJsonString(list, draft.StepAt(joined).reference);
  }
  list.push_back(']');
  return list;
}

struct Joined {
  std::string output = "{";
  std::string errors;  // "name/task name/task completed with errors"; empty when all went well
};

bool IsEmptyObject(const Payload& payload) { return payload.empty() || payload.text() == "{}"; }

Joined Collect(const Step& step, const Draft& draft) {
  const State& state = draft.state();
  Joined joined;
  for (const StepIndex index : step.join_on) {
    const RunNumber run = state.LatestRun(index);
    if (run == 0) continue;
    const Task& task = state.task(state.run(run).task);
    const Step& source = draft.StepAt(index);
    if (task.status == TaskStatus::kCompletedWithErrors) {
      absl::StrAppend(&joined.errors, source.name, "/", TaskIdText(state, task.number), " ");
    }
    if (IsEmptyObject(task.output)) continue;
    if (joined.output.size() > 1) joined.output.push_back(',');
    AppendJsonString(joined.output, source.reference);
    joined.output.push_back(':');
    joined.output.append(task.output.text());
  }
  joined.output.push_back('}');
  if (!joined.errors.empty()) joined.errors.append("completed with errors");
  return joined;
}

}  // namespace

void CarryOutJoin(const Step& step, TaskScheduled task, Draft& draft) {
  task.input =
      Payload(OverlayMembers(task.input.text(), "{\"joinOn\":" + JoinOnJson(step, draft) + "}"));
  const RunNumber run = task.run;
  draft.Emit(std::move(task));
  if (draft.state().join_remaining.at(run) == 0) CompleteJoin(run, draft);
}

void CompleteJoin(RunNumber run, Draft& draft) {
  const TaskNumber number = draft.state().run(run).task;
  Joined joined = Collect(draft.StepAt(draft.state().run(run).step), draft);
  if (joined.output.size() > kPayloadBytesCeiling) {
    FailTask(number,
             absl::StrCat("output of ", joined.output.size(),
                          " bytes, more than kPayloadBytesCeiling (", kPayloadBytesCeiling, ")"),
             draft);
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

// A person reads this of a definition whose JOIN names a step of a case that was not chosen.
void FailStuckJoin(RunNumber run, Draft& draft) {
  const State& state = draft.state();
  std::string missing;
  for (const StepIndex index : draft.StepAt(state.run(run).step).join_on) {
    const RunNumber joined = state.LatestRun(index);
    if (joined != 0 && state.run(joined).closed) continue;
    absl::StrAppend(&missing, missing.empty() ? "" : ", ", draft.StepAt(index).reference);
  }
  FailTask(state.run(run).task, absl::StrCat("waits for steps that can no longer run: ", missing),
           draft);
}

}  // namespace skald::core
