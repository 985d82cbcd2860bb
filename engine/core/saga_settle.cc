// Settling (saga.md 2.5 phase 2, 2.6): every run that was in flight at the fault gets its outcome,
// from its own answer, from a probe, or from a person.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/saga_rules.h"
#include "engine/core/saga_steps.h"

namespace skald::core {
namespace {

struct Finding {
  Effect effect = Effect::kUnknown;
  Payload output;
};

Effect EffectNamed(std::string_view name) {
  if (name == Name(Effect::kApplied)) return Effect::kApplied;
  if (name == Name(Effect::kNone)) return Effect::kNone;
  return Effect::kUnknown;
}

// What a completed probe says: in the effect of its answer, or, for workers whose protocol has no
// such field, in its output: {"effect": "APPLIED", "output": …}.
Finding FindingOf(const Task& probe) {
  if (probe.effect != Effect::kUnset) return {probe.effect, probe.output};
  if (probe.output.empty()) return {};
  const std::string_view output = TrimJson(probe.output.text());
  const auto effect = FindMember(output, "effect");
  if (!effect.has_value() || KindOf(*effect) != JsonKind::kString) return {};
  Finding finding{EffectNamed(StringOf(*effect)), Payload()};
  const auto found = FindMember(output, "output");
  if (found.has_value()) finding.output = Payload(std::string(*found));
  return finding;
}

// The probe gave no answer that settles: asks again later, or leaves it to a person.
void ProbeAgain(const Task& probe, Draft& draft) {
  const StepRun& run = draft.state().run(probe.run);
  const Step& step = draft.StepAt(run.step);
  const RetryPolicy& retry = step.saga.probe->retry;
  const bool may_retry = probe.status != TaskStatus::kFailedWithTerminalError &&
                         (retry.retry_count < 0 || run.probe_attempts <= retry.retry_count);
  if (may_retry) {
    const DurationUs delay = BackoffUs(retry, run.probe_attempts, draft.state().id, probe.number);
    ScheduleProbe(probe.run, draft.now() + delay, draft);
    return;
  }
  std::string reason =
      absl::StrCat("it is unknown whether ", step.reference,
                   " took effect: its probe gave no answer in ", run.probe_attempts, " attempts");
  if (draft.state().fault.active) {
    draft.Emit(UndoParked{probe.run, std::move(reason)});
  } else {
    ParkForward(std::move(reason), draft);
  }
}

void OnProbeEnded(const Task& probe, Draft& draft) {
  const StepRun& run = draft.state().run(probe.run);
  if (run.settled_seq != 0) return;
  const Finding finding = probe.status == TaskStatus::kCompleted ? FindingOf(probe) : Finding{};
  if (finding.effect != Effect::kApplied && finding.effect != Effect::kNone) {
    ProbeAgain(probe, draft);
  } else if (draft.state().fault.active) {
    SettleAs(probe.run, finding.effect, finding.output, draft);
  } else if (draft.state().fault.pending) {
    OnPivotKnown(probe.run, finding.effect, finding.output, draft);
  }
}

}  // namespace

void SettleRun(RunNumber number, Draft& draft) {
  const StepRun& run = draft.state().run(number);
  const Step& step = draft.StepAt(run.step);
  const Effect outcome = HasEffects(step.type) ? CombinedOutcome(run) : Effect::kNone;
  if (outcome == Effect::kUnknown && step.saga.undo.has_value()) {
    switch (UnknownPolicyOf(step, run)) {
      case UnknownPolicy::kProbe:
        if (!UndoIsHeld(draft.state())) ScheduleProbe(number, 0, draft);
        return;
      case UnknownPolicy::kPark:
        draft.Emit(UndoParked{
            number, absl::StrCat("it is unknown whether ", step.reference, " took effect")});
        return;
      case UnknownPolicy::kByBarrier:
      case UnknownPolicy::kCompensate:
        break;
    }
  }
  SettleAs(number, outcome, Payload(), draft);
}

void SettleAs(RunNumber number, Effect effect, const Payload& output, Draft& draft) {
  const StepRun& run = draft.state().run(number);
  const Step& step = draft.StepAt(run.step);
  StepSettled settled;
  settled.run = number;
  settled.effect = effect;
  settled.output = output;
  settled.possible_duplicate = run.attempts_applied > 0 && run.attempts_unknown > 0 && !run.barrier;
  const bool stored = effect == Effect::kApplied && run.completed_seq != 0;
  const bool wanted = effect != Effect::kNone || step.saga.compensate_on_failure;
  if (wanted && !stored && run.task != 0) {
    const Payload& own = draft.state().task(run.task).output;
    settled.undo_input = ResolveUndoInput(run, effect, output.empty() ? own : output, draft);
  }
  draft.Emit(std::move(settled));
}

void ScheduleProbe(RunNumber run, TimeUs available_at, Draft& draft) {
  ScheduleSagaTask(run, Operation::kProbe, available_at, draft);
}

void OnAttemptSettled(TaskNumber task, Draft& draft) {
  const RunNumber number = draft.state().task(task).run;
  const StepRun& run = draft.state().run(number);
  if (!run.settled && AttemptsEnded(draft.state(), run)) SettleRun(number, draft);
  ContinueUndo(draft);
}

void OnUndoTaskEnded(TaskNumber number, Draft& draft) {
  // A copy: what follows schedules tasks, and the vector may move.
  const Task task = draft.state().task(number);
  if (task.operation == Operation::kProbe) {
    OnProbeEnded(task, draft);
  } else if (task.status != TaskStatus::kCompleted) {
    OnUndoFailed(task, draft);
  }
  if (draft.state().fault.active) ContinueUndo(draft);
}

}  // namespace skald::core
