#include "tests/sim/verdict.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/check.h"
#include "engine/codec/events_json.h"
#include "engine/codec/state_json.h"
#include "engine/core/checker.h"
#include "engine/core/json_scan.h"
#include "engine/core/replay.h"
#include "engine/runtime/fold.h"
#include "tests/sim/author.h"
#include "tests/sim/definitions.h"
#include "tests/sim/history_verdict.h"
#include "tests/sim/limit_verdict.h"
#include "tests/sim/turn_verdict.h"

namespace skald::sim {
namespace {

constexpr std::size_t kRowsMax = 1'000'000;

absl::StatusOr<std::shared_ptr<const core::Definition>> FindDefinition(std::int64_t id) {
  return DefinitionNumber(id);
}

absl::StatusOr<std::vector<core::Event>> ReadEvents(const std::vector<ports::HistoryRow>& rows) {
  std::vector<core::Event> result;
  for (const ports::HistoryRow& row : rows) {
    auto events = codec::DecodeEvents(row.first_seq, row.at, row.events, row.payloads);
    if (!events.ok()) return events.status();
    for (core::Event& event : *events) {
      const absl::Status attached = runtime::AttachDefinition(FindDefinition, event);
      if (!attached.ok()) return attached;
      result.push_back(std::move(event));
    }
  }
  return result;
}

// The definition with which the workflow began: its first event says which.
const core::Definition& BeganWith(const std::vector<core::Event>& events) {
  const auto* started =
      events.empty() ? nullptr : std::get_if<core::WorkflowStarted>(&events.front().body);
  CHECK(started != nullptr);
  return *DefinitionNumber(started->definition_id);
}

// What is no saga is not parked itself; it shows the sub-workflow that is.
bool ShowsParked(const core::State& state) {
  return state.saga_status == core::SagaStatus::kParked ||
         std::any_of(state.tasks.begin(), state.tasks.end(), [](const core::Task& task) {
           return !core::IsTerminal(task.status) && task.child_parked;
         });
}

class Judgement {
 public:
  Judgement(const Evidence& evidence, Probes& probes) : evidence_(evidence), probes_(probes) {}

  void LookAtStored(const core::WorkflowId& id) {
    const std::optional<ports::StoredWorkflow> stored = evidence_.store.Load(id);
    const auto rows = evidence_.store.ReadHistory(id, 0, kRowsMax);
    if (!rows.ok()) return Complain(id, "cannot be read", rows.status().ToString());
    if (evidence_.deleted.contains(id)) Complain(id, "came back after it was deleted", "");
    Look(*stored, *rows);
  }

  void LookAtDeleted() {
    for (const auto& [id, deleted] : evidence_.deleted) {
      probes_.Met(Probe::kDeleted);
      Look(deleted.workflow, deleted.rows);
      const auto state = states_.find(id);
      if (state != states_.end() && !core::IsTerminal(state->second.status)) {
        Complain(id, "was deleted before its end", "");
      }
    }
  }

  void Look(const ports::StoredWorkflow& stored, const std::vector<ports::HistoryRow>& rows) {
    const core::WorkflowId& id = stored.id;
    const auto events = ReadEvents(rows);
    if (!events.ok()) return Complain(id, "cannot be read", events.status().ToString());
    const auto folded = runtime::Fold(stored, FindDefinition);
    if (!folded.ok()) return Complain(id, "cannot be folded", folded.status().ToString());
    const core::Definition& definition = *(*folded)->definition;
    const core::State& state = (*folded)->state;
    const core::Definition& began = BeganWith(*events);
    for (const core::Violation& violation : core::CheckHistory(began, *events)) {
      Complain(id, absl::StrCat(violation.invariant, " at ", violation.seq), violation.message);
    }
    for (const core::Event& event : *events) NoteNamed(event.body);
    const auto replayed = core::Replay(began, id, *events);
    if (!replayed.ok()) return Complain(id, "cannot be replayed", replayed.status().ToString());
    if (codec::EncodeState(*replayed) != codec::EncodeState(state)) {
      Complain(id, "replay differs from the stored state", "");
    }
    limits_.Add(*events);
    turns_.Add(id, *events);
    HistoryVerdict history(began, probes_);
    history.Read(*events);
    for (const std::string& complaint : history.complaints()) Complain(id, complaint, "");
    NotePromises(id, history);
    LookAtEnd(state);
    LookAtEffects(definition, state, history.reused());
    states_.emplace(id, state);
  }

