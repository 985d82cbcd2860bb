// SagaWorld: one workflow, its engine and its participants, for tests of the saga: Decide on one
// side, workers with a barrier and a ledger of effects on the other. Every event is kept, so that
// the history can be checked and folded again.
//
// Single-threaded. The participant follows saga.md 3.4: one row per step key and operation.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/apply.h"
#include "engine/core/checker.h"
#include "engine/core/decide.h"
#include "engine/core/definition_parser.h"

namespace skald::core {

inline Definition MustParse(const std::string& json) {
  const TaskDefinitionLookup none = [](const std::string&) { return std::nullopt; };
  Parsed<Definition> parsed = ParseDefinition(json, none, {});
  if (!parsed.ok()) ADD_FAILURE() << json << "\n" << FormatMistakes(parsed.mistakes, 20);
  return parsed.ok() ? std::move(*parsed.value) : Definition();
}

inline std::string Describe(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    text += violation.invariant + " at " + std::to_string(violation.seq) + ": " +
            violation.message + "\n";
  }
  return text;
}

// What a participant holds for one step key.
struct LedgerRow {
  bool action_done = false;
  bool sealed = false;
  bool undo_done = false;
  int effects = 0;  // actions committed minus undos committed
};

class SagaWorld {
 public:
  explicit SagaWorld(Definition definition) : definition_(std::move(definition)) {}

  const Definition& definition() const { return definition_; }
  const State& state() const { return state_; }
  const std::vector<Event>& history() const { return history_; }
  TimeUs now() const { return now_; }
  void Advance(DurationUs by) { now_ += by; }

  absl::StatusOr<Answer> Send(const Trigger& trigger) {
    absl::StatusOr<Decision> decision = Decide(definition_, trigger, now_, state_);
    if (!decision.ok()) return decision.status();
    for (const Event& event : decision->events) history_.push_back(event);
    for (const Command& command : decision->commands) {
      std::visit([this](const auto& body) { Take(body); }, command);
    }
    return decision->answer;
  }

  void Start(const std::string& input = "{}") {
    StartWorkflow start;
    start.id = base::UuidV7(1, 2, 3);
    start.input = Payload(input);
    ASSERT_TRUE(Send(start).ok());
  }

  // Participants without a barrier act whenever they are asked to, and cannot tell what they did.
  void set_barrier(bool barrier) { barrier_ = barrier; }

  // The engine dies and reads the history again: the same work has to be open (I19).
  void Reload() {
    state_ = Replay();
    std::set<TaskNumber> offered;
    for (const Command& command : OpenCommands(definition_, state_)) {
      if (const auto* offer = std::get_if<OfferTask>(&command)) offered.insert(offer->task);
    }
    EXPECT_EQ(offered, offered_);
  }

  // Tasks that are offered to workers now.
  const std::set<TaskNumber>& offered() const { return offered_; }
  // Tasks whose worker was asked to stop.
  const std::set<TaskNumber>& to_cancel() const { return to_cancel_; }
  std::set<TaskNumber>& to_cancel() { return to_cancel_; }

  bool Begin(TaskNumber task) {
    offered_.erase(task);
    StartTask start;
    start.task = task;
    start.worker = "worker";
    start.barrier = barrier_;
    return Send(start).ok();
  }

  ReportResult ResultOf(TaskNumber task, TaskStatus status) const {
    ReportResult result;
    result.task = task;
    result.fence = state_.task(task).fence;
    result.status = status;
    return result;
  }

  // What a worker with a barrier does with the task now, and what it would report.
  ReportResult WorkOn(TaskNumber number) {
    const Task& task = state_.task(number);
    LedgerRow& row = ledger_[task.run];
    ReportResult result = ResultOf(number, TaskStatus::kCompleted);
    result.output = Payload("{\"task\":" + std::to_string(number) + "}");
    result.verdict = barrier_ ? Verdict::kDone : Verdict::kNone;
    switch (task.operation) {
      case Operation::kAction:
        barrier_ ? DoAction(row, result) : Act(row);
        break;
      case Operation::kCompensate:
        if (barrier_) DoUndo(row, result);
        break;
      case Operation::kProbe:
        result.effect = row.action_done ? Effect::kApplied : Effect::kNone;
        if (!row.action_done) row.sealed = true;
        break;
      case Operation::kEvaluate:
        break;
    }
    return result;
  }

