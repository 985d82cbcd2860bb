#include "engine/runtime/courier.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

// Who is on record for what a parent does to its children.
constexpr char kParent[] = "parent";

const core::Task* TaskOf(const Workflow* sender, core::TaskNumber task) {
  if (sender == nullptr || !sender->state.has_task(task)) return nullptr;
  return &sender->state.task(task);
}

std::string NoSuchDefinition(const core::StartChild& start) {
  return absl::StrCat("No such workflow defined. name=", start.name,
                      ", version=", start.version == 0 ? "null" : absl::StrCat(start.version));
}

}  // namespace

void Courier::Run() {
  while (!later_.empty() && later_.begin()->first <= state_.now) {
    state_.letters.push_back(std::move(later_.begin()->second));
    later_.erase(later_.begin());
  }
  for (; left_ > 0 && !state_.letters.empty(); --left_) {
    if (state_.committer.uncommitted_bytes() >= state_.options.uncommitted_bytes_max) return;
    Letter letter = std::move(state_.letters.front());
    state_.letters.pop_front();
    Deliver(std::move(letter));
    state_.committer.MaybeClose(state_.now);
  }
}

void Courier::Forget() {
  state_.letters.clear();
  later_.clear();
}

void Courier::Deliver(Letter letter) {
  if (std::holds_alternative<core::StartChild>(letter.body)) return StartChild(std::move(letter));
  if (std::holds_alternative<core::TerminateChild>(letter.body)) {
    return TerminateChild(std::move(letter));
  }
  if (std::holds_alternative<core::UndoChild>(letter.body)) return UndoChild(std::move(letter));
  if (std::holds_alternative<core::RetryChild>(letter.body)) return RetryChild(std::move(letter));
  TellParent(std::move(letter));
}

void Courier::RetryLater(Letter letter) {
  later_.emplace(state_.now + kLetterRetryUs, std::move(letter));
}

void Courier::StartChild(Letter letter) {
  const auto& start = std::get<core::StartChild>(letter.body);
  const Workflow* known = state_.shards.Find(start.child);
  if (known != nullptr) return AnswerKnown(letter, *known);
  if (!state_.shards.Serves(start.child.Slot())) return RetryLater(std::move(letter));
  // Asked for the first time, it cannot exist: its id follows from a task that has just begun.
  if (!start.again) return Claim(std::move(letter));
  const core::WorkflowId child = start.child;
  loader_.With(child, [this, letter = std::move(letter)](absl::StatusOr<Workflow*> found) mutable {
    if (found.ok()) return AnswerKnown(letter, **found);
    if (absl::IsNotFound(found.status())) return Claim(std::move(letter));
    RetryLater(std::move(letter));
  });
}

void Courier::Claim(Letter letter) {
  const auto& start = std::get<core::StartChild>(letter.body);
  if (start.idempotency_key.empty()) return Begin(std::move(letter));
  const Workflow* sender = state_.shards.Find(letter.sender);
  if (sender == nullptr) return;
  const ports::KeyClaim claim{.name_space = sender->state.start.name_space,
                              .key = start.idempotency_key,
                              .id = start.child,
                              .strategy = start.key_strategy};
  state_.journal.ClaimKeys(
      {claim}, [this, letter = std::move(letter), generation = state_.generation,
                inbox = state_.inbox](absl::StatusOr<std::vector<ports::KeyHolder>> holders) {
        inbox->PostCompletion([this, generation, letter, holders = std::move(holders)]() mutable {
          if (generation != state_.generation) return;
          if (!holders.ok()) return RetryLater(std::move(letter));
          OnClaimed(std::move(letter), holders->front());
        });
      });
}

void Courier::OnClaimed(Letter letter, const ports::KeyHolder& holder) {
  const auto& start = std::get<core::StartChild>(letter.body);
  if (holder.id == start.child) return Begin(std::move(letter));
  const std::string whose = absl::StrCat("idempotencyKey ", start.idempotency_key,
                                         " is that of workflow ", holder.id.ToString());
  if (!holder.started) return Refuse(letter, absl::StrCat(whose, ", which is yet to be started"));
  if (start.key_strategy == core::KeyStrategy::kFailOnRunning) {
    return Refuse(letter, absl::StrCat(whose, ", which has not ended"));
  }
  if (start.key_strategy == core::KeyStrategy::kFail) return Refuse(letter, whose);
  // Whoever began that workflow hears of its end, nobody else.
  if (!start.detached) {
    return Refuse(letter, absl::StrCat(whose, ", which carries out something else"));
  }
  Answer(letter, {.task = start.task, .child = start.child, .existing = holder.id});
}

void Courier::AnswerKnown(const Letter& letter, const Workflow& known) {
  const auto& start = std::get<core::StartChild>(letter.body);
  const core::WorkflowStarted& begun = known.state.start;
  const bool own = start.detached
                       ? begun.parent.is_nil()
                       : begun.parent == letter.sender && begun.parent_task == start.task;
  if (!own) {
    return Refuse(letter, absl::StrCat("the id ", start.child.ToString(),
                                       " belongs to a workflow that was started otherwise"));
  }
  if (!start.detached) return Answer(letter, core::ReportOf(known.state));
  Answer(letter, {.task = start.task, .child = start.child});
}