  // What was used again had been given not long before, to whomever.
  void LookAtReuse() {
    for (const KeptResult& used : used_) {
      const bool given = std::any_of(given_.begin(), given_.end(), [&](const KeptResult& one) {
        return one.task_type == used.task_type && one.output == used.output && one.at <= used.at &&
               used.at - one.at <= kCacheSecondsMax * core::kSecondUs;
      });
      if (!given) complaints_.push_back(absl::StrCat("nobody gave the result ", used.output));
    }
  }

  void LookAtPromises() {
    for (const auto& promise : evidence_.promised) {
      if (!kept_.contains(promise)) {
        Complain(promise.first, "what was acknowledged is not there:", promise.second);
      }
    }
  }

  // The name of a key says how it is claimed (author.cc).
  void LookAtKeys() {
    std::map<std::string, std::vector<const core::State*>> holders;
    for (const auto& [id, state] : states_) {
      const std::string& key = state.start.idempotency_key;
      // Its key is free.
      if (!key.empty() && !evidence_.deleted.contains(id)) holders[key].push_back(&state);
    }
    for (auto& [key, states] : holders) {
      if (states.size() < 2) continue;
      if (key.substr(0, 2) != "kr") {
        Complain(states[1]->id, "the key stands for another workflow:", key);
        continue;
      }
      LookAtFreedKey(states);
    }
  }

  // What workflows say of one another.
  void LookAtFamilies() {
    named_.insert(evidence_.requested.begin(), evidence_.requested.end());
    for (const auto& [id, state] : states_) {
      if (!state.failure_workflow.is_nil()) {
        probes_.Met(Probe::kFailureWorkflow);
        if (!state.failure_workflow_refused && !states_.contains(state.failure_workflow)) {
          Complain(id, "its failure workflow was not started", "");
        }
      }
    }
    for (const auto& [id, state] : states_) {
      if (!named_.contains(id)) Complain(id, "nobody asked for it", "");
      LookAtChildren(state);
    }
  }

  void LookAtReceipts() {
    for (const runtime::TaskKey& key : evidence_.recorded) {
      const auto state = states_.find(key.workflow);
      const bool let_go = state != states_.end() && key.task <= state->second.tasks.size() &&
                          !state->second.has_task(key.task);
      // Its loop no longer keeps the iteration.
      if (let_go) continue;
      if (state == states_.end() || !state->second.has_task(key.task)) {
        Complain(key.workflow, "a recorded result is lost", absl::StrCat("task ", key.task));
        continue;
      }
      const core::Task& task = state->second.task(key.task);
      // A task that was given back has a newer fence.
      const bool there = core::IsTerminal(task.status) || task.fence > key.fence ||
                         task.status == core::TaskStatus::kScheduled;
      if (!there)
        Complain(key.workflow, "a recorded result is lost", absl::StrCat("task ", key.task));
    }
  }

  void LookAtLimits() {
    for (std::string& complaint : turns_.Judge(evidence_.nodes, probes_)) {
      complaints_.push_back(std::move(complaint));
    }
    for (std::string& complaint : limits_.Judge(evidence_.nodes, probes_)) {
      complaints_.push_back(std::move(complaint));
    }
  }

  std::vector<std::string> Finish() && { return std::move(complaints_); }

  void Complain(const core::WorkflowId& id, const std::string& what, const std::string& detail) {
    complaints_.push_back(absl::StrCat(id.ToString(), ": ", what, " ", detail));
  }

 private:
  void NotePromises(const core::WorkflowId& id, const HistoryVerdict& history) {
    for (auto promise = evidence_.promised.lower_bound({id, ""});
         promise != evidence_.promised.end() && promise->first == id; ++promise) {
      if (history.CountOf(promise->second) == 1) kept_.insert(*promise);
    }
    given_.insert(given_.end(), history.results_given().begin(), history.results_given().end());
    used_.insert(used_.end(), history.results_used().begin(), history.results_used().end());
  }

  // FAIL_ON_RUNNING: one after the other, unless somebody re-opened an earlier one.
  void LookAtFreedKey(std::vector<const core::State*>& states) {
    probes_.Met(Probe::kKeyFreed);
    std::sort(states.begin(), states.end(), [](const core::State* a, const core::State* b) {
      return a->started_at < b->started_at;
    });
    for (std::size_t i = 1; i < states.size(); ++i) {
      const core::State& before = *states[i - 1];
      const bool reopened = before.reopened_seq != 0 || before.reopened_asked != 0;
      if (reopened || (before.ended_at != 0 && before.ended_at <= states[i]->started_at)) continue;
      Complain(states[i]->id, "its key was that of one that was running:", before.id.ToString());
    }
  }

