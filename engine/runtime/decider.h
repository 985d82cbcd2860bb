// Decider: brings a trigger to a workflow in memory and carries out what follows: events to the
// committer, tasks to workers or into the matcher, leases, cancels, the workflow's timer.
//
// Single-threaded, works on the LoopState it is given, which outlives it.
#pragma once

#include <cstdint>
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
  bool has_unmatched() const { return !restocked_.empty(); }

  // The memory of workflows is dropped.
  void Forget() { restocked_.clear(); }

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
  bool Begin(Workflow& workflow, core::TaskNumber task, Worker& worker, bool barrier);
  void AddLease(Workflow& workflow, const core::Task& task, Worker& worker);
  void SendAssignment(Workflow& workflow, const core::Task& task, Worker& worker);
  bool MatchWorker(Worker& worker, std::size_t& matches_left);

  // What follows from a decision: `before` is how the workflow counted before it.
  void Follow(Workflow& workflow, const ports::OpenWorkflows& before, core::Decision& decision);
  // How a workflow counts among the open ones.
  static ports::OpenWorkflows CountOf(const core::State& state);
  // Reads what the events mean for leases and metrics.
  void Observe(Workflow& workflow, const std::vector<core::Event>& events);
  void EndLease(Workflow& workflow, core::TaskNumber task);
  void DropProgress(Workflow& workflow, core::TaskNumber task);

  LoopState& state_;
  std::vector<Worker*> restocked_;  // Worker::restock keeps them alive
  std::uint64_t decided_ = 0;
};

}  // namespace skald::runtime