void Courier::Begin(Letter letter) {
  const auto& start = std::get<core::StartChild>(letter.body);
  // Sub-workflows of what has been accepted are not refused for the number of workflows: those that
  // wait for them would never end. They wait for room in the queues and in the open batches.
  if (state_.matcher.task_count() >= state_.options.queued_tasks_max) {
    state_.refusals.Note("queued_tasks_max", "start a sub-workflow");
    return RetryLater(std::move(letter));
  }
  const Workflow* sender = state_.shards.Find(letter.sender);
  if (sender == nullptr) return;
  std::shared_ptr<const core::Definition> definition;
  if (start.definition.empty() && state_.definition_in_memory != nullptr) {
    definition =
        state_.definition_in_memory(sender->state.start.name_space, start.name, start.version);
  }
  if (definition == nullptr) return Resolve(std::move(letter));
  BeginWith(letter, std::move(definition));
}

// On the journal's threads, which may ask the catalog.
void Courier::Resolve(Letter letter) {
  const auto& start = std::get<core::StartChild>(letter.body);
  const core::WorkflowId child = start.child;
  const std::string name_space = state_.shards.Find(letter.sender)->state.start.name_space;
  state_.journal.Load(
      child, [this, letter = std::move(letter), name_space, generation = state_.generation,
              inbox = state_.inbox, by_name = state_.definition_by_name,
              in_place = state_.definition_in_place](
                 const absl::StatusOr<std::optional<ports::StoredWorkflow>>& stored) mutable {
        const auto& wanted = std::get<core::StartChild>(letter.body);
        absl::StatusOr<std::shared_ptr<const core::Definition>> definition =
            absl::UnimplementedError("definitions in place are not taken here");
        if (!stored.ok()) {
          definition = absl::UnavailableError(stored.status().ToString());
        } else if (wanted.definition.empty()) {
          definition = by_name(name_space, wanted.name, wanted.version);
        } else if (in_place != nullptr) {
          definition = in_place(name_space, std::string(wanted.definition.text()));
        }
        inbox->PostCompletion([this, generation, letter = std::move(letter),
                               definition = std::move(definition)]() mutable {
          if (generation != state_.generation) return;
          OnResolved(std::move(letter), std::move(definition));
        });
      });
}

void Courier::OnResolved(Letter letter,
                         absl::StatusOr<std::shared_ptr<const core::Definition>> definition) {
  if (definition.ok()) return BeginWith(letter, *std::move(definition));
  const absl::Status& status = definition.status();
  if (absl::IsUnavailable(status)) return RetryLater(std::move(letter));
  const auto& start = std::get<core::StartChild>(letter.body);
  if (absl::IsNotFound(status) && start.definition.empty()) {
    return Refuse(letter, NoSuchDefinition(start));
  }
  Refuse(letter, std::string(status.message()));
}

void Courier::BeginWith(const Letter& letter, std::shared_ptr<const core::Definition> definition) {
  const auto& start = std::get<core::StartChild>(letter.body);
  if (const Workflow* known = state_.shards.Find(start.child); known != nullptr) {
    return AnswerKnown(letter, *known);
  }
  const Workflow* sender = state_.shards.Find(letter.sender);
  const core::Task* task = TaskOf(sender, start.task);
  // Given up before it began. Task 0: the failure workflow, which is of no task.
  if (sender == nullptr) return;
  const bool of_task = start.task != 0;
  if (of_task && (task == nullptr || task->status != core::TaskStatus::kInProgress ||
                  task->cancel_requested)) {
    return Refuse(letter, "it was given up before it was started");
  }
  core::StartWorkflow trigger{.id = start.child,
                              .input = start.input,
                              .correlation_id = start.correlation_id,
                              .idempotency_key = start.idempotency_key,
                              .priority = start.priority,
                              .traceparent = sender->state.start.traceparent,
                              .tracestate = sender->state.start.tracestate,
                              .task_to_domain = start.task_to_domain};
  if (!start.detached) {
    trigger.parent = letter.sender;
    trigger.parent_task = start.task;
  }
  // Failure workflows that fail are bounded as sub-workflows are.
  if (!start.detached || !of_task) trigger.depth = sender->state.start.depth + 1;
  if (const absl::Status turn = decider_.CheckTurn(*definition, trigger); !turn.ok()) {
    return Refuse(letter, std::string(turn.message()));
  }
  auto fresh = std::make_unique<Workflow>();
  fresh->definition = std::move(definition);
  fresh->state.id = start.child;
  Workflow& workflow = state_.shards.Add(std::move(fresh));
  const absl::StatusOr<core::Answer> begun = decider_.Decide(workflow, core::Trigger(trigger));
  if (!begun.ok()) {
    state_.shards.Remove(start.child);
    return Refuse(letter, std::string(begun.status().message()));
  }
  if (!start.detached) return Done(letter);
  Answer(letter, {.task = start.task, .child = start.child});
}