  // Whom its history names: loops and restarts forget tasks, and who carried them out.
  void NoteNamed(const core::EventBody& body) {
    if (const auto* started = std::get_if<core::TaskStarted>(&body)) named_.insert(started->child);
    if (const auto* failure = std::get_if<core::FailureWorkflowStarted>(&body)) {
      named_.insert(failure->child);
    }
    if (const auto* reopened = std::get_if<core::WorkflowReopened>(&body)) NoteReopened(*reopened);
  }
  void NoteReopened(const core::WorkflowReopened& reopened) {
    switch (reopened.kind) {
      case core::Reopening::kRestart:
        return probes_.Met(Probe::kRestarted);
      case core::Reopening::kRetry:
        return probes_.Met(reopened.asked == 0 ? Probe::kRetried : Probe::kRetriedByParent);
      case core::Reopening::kRerun:
        return probes_.Met(Probe::kRerun);
      case core::Reopening::kChild:
        return probes_.Met(Probe::kReopenedForChild);
    }
  }

  void LookAtChildren(const core::State& state) {
    const core::Definition& definition = *DefinitionNumber(state.start.definition_id);
    for (const core::StepRun& run : state.runs) {
      const core::Step& step = core::StepOf(definition, state, run.step);
      const core::Task& task = state.task(run.task);
      if (step.type == core::StepType::kStartWorkflow &&
          task.status == core::TaskStatus::kCompleted) {
        probes_.Met(Probe::kStartedByWorkflow);
        if (!states_.contains(task.child)) LookAtExisting(state, task);
      }
      const auto child = states_.find(task.child);
      if (step.type != core::StepType::kSubWorkflow || task.child.is_nil()) continue;
      if (child == states_.end()) {
        if (task.status == core::TaskStatus::kCompleted) {
          Complain(state.id, step.reference, "completed without a sub-workflow");
        }
        continue;
      }
      probes_.Met(Probe::kSubWorkflow);
      if (!step.child.definition.empty()) probes_.Met(Probe::kInPlaceChild);
      if (task.child_parked) probes_.Met(Probe::kParkedForChild);
      LookAtChild(state, run, child->second);
    }
  }

  // Its key stood for a workflow already.
  void LookAtExisting(const core::State& state, const core::Task& task) {
    probes_.Met(Probe::kKeyShared);
    const auto id = core::FindMember(task.output.text(), "workflowId");
    const auto existing =
        core::WorkflowId::Parse(id.has_value() ? core::StringOf(*id) : std::string());
    if (task.updated || (existing.ok() && states_.contains(*existing))) return;
    Complain(state.id, "started a workflow that is not there:", std::string(task.output.text()));
  }

  // I16, and that a family agrees about what happened.
  void LookAtChild(const core::State& state, const core::StepRun& run, const core::State& child) {
    const core::Definition& definition = *DefinitionNumber(state.start.definition_id);
    const core::Step& step = core::StepOf(definition, state, run.step);
    const bool completed = child.status == core::WorkflowStatus::kCompleted;
    const bool by_itself = step.saga.undo && step.saga.undo->of_child;
    if (child.start.parent != state.id) Complain(child.id, "has another parent than", "said");
    // A parent that cannot be gone on with lets a child that a person re-opened be.
    const bool on_its_own = child.reopened_seq > state.task(run.task).child_reopened;
    if (on_its_own) return;
    if (run.completed_seq != 0 && !completed && !state.fault.active) {
      Complain(child.id, "its parent counts it as completed", step.reference);
    }
    const bool declares = DefinitionNumber(child.start.definition_id)->saga.declared;
    if (by_itself && declares && run.undo == core::UndoPhase::kDone) {
      probes_.Met(Probe::kChildUndone);
      const bool undone = child.saga_status == core::SagaStatus::kCompensated ||
                          child.saga_status == core::SagaStatus::kFailedClean;
      if (!undone) Complain(child.id, "I16: not undone, says its parent,", step.reference);
    }
    if (core::IsTerminal(state.status) && !core::IsTerminal(child.status) && !ShowsParked(child)) {
      Complain(child.id, "outlives its parent", step.reference);
    }
  }

