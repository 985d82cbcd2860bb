// A saga whose sub-workflow waits for a person waits too, visibly, and goes on by itself when the
// sub-workflow does (saga.md 2.8, E5).
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"

namespace skald::core {
namespace {

// Who did what no person did.
constexpr char kEngine[] = "engine";

std::string Resumed(const Task& task) {
  return absl::StrCat("sub-workflow ", task.child.ToString(), " goes on");
}

void ResumeUndo(const std::string& reason, Draft& draft) {
  if (draft.state().saga_status == SagaStatus::kParked) draft.Emit(SagaResumed{kEngine, reason});
  OnUndoResumed(draft);
}

}  // namespace

void ParkForChild(TaskNumber number, std::string reason, Draft& draft) {
  const Task& task = draft.state().task(number);
  const RunNumber run = task.run;
  // The undo of a run by a workflow of its own: parked there, and visible there.
  const bool undo = task.operation != Operation::kAction;
  draft.Emit(ChildParked{number, reason});
  if (!IsSaga(draft.definition(), draft.state()) || undo) return;
  if (!draft.state().fault.active) {
    ParkForward(std::move(reason), draft);
    return;
  }
  draft.Emit(UndoParked{run, std::move(reason)});
  ContinueUndo(draft);
}

void ResumeForChild(TaskNumber number, Draft& draft) {
  const Task& task = draft.state().task(number);
  const RunNumber run = task.run;
  const bool undo = task.operation != Operation::kAction;
  const std::string reason = Resumed(task);
  draft.Emit(ChildResumed{number});
  if (!IsSaga(draft.definition(), draft.state()) || undo) return;
  if (!draft.state().fault.active) {
    ResumeForward(kEngine, reason, draft);
    return;
  }
  if (draft.state().run(run).undo != UndoPhase::kParked) return;
  draft.Emit(UndoResolved{run, Resolution::kRetry, kEngine, reason, {}});
  ResumeUndo(reason, draft);
}

void RetryChildUndo(RunNumber run, Draft& draft) {
  const std::string reason = Resumed(draft.state().task(draft.state().run(run).operation_task));
  draft.Emit(UndoResolved{run, Resolution::kRetry, kEngine, reason, {}});
  ResumeUndo(reason, draft);
}

}  // namespace skald::core