void Courier::TerminateChild(Letter letter) {
  const auto& terminate = std::get<core::TerminateChild>(letter.body);
  const core::WorkflowId child = terminate.child;
  loader_.With(child, [this, letter = std::move(letter)](absl::StatusOr<Workflow*> found) mutable {
    const auto& wanted = std::get<core::TerminateChild>(letter.body);
    if (absl::IsNotFound(found.status())) return Refuse(letter, "it was never started");
    if (!found.ok()) return RetryLater(std::move(letter));
    if ((*found)->ended()) return Done(letter);
    const absl::StatusOr<core::Answer> answer = decider_.Decide(
        **found, core::TerminateWorkflow{.actor = kParent, .reason = wanted.reason});
    if (!answer.ok()) {
      // A saga past its pivot goes forward to its end, which its parent hears of.
      base::LogInfo("child.not_terminated", {{"workflow", wanted.child.ToString()},
                                             {"status", answer.status().ToString()}});
    }
    Done(letter);
  });
}

void Courier::UndoChild(Letter letter) {
  const core::WorkflowId child = std::get<core::UndoChild>(letter.body).child;
  loader_.With(child, [this, letter = std::move(letter)](absl::StatusOr<Workflow*> found) mutable {
    const auto& wanted = std::get<core::UndoChild>(letter.body);
    if (absl::IsNotFound(found.status())) return Refuse(letter, "there is no such workflow");
    if (!found.ok()) return RetryLater(std::move(letter));
    const absl::StatusOr<core::Answer> answer =
        decider_.Decide(**found, core::UndoForParent{.reason = wanted.reason});
    core::ReportChild report = core::ReportOf((*found)->state);
    if (!answer.ok()) {
      report.condition = core::ChildCondition::kNotUndone;
      report.reason = std::string(answer.status().message());
    }
    report.task = wanted.task;
    Answer(letter, report);
  });
}

void Courier::RetryChild(Letter letter) {
  const core::WorkflowId child = std::get<core::RetryChild>(letter.body).child;
  loader_.With(child, [this, letter = std::move(letter)](absl::StatusOr<Workflow*> found) mutable {
    const auto& wanted = std::get<core::RetryChild>(letter.body);
    if (absl::IsNotFound(found.status())) return Refuse(letter, "it was never started");
    if (!found.ok()) return RetryLater(std::move(letter));
    const core::State& state = (*found)->state;
    const bool to_retry = (*found)->ended() && state.status != core::WorkflowStatus::kCompleted &&
                          state.reopened_asked < wanted.asked;
    if (to_retry) {
      const absl::StatusOr<core::Answer> answer =
          decider_.Decide(**found, core::RetryWorkflow{.actor = wanted.actor,
                                                       .reason = wanted.reason,
                                                       .resume_sub_workflows = true,
                                                       .asked = wanted.asked});
      if (absl::IsUnavailable(answer.status())) return RetryLater(std::move(letter));
      if (!answer.ok()) return Refuse(letter, std::string(answer.status().message()));
    }
    core::ReportChild report = core::ReportOf((*found)->state);
    report.task = wanted.task;
    Answer(letter, report);
  });
}

void Courier::TellParent(Letter letter) {
  const core::WorkflowId parent = std::get<core::TellParent>(letter.body).parent;
  loader_.With(parent, [this, letter = std::move(letter)](absl::StatusOr<Workflow*> found) mutable {
    const Workflow* sender = state_.shards.Find(letter.sender);
    if (!found.ok() && !absl::IsNotFound(found.status())) return RetryLater(std::move(letter));
    // The report may re-open it (Workflow::debts_open).
    if (found.ok() && (*found)->ended() && (*found)->debts_open > 0) {
      return RetryLater(std::move(letter));
    }
    if (found.ok() && sender != nullptr) {
      const absl::StatusOr<core::Answer> told =
          decider_.Decide(**found, core::ReportOf(sender->state));
      if (!told.ok()) {
        base::LogError("parent.refused", {{"workflow", letter.sender.ToString()},
                                          {"status", told.status().ToString()}});
      }
    }
    Done(letter);
  });
}

void Courier::Refuse(const Letter& letter, std::string reason) {
  core::ReportChild report{.condition = core::ChildCondition::kRefused};
  std::visit(
      [&](const auto& body) {
        report.task = body.task;
        if constexpr (requires { body.child; }) report.child = body.child;
      },
      letter.body);
  report.reason = std::move(reason);
  Answer(letter, report);
}

void Courier::Answer(const Letter& letter, const core::ReportChild& report) {
  Workflow* sender = state_.shards.Find(letter.sender);
  if (sender == nullptr) return;
  const absl::StatusOr<core::Answer> answer = decider_.Decide(*sender, report);
  if (!answer.ok()) {
    base::LogError("child.report_refused", {{"workflow", letter.sender.ToString()},
                                            {"status", answer.status().ToString()}});
  }
  Done(letter);
}

void Courier::Done(const Letter& letter) {
  Workflow* sender = state_.shards.Find(letter.sender);
  if (sender == nullptr) return;
  if (OwedByEnd(letter)) --sender->debts_open;
  if (--sender->letters_open > 0) return;
  parking_.Settle(*sender);
}

}  // namespace skald::runtime