  void LookAtEnd(const core::State& state) {
    if (state.tasks.size() > 0 && !state.has_task(1)) probes_.Met(Probe::kIterationLetGo);
    if (!state.added.empty()) probes_.Met(Probe::kStepsMade);
    if (state.saga_status == core::SagaStatus::kParked) probes_.Met(Probe::kParkedSaga);
    if (state.saga_status == core::SagaStatus::kCompensated) probes_.Met(Probe::kUndone);
    if (core::IsTerminal(state.status) || ShowsParked(state)) return;
    Complain(state.id, "has neither ended nor is parked",
             absl::StrCat(std::string(core::Name(state.status)), " ",
                          std::string(core::Name(state.saga_status)), ", last event at seq ",
                          state.seq));
  }

  static bool IsInLedger(core::StepType type) {
    return type == core::StepType::kSimple || type == core::StepType::kHttp ||
           type == core::StepType::kGrpc;
  }

  // I20: per step key, what was done minus what was undone.
  void LookAtEffects(const core::Definition& definition, const core::State& state,
                     const std::set<core::TaskNumber>& reused) {
    for (const core::StepRun& run : state.runs) {
      const core::Step& step = core::StepOf(definition, state, run.step);
      if (!IsInLedger(step.type)) continue;
      const int effects = evidence_.ledger.Effects(core::StepKey(state, run, step.reference));
      if (effects < 0 || effects > 1) {
        Complain(state.id, step.reference, absl::StrCat("took effect ", effects, " times"));
      }
      const bool undone = state.saga_status == core::SagaStatus::kCompensated &&
                          step.saga.undo.has_value() && run.undo != core::UndoPhase::kResolved &&
                          step.saga.undo->type != core::StepType::kSubWorkflow;
      if (undone && effects != 0) Complain(state.id, step.reference, "was not undone");
      const bool done = state.status == core::WorkflowStatus::kCompleted && run.task != 0 &&
                        state.task(run.task).status == core::TaskStatus::kCompleted;
      if (!done || state.task(run.task).updated) continue;
      const bool again = reused.contains(run.task);
      if (again && effects != 0) Complain(state.id, step.reference, "was done beside its reuse");
      if (!again && effects != 1) Complain(state.id, step.reference, "completed without effect");
    }
  }

  const Evidence& evidence_;
  Probes& probes_;
  LimitVerdict limits_;
  TurnVerdict turns_;
  std::vector<KeptResult> given_, used_;
  std::set<std::pair<core::WorkflowId, std::string>> kept_;  // of the promises
  std::map<core::WorkflowId, core::State> states_;
  std::set<core::WorkflowId> named_;  // by a client, or by another workflow
  std::vector<std::string> complaints_;
};

}  // namespace

std::vector<std::string> Judge(const Evidence& evidence, Probes& probes) {
  Judgement judgement(evidence, probes);
  const std::vector<core::WorkflowId> ids = evidence.store.WorkflowIds();
  for (const core::WorkflowId& id : ids) judgement.LookAtStored(id);
  judgement.LookAtDeleted();
  std::set<core::WorkflowId> there(ids.begin(), ids.end());
  for (const auto& [id, deleted] : evidence.deleted) there.insert(id);
  for (const core::WorkflowId& id : evidence.requested) {
    if (!there.contains(id)) judgement.Complain(id, "is lost", "");
  }
  judgement.LookAtFamilies();
  judgement.LookAtReceipts();
  judgement.LookAtPromises();
  judgement.LookAtReuse();
  judgement.LookAtKeys();
  judgement.LookAtLimits();
  return std::move(judgement).Finish();
}

bool WaitsForAPerson(const memory::MemoryStore& store, const core::WorkflowId& id) {
  const std::optional<ports::StoredWorkflow> stored = store.Load(id);
  if (!stored.has_value()) return false;
  const auto folded = runtime::Fold(*stored, FindDefinition);
  return folded.ok() && ShowsParked((*folded)->state);
}

std::string DescribeHistory(const memory::MemoryStore& store, const core::WorkflowId& id) {
  std::string text;
  const auto rows = store.ReadHistory(id, 0, kRowsMax);
  if (!rows.ok()) return std::string(rows.status().message());
  const auto events = ReadEvents(*rows);
  if (!events.ok()) return std::string(events.status().message());
  for (const core::Event& event : *events) absl::StrAppend(&text, codec::EventJson(event), "\n");
  return text;
}

}  // namespace skald::sim
