// Decider: brings a trigger to a workflow in memory and carries out what follows: events to the
// committer, tasks to workers or into the matcher, leases, cancels, the workflow's timer.
//
// Single-threaded, works on the LoopState it is given, which outlives it.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/decide.h"
#include "engine/runtime/loop_state.h"

namespace skald::runtime {

class Decider {
 public:
  explicit Decider(LoopState& state) : state_(state) {}

  // Errors as core::Decide; the workflow is unchanged then.
  absl::StatusOr<core::Answer> Decide(Workflow& workflow, const core::Trigger& trigger);

  // A workflow came into memory from the store: its timer, leases, offers.
  void Adopt(Workflow& workflow);

  // Ties a lease to the stream that its worker has now: sends the task again when the worker does
  // not hold it.
  void Reconnect(Lease& lease);

  // Lists a worker for MatchCredits: it may have credits.
  void Restock(Worker& worker);
  // Starts waiting tasks at listed workers, as many as kMatchesPerTickMax. False: some are left.
  bool MatchCredits();
  bool has_unmatched() const {
    return !restocked_.empty() || state_.matcher.gates().has_stirred() || state_.turns.has_next();
  }

  // ---- turns of workflows (decider_turns.cc) ----
  // Lets those begin whose turn has come. False: some are left.
  bool AdmitWorkflows();
  // FAILED_PRECONDITION when the definition's rule refuses one more.
  absl::Status CheckTurn(const core::Definition& definition,
                         const core::StartWorkflow& start) const;

  // A worker came for a domain that had none: tasks that wait elsewhere because of that move there.
  void ChooseDomainsAgain(Queue& queue);

  // ---- limits (decider_limits.cc) ----
  // What task definitions allow from now on: holds at once, also for what waits.
  void SetTaskLimits(TaskLimits limits);
  // While Close holds, tasks under a limit are not started: what is in progress is being loaded.
  void CloseGates();
  void OpenGates();

  // Gives tasks the results that are kept for them. At most kReusesAtOnceMax in one call.
  void ReuseResults();
  bool has_reuses() const { return !reuses_.empty(); }

  // The memory of workflows is dropped.
  void Forget();

 private:
  void Carry(Workflow& workflow, const std::vector<core::Command>& commands);
  void Carry(Workflow& workflow, const core::OfferTask& offer);
  void Carry(Workflow& workflow, const core::WithdrawTask& withdraw);
  void Carry(Workflow& workflow, const core::CancelTask& cancel);
  void Carry(Workflow& workflow, const core::ResolveSteps& resolve);
  // To another workflow.
  template <typename Body>
  void Carry(Workflow& workflow, const Body& body);

  void CarryOpen(Workflow& workflow);

  // Decides that the task begins at this worker; false when the core does not agree.
  bool Begin(Workflow& workflow, core::TaskNumber task, Worker& worker, const Queue& queue,
             bool barrier);
  void AddLease(Workflow& workflow, const core::Task& task, Worker& worker);
  void SendAssignment(Workflow& workflow, const core::Task& task, Worker& worker);
  Queue& QueueOf(const std::string& name_space, const core::OfferTask& offer);
  bool MatchWorker(Worker& worker, std::size_t& matches_left);
  bool MatchStirred(std::size_t& matches_left);
  // Starts a task that was taken from its queue.
  void BeginTaken(const ReadyTask& task, Worker& worker, const Queue& queue, bool barrier);
  GatesOfTask GatesOf(const Workflow& workflow, const core::Task& task);
  void HoldPlace(const Workflow& workflow, const core::Task& task);

  // What follows from a decision: `before` is how the workflow counted before it.
  void Follow(Workflow& workflow, const ports::OpenWorkflows& before, core::Decision& decision);
  // How a workflow counts among the open ones.
  static ports::OpenWorkflows CountOf(const core::State& state);
  // Reads what the events mean for leases and metrics.
  void Observe(Workflow& workflow, const std::vector<core::Event>& events);
  void ObserveTurn(const Workflow& workflow, const core::EventBody& body);
  void AdoptTurn(const Workflow& workflow);
  void EndLease(Workflow& workflow, core::TaskNumber task);
  void DropProgress(Workflow& workflow, core::TaskNumber task);

  // Keeps the result of a task whose step wants it.
  void Keep(const Workflow& workflow, const core::TaskCompleted& completed);

  struct Reuse {
    core::WorkflowId workflow;
    core::ReuseResult result;
  };

  LoopState& state_;
  std::deque<Reuse> reuses_;        // tasks that need no worker; one per scheduled task at most
  std::vector<Worker*> restocked_;  // Worker::restock keeps them alive
  std::uint64_t decided_ = 0;
};

}  // namespace skald::runtime
