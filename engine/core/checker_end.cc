// What the end of a history has to show (I3, I10, 2.13), or the standstill of one that has not
// ended (I9, I11, I21); and what an undo was given (I22).
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/checker_model.h"
#include "engine/core/json_scan.h"
#include "engine/core/saga_input.h"

namespace skald::core::checker {
namespace {

std::string_view ReferenceOf(const Model& model, const RunRecord& run) {
  return model.StepOf(run).reference;
}

bool Listed(const Model& model, RunNumber run) {
  const auto& unresolved = model.ended.unresolved;
  return std::find(unresolved.begin(), unresolved.end(), run) != unresolved.end();
}

// COMPENSATED, PARTIALLY_COMPENSATED, FAILED_CLEAN: the books are closed as claimed.
void CheckRunAtEnd(const RunRecord& run, Model& model) {
  const std::string reference(ReferenceOf(model, run));
  const bool partial = model.ended.saga_status == SagaStatus::kPartiallyCompensated;
  if (run.parked) {
    model.Report("I11", model.ended_seq,
                 "the saga ended while the undo of " + reference + " was parked");
  }
  if (OutcomeOf(run) == Effect::kUnset) {
    model.Report("I10", model.ended_seq, "the outcome of " + reference + " was never settled");
    return;
  }
  if (!NeedsUndo(model, run)) return;
  if (partial && Listed(model, run.number)) return;
  if (model.ended.saga_status == SagaStatus::kFailedClean) {
    model.Report("I10", model.ended_seq, reference + " had an effect: the end is not clean");
  } else if (run.finishes != 1) {
    model.Report(
        "I3", model.ended_seq,
        "the undo of " + reference + " was finished " + std::to_string(run.finishes) + " times");
  } else if (run.skipped) {
    model.Report("I10", model.ended_seq, reference + " was skipped and is not listed");
  }
}

void CheckFailedEnd(Model& model) {
  // Ended without going back at all (a policy that ignores an abort): only the list is claimed.
  if (model.fault_seq == 0) {
    for (const RunRecord& run : model.runs) {
      if (run.gone) continue;
      const bool stands = run.completed_seq != 0 && model.StepOf(run).saga.undo.has_value();
      if (stands && !Listed(model, run.number)) {
        model.Report("I10", model.ended_seq,
                     std::string(ReferenceOf(model, run)) + " stands and is not listed");
      }
    }
    return;
  }
  for (const RunRecord& run : model.runs) {
    if (!run.gone) CheckRunAtEnd(run, model);
  }
  if (model.ended.status != model.fault.end_status) {
    model.Report("2.13", model.ended_seq, "the status is not the one that the fault decided");
  }
}

void CheckCompletedEnd(Model& model) {
  if (model.fault_seq != 0) model.Report("I10", model.ended_seq, "COMPLETED after a fault");
  for (const RunRecord& run : model.runs) {
    if (run.gone) continue;
    if (run.undo_scheduled_seq != 0) {
      model.Report("I10", run.undo_scheduled_seq,
                   "COMPLETED, but " + std::string(ReferenceOf(model, run)) + " was undone");
    }
  }
}

void CheckTerminal(Model& model) {
  const bool completed = model.ended.status == WorkflowStatus::kCompleted;
  const SagaStatus saga = model.ended.saga_status;
  if (!IsTerminal(model.ended.status)) {
    model.Report("2.13", model.ended_seq, "the end has no terminal status");
  }
  if (completed != (saga == SagaStatus::kCompleted)) {
    model.Report("2.13", model.ended_seq,
                 std::string(Name(model.ended.status)) + " with saga " + std::string(Name(saga)));
    return;
  }
  if (completed) {
    CheckCompletedEnd(model);
  } else if (saga != SagaStatus::kAbandoned) {
    CheckFailedEnd(model);
  } else if (model.override_seq == 0) {
    model.Report("I24", model.ended_seq, "ABANDONED, and nobody is on record for it");
  }
}

// saga.md I17. Whether somebody ended the workflow on purpose shows only in the status TERMINATED
// or in the fault; names that an expression gives may be none.
void CheckFailureWorkflow(Model& model) {
  const Definition& definition = model.definition();
  const bool literal =
      !definition.failure_workflow.empty() && definition.failure_workflow.front() != '$';
  const WorkflowStatus status = model.ended.status;
  const bool failed = status == WorkflowStatus::kFailed || status == WorkflowStatus::kTimedOut;
  const bool given_up = model.ended.saga_status == SagaStatus::kAbandoned;
  if (literal && failed && !given_up && model.failure_workflows == 0) {
    model.Report("I17", model.ended_seq, "the failure workflow was not started");
  }
  if (model.failure_workflows > 0 && status == WorkflowStatus::kCompleted) {
    model.Report("I17", model.failure_workflow_seq, "a failure workflow, and the end is COMPLETED");
  }
  if (definition.failure_workflow_at == FailureWorkflowAt::kOnFailure) return;
  for (const RunRecord& run : model.runs) {
    if (run.gone) continue;
    if (model.failure_workflow_seq != 0 && run.undo_finished_seq > model.failure_workflow_seq) {
      model.Report("I17", model.failure_workflow_seq,
                   "the failure workflow was started before " +
                       std::string(ReferenceOf(model, run)) + " was undone");
    }
  }
}

bool Parked(const Model& model) { return model.parked_seq > model.resumed_seq; }

// A decision has been taken to its end, and the workflow is not: something has to be under way.
void CheckStandstill(Model& model) {
  if (model.paused || model.live_tasks > 0) return;
  const bool asking = !model.requests.empty() && model.fault_seq == 0;
  if (asking) return;
  const bool undo_parked =
      std::any_of(model.runs.begin(), model.runs.end(),
                  [](const RunRecord& run) { return run.parked && !run.gone; });
  const bool parked = model.parked_seq > std::max(model.resumed_seq, model.fault_seq);
  if (parked) return;
  if (undo_parked) {
    model.Report("I11", 0, "an undo is parked, nothing else proceeds, and the saga is not parked");
  } else {
    model.Report("I21", 0, "nothing is under way and the workflow has neither ended nor parked");
  }
}

// Every failed attempt of a RETRYABLE step is followed by another, or by a park.
void CheckRetryable(const RunRecord& run, Model& model) {
  if (model.StepOf(run).saga.kind != StepKind::kRetryable || run.closed_seq != 0) return;
  if (run.last_action == 0 || model.fault_seq != 0 || model.paused) return;
  const TaskRecord& last = model.tasks[run.last_action - 1];
  const bool failed = last.ended_seq != 0 && last.status != TaskStatus::kCompleted &&
                      last.status != TaskStatus::kCanceled;
  const bool completed_without =
      model.ended_seq != 0 && model.ended.status == WorkflowStatus::kCompleted;
  if (!failed || (model.ended_seq != 0 && !completed_without)) return;
  if (model.parked_seq > last.ended_seq || Parked(model)) return;
  model.Report("I9", last.ended_seq,
               std::string(ReferenceOf(model, run)) + " failed and was neither retried nor parked");
}

void RequireMember(const Payload& input, std::string_view key, std::string_view wanted,
                   EventSeq seq, Model& model) {
  const std::optional<std::string_view> found = FindMember(TrimJson(input.text()), key);
  if (found.has_value() && *found == wanted) return;
  model.Report("I22", seq,
               "the default undo input has another " + std::string(key) + " than was recorded");
}

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

void CheckUndoInput(const RunRecord& run, EventSeq seq, const Payload& input, Model& model) {
  const Step& step = model.StepOf(run);
  if (!step.saga.undo.has_value() || run.last_action == 0) return;
  if (!step.saga.undo->input.has_value()) {
    const TaskRecord& last = model.tasks[run.last_action - 1];
    const Effect outcome = OutcomeOf(run);
    RequireMember(input, "input", last.input.text_or_null(), seq, model);
    RequireMember(input, "outcome", Quoted(Name(outcome)), seq, model);
    if (outcome == Effect::kApplied) {
      RequireMember(input, "output", last.output.text_or_null(), seq, model);
    }
    if (outcome == Effect::kUnknown) RequireMember(input, "output", "null", seq, model);
    return;
  }
  if (run.undo_input.empty()) {
    model.Report("I22", seq, "no undo input was recorded when " + step.reference + " ended");
    return;
  }
  SagaFacts facts;
  facts.reason = model.fault.reason;
  facts.trigger = TriggerName(model.fault.cause);
  facts.generation = run.generation;
  if (model.fault.task >= 1 && model.fault.task <= model.tasks.size()) {
    const TaskRecord& failed = model.tasks[model.fault.task - 1];
    facts.failed_task = model.StepOf(model.runs[failed.run - 1]).reference;
  }
  std::string expected = FinishUndoInput(run.undo_input.text(), facts);
  const bool duplicate = run.applied > 0 && run.unknown > 0 && !run.all_barrier;
  if (duplicate) expected = MarkPossibleDuplicate(std::move(expected));
  if (expected != input.text()) {
    model.Report("I22", seq,
                 "the undo of " + step.reference + " was given other data than was recorded");
  }
}

void CheckEnd(Model& model) {
  if (model.runs.empty() && model.ended_seq == 0) return;
  for (const RunRecord& run : model.runs) {
    if (!run.gone) CheckRetryable(run, model);
  }
  if (model.ended_seq != 0) CheckFailureWorkflow(model);
  if (!model.definition().saga.declared && !model.added.any_saga()) return;
  if (model.ended_seq != 0) {
    CheckTerminal(model);
  } else {
    CheckStandstill(model);
  }
}

}  // namespace skald::core::checker
