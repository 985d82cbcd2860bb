#include "engine/runtime/decider.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/core/construct.h"
#include "engine/core/task_domains.h"
#include "engine/core/task_steps.h"
#include "engine/runtime/assignment.h"
#include "engine/runtime/change_lines.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/overload.h"

namespace skald::runtime {
namespace {

// Every so many decisions one is timed: reading the clock twice costs as much as a small decision.
constexpr std::uint64_t kTimedDecisions = 64;

const char* Name(const core::Trigger& trigger) {
  static constexpr const char* kNames[] = {
      "start",   "start_task",     "result",       "lose_task",    "timer",
      "signal",  "pause",          "resume",       "terminate",    "compensate",
      "operate", "steps_resolved", "update_task",  "report_child", "undo_for_parent",
      "restart", "retry",          "rerun",        "skip_task",    "update_variables",
      "admit",   "send_message",   "reuse_result", "upgrade"};
  static_assert(std::variant_size_v<core::Trigger> == std::size(kNames));
  return kNames[trigger.index()];
}

const std::string& RunnersNamespace() {
  static const std::string name = kRunnersNamespace;
  return name;
}

// The namespace of the workers that take the task.
const std::string& NamespaceOf(const Workflow& workflow, const core::Task& task) {
  const core::Step& step = core::StepOf(*workflow.definition, workflow.state, task.step);
  const bool built_in = !core::RunnerOf(step, task.operation).empty();
  return built_in ? RunnersNamespace() : workflow.state.start.name_space;
}

bool IsLetter(const core::Command& command) {
  return std::holds_alternative<core::StartChild>(command) ||
         std::holds_alternative<core::TerminateChild>(command) ||
         std::holds_alternative<core::UndoChild>(command) ||
         std::holds_alternative<core::RetryChild>(command) ||
         std::holds_alternative<core::TellParent>(command);
}

bool Reopens(const core::Trigger& trigger) {
  return std::holds_alternative<core::RestartWorkflow>(trigger) ||
         std::holds_alternative<core::RetryWorkflow>(trigger) ||
         std::holds_alternative<core::RerunWorkflow>(trigger);
}

}  // namespace

absl::StatusOr<core::Answer> Decider::Decide(Workflow& workflow, const core::Trigger& trigger) {
  if (workflow.ended() && workflow.debts_open > 0 && Reopens(trigger)) {
    return WithRetryDelay(
        absl::UnavailableError(absl::StrCat("workflow ", workflow.state.id.ToString(),
                                            ": others are still being told of its end")),
        kLetterRetryUs);
  }
  if (workflow.deleting) {
    return absl::NotFoundError("workflow " + workflow.state.id.ToString() + " is being deleted");
  }
  const bool timed = decided_++ % kTimedDecisions == 0;
  const core::TimeUs begun_at = timed ? state_.clock.Now() : 0;
  const ports::OpenWorkflows before = CountOf(workflow.state);
  absl::StatusOr<core::Decision> decision =
      core::Decide(*workflow.definition, trigger, state_.now, workflow.state);
  if (!decision.ok()) {
    if (base::LogEnabled(base::LogLevel::kDebug)) {
      base::LogDebug("decision.refused", {{"workflow", workflow.state.id.ToString()},
                                          {"trigger", Name(trigger)},
                                          {"status", decision.status().ToString()}});
    }
    return std::move(decision).status();
  }
  if (timed) state_.metrics.Decided(Name(trigger), state_.clock.Now() - begun_at);
  for (const core::Event& event : decision->events) {
    if (auto next = core::NextDefinition(event.body)) workflow.definition = std::move(next);
  }
  Follow(workflow, before, *decision);
  return decision->answer;
}

void Decider::Follow(Workflow& workflow, const ports::OpenWorkflows& before,
                     core::Decision& decision) {
  state_.open += CountOf(workflow.state);
  state_.open -= before;
  Observe(workflow, decision.events);
  std::vector<ChangeLine> lines = LinesOf(workflow, decision.events);
  state_.committer.Record(workflow, std::move(decision.events));
  if (!lines.empty()) state_.committer.EffectsFor(workflow).AddLines(std::move(lines));
  Carry(workflow, decision.commands);
  state_.timers.Set(workflow, workflow.state.NextDueAt());
}

void Decider::Carry(Workflow& workflow, const std::vector<core::Command>& commands) {
  for (const core::Command& command : commands) {
    std::visit([&](const auto& wanted) { Carry(workflow, wanted); }, command);
  }
}

void Decider::Carry(Workflow& workflow, const core::OfferTask& offer) {
  if (!offer.cache_key.empty()) {
    const core::Payload* kept = state_.results.Find(offer.cache_key, state_.now);
    if (kept != nullptr) {
      reuses_.push_back({workflow.state.id, {.task = offer.task, .output = *kept}});
      return;
    }
  }
  const std::string& name_space =
      offer.built_in ? RunnersNamespace() : workflow.state.start.name_space;
  Queue& queue = QueueOf(name_space, offer);
  const GatesOfTask gates = GatesOf(workflow, workflow.state.task(offer.task));
  if (!gates.any() && Matcher::MayGoFirst(queue, offer.priority)) {
    const Matcher::Found found = state_.matcher.FindWorker(queue);
    if (found.worker != nullptr) {
      Begin(workflow, offer.task, *found.worker, queue, found.barrier);
      return;
    }
  }
  state_.matcher.Enqueue(queue,
                         {.workflow = workflow.state.id,
                          .task = offer.task,
                          .since = state_.now,
                          .chosen = offer.domain.find(',') != std::string::npos},
                         offer.priority, gates);
}

Queue& Decider::QueueOf(const std::string& name_space, const core::OfferTask& offer) {
  if (offer.domain.empty()) return state_.matcher.GetQueue(name_space, offer.task_type, "");
  return state_.matcher.ChooseQueue(name_space, offer.task_type, core::SplitDomains(offer.domain),
                                    state_.now);
}

void Decider::ChooseDomainsAgain(Queue& queue) {
  for (Matcher::Waiting& one : state_.matcher.WaitingByChoice(queue.name_space, queue.task_type)) {
    Workflow* workflow = state_.shards.Find(one.task.workflow);
    if (workflow == nullptr) continue;
    const core::Task& task = workflow->state.task(one.task.task);
    const core::OfferTask offer = core::OfferOf(*workflow->definition, workflow->state, task);
    Queue& better = QueueOf(queue.name_space, offer);
    if (&better == one.queue) continue;
    state_.matcher.Withdraw(one.task.workflow, one.task.task);
    one.queue = &better;
    state_.matcher.PutBack(one, GatesOf(*workflow, task));
  }
}

void Decider::Carry(Workflow& workflow, const core::WithdrawTask& withdraw) {
  state_.matcher.Withdraw(workflow.state.id, withdraw.task);
}

void Decider::Carry(Workflow& workflow, const core::CancelTask& cancel) {
  if (!workflow.state.has_task(cancel.task)) return;
  Worker* worker = state_.workers.FindWorker(
      NamespaceOf(workflow, workflow.state.task(cancel.task)), cancel.incarnation);
  // A worker without a stream is asked when it comes back.
  if (worker == nullptr || worker->session == 0) return;
  state_.committer.EffectsFor(workflow).AddCancel(
      *worker, {workflow.state.id, cancel.task, cancel.fence, cancel.reason, cancel.superseded});
}

void Decider::Carry(Workflow& workflow, const core::ResolveSteps& resolve) {
  state_.questions.push_back({.workflow = workflow.state.id,
                              .name_space = workflow.state.start.name_space,
                              .request = resolve.request,
                              .names = resolve.names});
}

template <typename Body>
void Decider::Carry(Workflow& workflow, const Body& body) {
  ++workflow.letters_open;
  if (OwedByEnd(body)) ++workflow.debts_open;
  state_.letters.push_back({.sender = workflow.state.id, .body = body});
}

bool Decider::Begin(Workflow& workflow, core::TaskNumber number, Worker& worker, const Queue& queue,
                    bool barrier) {
  const ports::OpenWorkflows before = CountOf(workflow.state);
  absl::StatusOr<core::Decision> decision =
      core::Decide(*workflow.definition,
                   core::StartTask{.task = number,
                                   .worker = worker.worker_id,
                                   .incarnation = worker.incarnation,
                                   .barrier = barrier,
                                   .domain = queue.domain},
                   state_.now, workflow.state);
  if (!decision.ok()) {
    base::LogError("task.start_refused", {{"workflow", workflow.state.id.ToString()},
                                          {"task", number},
                                          {"status", decision.status().ToString()}});
    return false;
  }
  Follow(workflow, before, *decision);
  const core::Task& task = workflow.state.task(number);
  if (task.status != core::TaskStatus::kInProgress) return false;
  AddLease(workflow, task, worker);
  SendAssignment(workflow, task, worker);
  return true;
}

void Decider::AddLease(Workflow& workflow, const core::Task& task, Worker& worker) {
  const TaskKey key{workflow.state.id, task.number, task.fence};
  Lease* lease = state_.workers.FindLease(key);
  if (lease != nullptr) return;
  lease = &state_.workers.AddLease(key, worker);
  lease->lease_us = worker.lease_us > 0 ? worker.lease_us : state_.options.default_task_lease_us;
  const core::DurationUs response_us =
      ResponseTimeoutUs(*workflow.definition, workflow.state, task);
  if (response_us > 0 && response_us <= lease->lease_us) {
    lease->lease_us = response_us;
    lease->timeout = core::Timeout::kResponse;
  }
  state_.workers.SetDeadline(*lease, state_.now + lease->lease_us);
}

void Decider::SendAssignment(Workflow& workflow, const core::Task& task, Worker& worker) {
  if (worker.session == 0) return;
  state_.committer.EffectsFor(workflow).AddAssignment(
      worker, MakeAssignment(*workflow.definition, workflow.state, task, state_.secrets));
}

void Decider::ReuseResults() {
  for (std::size_t left = kReusesAtOnceMax; left > 0 && !reuses_.empty(); --left) {
    if (state_.committer.uncommitted_bytes() >= state_.options.uncommitted_bytes_max) return;
    const Reuse reuse = std::move(reuses_.front());
    reuses_.pop_front();
    Workflow* workflow = state_.shards.Find(reuse.workflow);
    if (workflow == nullptr) continue;
    const absl::StatusOr<core::Answer> answer = Decide(*workflow, reuse.result);
    if (answer.ok()) continue;
    base::LogError("task.reuse_refused", {{"workflow", reuse.workflow.ToString()},
                                          {"task", reuse.result.task},
                                          {"status", answer.status().ToString()}});
  }
}

void Decider::Forget() {
  restocked_.clear();
  reuses_.clear();
  state_.results.Clear();
}

void Decider::Adopt(Workflow& workflow) {
  if (!workflow.untold.empty()) {
    state_.watches.Tell({{workflow.state.id, workflow.definition,
                          workflow.state.start.correlation_id, std::move(workflow.untold)}});
    workflow.untold = {};
  }
  state_.timers.Set(workflow, workflow.state.NextDueAt());
  AdoptTurn(workflow);
  for (const core::Task& task : workflow.state.tasks) {
    if (task.status != core::TaskStatus::kInProgress || task.fence == 0) continue;
    if (task.awaits_update || !task.child.is_nil()) continue;
    Worker& worker = state_.workers.GetOrAddWorker(NamespaceOf(workflow, task), task.incarnation);
    AddLease(workflow, task, worker);
    HoldPlace(workflow, task);
    Reconnect(*state_.workers.FindLease({workflow.state.id, task.number, task.fence}));
  }
  CarryOpen(workflow);
}

// A workflow that was stored as parked had no open letters then, or has ended and owes some.
void Decider::CarryOpen(Workflow& workflow) {
  if (workflow.ended() && !workflow.row_parked) return;
  const bool letters = workflow.ended() || !workflow.row_parked;
  std::vector<core::Command> commands = core::OpenCommands(*workflow.definition, workflow.state);
  if (!letters) std::erase_if(commands, IsLetter);
  Carry(workflow, commands);
}

void Decider::Reconnect(Lease& lease) {
  Worker& worker = *lease.worker;
  if (worker.session == 0 || lease.answered) return;
  const bool held = worker.claims.erase(lease.key) != 0;
  lease.sent = lease.received = held;
  Workflow* workflow = state_.shards.Find(lease.key.workflow);
  if (workflow == nullptr || !workflow->state.has_task(lease.key.task)) return;
  const core::Task& task = workflow->state.task(lease.key.task);
  if (!held) SendAssignment(*workflow, task, worker);
  if (!task.cancel_requested) return;
  state_.committer.EffectsFor(*workflow).AddCancel(
      worker, {lease.key.workflow, lease.key.task, lease.key.fence, task.reason, false});
}

void Decider::Restock(Worker& worker) {
  if (worker.restock || worker.session == 0) return;
  worker.restock = true;
  state_.matcher.Restock(worker);
  restocked_.push_back(&worker);
}

void Decider::BeginTaken(const ReadyTask& task, Worker& worker, const Queue& queue, bool barrier) {
  Workflow* workflow = state_.shards.Find(task.workflow);
  if (workflow != nullptr && Begin(*workflow, task.task, worker, queue, barrier)) return;
  state_.matcher.gates().Release(task.id());
}

bool Decider::MatchWorker(Worker& worker, std::size_t& matches_left) {
  while (worker.credits() > 0) {
    if (matches_left == 0) return false;
    --matches_left;
    const Matcher::Taken taken = state_.matcher.TakeFor(worker);
    if (taken.task.task == 0) return true;
    BeginTaken(taken.task, worker, *taken.queue, taken.barrier);
  }
  return true;
}

// A limit let tasks through to queues where workers wait.
bool Decider::MatchStirred(std::size_t& matches_left) {
  while (Queue* queue = state_.matcher.gates().NextStirred()) {
    if (matches_left == 0) {
      state_.matcher.gates().Stir(*queue);
      return false;
    }
    --matches_left;
    const Matcher::Found found = state_.matcher.FindWorker(*queue);
    if (found.worker == nullptr) continue;
    BeginTaken(state_.matcher.TakeFirst(*queue), *found.worker, *queue, found.barrier);
    // Another queue may have the better task for the next place.
    if (!queue->ready.empty()) state_.matcher.gates().Stir(*queue);
  }
  return true;
}

bool Decider::MatchCredits() {
  AdmitWorkflows();
  std::size_t matches_left = kMatchesPerTickMax;
  std::vector<Worker*> listed;
  listed.swap(restocked_);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    Worker& worker = *listed[i];
    state_.matcher.Restock(worker);
    if (!MatchWorker(worker, matches_left)) {
      restocked_.insert(restocked_.end(), listed.begin() + static_cast<std::ptrdiff_t>(i),
                        listed.end());
      return false;
    }
    worker.restock = false;
    state_.workers.MaybeForget(worker);
  }
  return MatchStirred(matches_left);
}

}  // namespace skald::runtime