  LedgerRow& ledger(RunNumber run) { return ledger_[run]; }

  std::vector<Violation> Check() const { return CheckHistory(definition_, history_); }

  // Folding the history again gives what the decisions left (I19).
  State Replay() const {
    State state;
    state.id = state_.id;
    for (const Event& event : history_) Apply(definition_, event, state);
    return state;
  }

  template <typename Body>
  int Count() const {
    int count = 0;
    for (const Event& event : history_) count += std::holds_alternative<Body>(event.body) ? 1 : 0;
    return count;
  }

  // The task of that operation on that step which is scheduled or in progress; 0 = none.
  TaskNumber Live(const std::string& reference, Operation operation = Operation::kAction) const {
    for (const Task& task : state_.tasks) {
      const bool same = StepOf(definition_, state_, task.step).reference == reference;
      if (same && task.operation == operation && !IsTerminal(task.status)) return task.number;
    }
    return 0;
  }

  // Begins the live task of a step and reports this about it.
  void Finish(const std::string& reference, TaskStatus status,
              Operation operation = Operation::kAction) {
    const TaskNumber task = Live(reference, operation);
    ASSERT_NE(task, 0U) << reference << " has no live task";
    if (state_.task(task).status == TaskStatus::kScheduled) {
      ASSERT_TRUE(Begin(task)) << reference;
    }
    ReportResult result = status == TaskStatus::kCompleted ? WorkOn(task) : ResultOf(task, status);
    result.reason = status == TaskStatus::kCompleted ? "" : "it did not work";
    ASSERT_TRUE(Send(result).ok()) << reference;
  }
  void Succeed(const std::string& reference) { Finish(reference, TaskStatus::kCompleted); }
  void Fail(const std::string& reference) {
    Finish(reference, TaskStatus::kFailedWithTerminalError);
  }
  void Undo(const std::string& reference) {
    Finish(reference, TaskStatus::kCompleted, Operation::kCompensate);
  }

 private:
  static void Act(LedgerRow& row) {
    row.action_done = true;
    ++row.effects;
  }

  static void DoAction(LedgerRow& row, ReportResult& result) {
    if (row.sealed) {
      result.status = TaskStatus::kFailedWithTerminalError;
      result.effect = Effect::kNone;
      result.verdict = Verdict::kRejected;
    } else if (row.action_done) {
      result.verdict = Verdict::kReplayed;
    } else {
      Act(row);
    }
  }

  static void DoUndo(LedgerRow& row, ReportResult& result) {
    if (row.undo_done) {
      result.verdict = row.sealed ? Verdict::kNulled : Verdict::kReplayed;
      return;
    }
    row.undo_done = true;
    if (!row.action_done) {
      row.sealed = true;
      result.verdict = Verdict::kNulled;
      return;
    }
    --row.effects;
  }

  void Take(const OfferTask& offer) { offered_.insert(offer.task); }
  void Take(const ResolveSteps&) {}
  void Take(const WithdrawTask& withdrawn) { offered_.erase(withdrawn.task); }
  void Take(const CancelTask& cancel) {
    if (!cancel.superseded) to_cancel_.insert(cancel.task);
  }
  // The definitions here have no sub-workflows.
  template <typename ToAnother>
  void Take(const ToAnother&) {}

  const Definition definition_;
  State state_;
  std::vector<Event> history_;
  TimeUs now_ = 1'000'000 * kSecondUs;
  bool barrier_ = true;
  std::set<TaskNumber> offered_;
  std::set<TaskNumber> to_cancel_;
  std::map<RunNumber, LedgerRow> ledger_;
};

}  // namespace skald::core
