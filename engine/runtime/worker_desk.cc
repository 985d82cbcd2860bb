#include "engine/runtime/worker_desk.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/overload.h"
#include "engine/runtime/task_secrets.h"

namespace skald::runtime {

// ---- streams
// ---------------------------------------------------------------------------------------

void WorkerDesk::Attach(SessionId session, WorkerHello hello, std::shared_ptr<WorkerSink> sink) {
  if (state_.phase == Phase::kStopping || state_.phase == Phase::kStopped ||
      state_.phase == Phase::kLost) {
    return sink->Close(ComeBackLater("the node goes away"));
  }
  Worker& worker = state_.workers.GetOrAddWorker(hello.name_space, hello.incarnation);
  if (worker.session != 0) {
    Close(worker, absl::AbortedError("a newer stream of the same worker process took over"));
  }
  // Closing may have forgotten the worker.
  Worker& fresh = state_.workers.GetOrAddWorker(hello.name_space, hello.incarnation);
  state_.workers.Bind(fresh, session, std::move(sink));
  fresh.worker_id = hello.worker_id;
  fresh.capacity = hello.credits;
  fresh.lease_us = hello.lease_us > 0 ? hello.lease_us : state_.options.default_task_lease_us;
  fresh.claims.insert(hello.held.begin(), hello.held.end());
  for (const TaskTypeOffer& offer : hello.task_types) {
    Queue& queue = state_.matcher.GetQueue(hello.name_space, offer.task_type, offer.domain);
    const bool first = state_.matcher.Join(fresh, queue, offer.barrier);
    if (first && !queue.domain.empty()) decider_.ChooseDomainsAgain(queue);
  }
  for (Lease* lease = fresh.first_lease; lease != nullptr;) {
    Lease& tied = *lease;
    lease = lease->next;
    if (tied.settled && !fresh.claims.contains(tied.key)) {
      state_.workers.RemoveLease(tied);
    } else if (tied.settled) {
      fresh.claims.erase(tied.key);
    } else {
      decider_.Reconnect(tied);
    }
  }
  if (state_.phase == Phase::kServing) {
    const std::vector<TaskKey> unknown(fresh.claims.begin(), fresh.claims.end());
    for (const TaskKey& key : unknown) TakeBack(fresh, key);
  }
  decider_.Restock(fresh);
}

void WorkerDesk::TakeBack(Worker& worker, const TaskKey& key) {
  if (!state_.shards.Serves(key.workflow.Slot())) return;
  worker.claims.erase(key);
  if (state_.workers.FindLease(key) != nullptr) return;
  // It still takes room at the worker, which is told not to go on.
  Lease& lease = state_.workers.AddLease(key, worker);
  lease.sent = lease.received = lease.settled = true;
  lease.lease_us = worker.lease_us;
  state_.workers.SetDeadline(lease, state_.now + lease.lease_us);
  state_.committer.immediate().AddCancel(
      worker, {key.workflow, key.task, key.fence, "given up by the engine", true});
}

void WorkerDesk::SettleClaims() {
  for (const auto& [session, worker] : state_.workers.sessions()) {
    const std::vector<TaskKey> unknown(worker->claims.begin(), worker->claims.end());
    for (const TaskKey& key : unknown) TakeBack(*worker, key);
    decider_.Restock(*worker);
  }
}

void WorkerDesk::SetCredits(SessionId session, std::uint32_t credits) {
  Worker* worker = state_.workers.FindSession(session);
  if (worker == nullptr) return;
  worker->capacity = credits;
  decider_.Restock(*worker);
}

void WorkerDesk::Drain(SessionId session) {
  Worker* worker = state_.workers.FindSession(session);
  if (worker == nullptr || worker->draining) return;
  worker->draining = true;
  ++draining_;
}

void WorkerDesk::Detach(SessionId session) {
  Worker* worker = state_.workers.FindSession(session);
  if (worker == nullptr) return;
  if (worker->draining) --draining_;
  state_.matcher.Leave(*worker, state_.now);
  state_.workers.Unbind(*worker);
  // Settled leases only counted room at the stream.
  for (Lease* lease = worker->first_lease; lease != nullptr;) {
    Lease& tied = *lease;
    lease = lease->next;
    if (!tied.settled) continue;
    if (worker->leases == 1) return state_.workers.RemoveLease(tied);
    state_.workers.RemoveLease(tied);
  }
  state_.workers.MaybeForget(*worker);
}

void WorkerDesk::Close(Worker& worker, const absl::Status& why) {
  const std::shared_ptr<WorkerSink> sink = worker.sink;
  Detach(worker.session);
  sink->Close(why);
}

void WorkerDesk::CloseDrained() {
  if (draining_ == 0) return;
  std::vector<Worker*> done;
  for (const auto& [session, worker] : state_.workers.sessions()) {
    if (worker->draining && worker->leases == 0) done.push_back(worker);
  }
  for (Worker* worker : done) Close(*worker, absl::OkStatus());
}

void WorkerDesk::CloseAll(const absl::Status& why) {
  while (!state_.workers.sessions().empty()) {
    Close(*state_.workers.sessions().begin()->second, why);
  }
}

// ---- leases
// ----------------------------------------------------------------------------------------

void WorkerDesk::Extend(Worker& worker, const TaskKey& key, bool received) {
  Lease* lease = state_.workers.FindLease(key);
  const bool held = lease != nullptr && lease->worker == &worker && !lease->settled;
  if (held) {
    if (lease->answered) return;
    lease->received |= received;
    state_.workers.SetDeadline(*lease, state_.now + lease->lease_us);
    return;
  }
  if (state_.phase != Phase::kServing || !state_.shards.Serves(key.workflow.Slot())) return;
  // The engine went on without it: the worker may stop.
  state_.committer.immediate().AddCancel(
      worker, {key.workflow, key.task, key.fence, "given up by the engine", true});
}

void WorkerDesk::Received(SessionId session, const std::vector<TaskKey>& tasks) {
  Worker* worker = state_.workers.FindSession(session);
  if (worker == nullptr) return;
  for (const TaskKey& key : tasks) {
    // An answered one needs no extension, and is no reason to cancel.
    if (state_.workers.FindLease(key) != nullptr) Extend(*worker, key, true);
  }
}

void WorkerDesk::Heartbeat(SessionId session, const std::vector<Beat>& beats) {
  Worker* worker = state_.workers.FindSession(session);
  if (worker == nullptr) return;
  for (const Beat& beat : beats) {
    Extend(*worker, beat.task, true);
    if (beat.progress_percent == 0 && beat.progress_message.empty()) continue;
    const Lease* lease = state_.workers.FindLease(beat.task);
    Workflow* workflow = state_.shards.Find(beat.task.workflow);
    if (lease == nullptr || lease->settled || workflow == nullptr) continue;
    std::erase_if(workflow->progress, [&](const auto& p) { return p.task == beat.task.task; });
    workflow->progress.push_back(
        {beat.task.task, beat.progress_percent,
         HideSecrets(*workflow->definition, workflow->state, state_.secrets, beat.task.task,
                     beat.progress_message)});
  }
}

void WorkerDesk::Expire(Lease& lease) {
  Worker& worker = *lease.worker;
  const TaskKey key = lease.key;
  Workflow* workflow = lease.settled ? nullptr : state_.shards.Find(key.workflow);
  if (workflow != nullptr) {
    const absl::StatusOr<core::Answer> answer = decider_.Decide(
        *workflow, core::LoseTask{.task = key.task, .fence = key.fence, .timeout = lease.timeout});
    if (!answer.ok()) {
      base::LogError("lease.expiry_refused", {{"workflow", key.workflow.ToString()},
                                              {"task", key.task},
                                              {"status", answer.status().ToString()}});
    }
    // The decision ended the lease: it is gone, or kept as settled with a new deadline.
    Lease* left = state_.workers.FindLease(key);
    if (left == nullptr || left->due_at() > state_.now) return;
  }
  decider_.Restock(worker);
  state_.workers.RemoveLease(*state_.workers.FindLease(key));
}

// ---- results
// ---------------------------------------------------------------------------------------

void WorkerDesk::GiveReceipt(SessionId session, Effects& effects, Receipt receipt) {
  Worker* worker = state_.workers.FindSession(session);
  if (worker != nullptr) return effects.AddReceipt(*worker, std::move(receipt));
  Lease* lease = state_.workers.FindLease(receipt.task);
  if (lease != nullptr && lease->answered) state_.workers.RemoveLease(*lease);
}

void WorkerDesk::Report(SessionId session, std::vector<Result> results) {
  for (Result& result : results) {
    Worker* worker = state_.workers.FindSession(session);
    ReportOne(session, worker, std::move(result));
  }
}

void WorkerDesk::ReportOne(SessionId session, Worker* worker, Result result) {
  if (state_.phase != Phase::kServing && state_.phase != Phase::kStopping) {
    return GiveReceipt(session, state_.committer.immediate(),
                       {result.task, ComeBackLater("the node is loading its workflows")});
  }
  Lease* lease = state_.workers.FindLease(result.task);
  if (lease != nullptr && lease->worker == worker) {
    // The worker has room again, before anything is decided: the next task may go to it at once.
    state_.workers.MarkAnswered(*lease);
    decider_.Restock(*worker);
  }
  Workflow* workflow = state_.shards.Find(result.task.workflow);
  if (workflow != nullptr) return ReportNow(session, *workflow, std::move(result));
  const core::WorkflowId id = result.task.workflow;
  loader_.With(
      id, [this, session, result = std::move(result)](absl::StatusOr<Workflow*> found) mutable {
        if (found.ok()) return ReportNow(session, **found, std::move(result));
        absl::Status why = found.status();
        // Stored by a newer release: a node of that release takes the result.
        if (absl::IsFailedPrecondition(why)) why = ComeBackLater(std::string(why.message()));
        GiveReceipt(session, state_.committer.immediate(), {result.task, std::move(why)});
      });
}

void WorkerDesk::ReportNow(SessionId session, Workflow& workflow, Result result) {
  HideSecrets(*workflow.definition, workflow.state, state_.secrets, result.report);
  absl::StatusOr<core::Answer> answer = decider_.Decide(workflow, result.report);
  const bool unfit =
      absl::IsInvalidArgument(answer.status()) || absl::IsResourceExhausted(answer.status());
  absl::Status status = answer.status();
  if (unfit) {
    // A result that can never be recorded must not hold the workflow up: the attempt has failed.
    answer = decider_.Decide(
        workflow,
        core::ReportResult{.task = result.task.task,
                           .fence = result.task.fence,
                           .status = core::TaskStatus::kFailedWithTerminalError,
                           .reason = absl::StrCat("its result was refused: ", status.message()),
                           .effect = core::Effect::kUnknown});
    status = absl::InvalidArgumentError(status.message());
  }
  const bool superseded = answer.ok() && *answer == core::Answer::kSuperseded;
  if (status.ok() && !superseded) status = std::move(result.malformed);
  Effects& effects = state_.committer.EffectsFor(workflow);
  GiveReceipt(session, effects, {result.task, status, superseded});
}

}  // namespace skald::runtime
