// NodeKeeper: this node's lease and shards: taking them, loading what they hold, keeping them.
//
// Joining: AcquireNode, TakeShards, CountOpen, LoadActive page by page; then the node serves.
// Afterwards it renews the lease every third of it, and looks for ownerless shards with each
// renewal while it does not own all slots. Nothing else is asked of the journal while idle.
// Single-threaded, works on the LoopState it is given.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/runtime/decider.h"
#include "engine/runtime/loop_state.h"
#include "engine/runtime/parking.h"
#include "engine/runtime/start_intake.h"
#include "engine/runtime/worker_desk.h"

namespace skald::runtime {

class NodeKeeper {
 public:
  NodeKeeper(LoopState& state, Decider& decider, WorkerDesk& workers, Parking& parking,
             StartIntake& starts)
      : state_(state), decider_(decider), workers_(workers), parking_(parking), starts_(starts) {}

  // Asks what is to be asked now.
  void Tick();
  // The memory of workflows was dropped (and the generation raised): takes a new epoch, loads
  // again.
  void Rejoin();
  // No further questions.
  void Rest() { step_ = Step::kResting; }

  // Set when this node was fenced off.
  const std::optional<absl::Status>& fenced() const { return fenced_; }
  core::TimeUs next_wake_at() const;

 private:
  enum class Step { kAcquire, kTakeShards, kCount, kLoad, kKeep, kResting };

  struct Page {
    std::size_t rows = 0;
    core::WorkflowId last;
    absl::StatusOr<std::vector<std::unique_ptr<Workflow>>> loaded =
        std::vector<std::unique_ptr<Workflow>>();
  };

  void Acquire();
  void Renew();
  void TakeShards();
  void Count();
  void LoadPage();
  void OnLease(absl::StatusOr<ports::NodeLease> lease);
  // As Later, and teaches the clock what the database said.
  ports::Done<ports::NodeLease> LaterLease();
  void OnShards(absl::StatusOr<std::vector<ports::Shard>> shards);
  void OnCount(absl::StatusOr<ports::OpenWorkflows> open);
  void OnPage(Page page);
  void FinishLoading();
  void NoteOtherStarts();
  void RetryLater(const absl::Status& why);
  // A callback for the journal that calls `method` in a later tick, unless memory was dropped
  // since.
  template <typename T, typename Method>
  ports::Done<T> Later(Method method);

  LoopState& state_;
  Decider& decider_;
  WorkerDesk& workers_;
  Parking& parking_;
  StartIntake& starts_;

  Step step_ = Step::kAcquire;
  bool asking_ = false;
  bool joined_before_ = false;
  core::TimeUs next_at_ = 0;               // the step's question is due
  std::deque<ports::SlotRange> to_count_;  // of the shards to load, neighbours as one
  std::deque<ports::Shard> to_load_;
  core::WorkflowId loaded_to_;  // of the first of them
  std::optional<absl::Status> fenced_;
};

}  // namespace skald::runtime
