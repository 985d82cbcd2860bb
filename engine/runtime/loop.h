// Loop: everything that happens behind Engine, as a state machine without threads or I/O.
//
// `Tick(now)` takes what other threads posted, decides, hands batches to the journal and lets go of
// what became durable; it returns when it wants to be called again. The simulation and EngineThread
// run the same loop.
//
// The Engine methods are thread-safe: they only post to the inbox. Tick, and what it calls, belong
// to one thread at a time. Callbacks run inside Tick; a request that finds the inbox full is
// answered on the caller's thread. The collaborators outlive the loop; it answers everything that
// it still holds with UNAVAILABLE when it is destroyed.
//
// A node may later run several loops, each with its own slot ranges: nothing here is global, and
// whoever routes requests to them by slot is an Engine itself.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/mutex.h"
#include "engine/runtime/client_desk.h"
#include "engine/runtime/courier.h"
#include "engine/runtime/decider.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/inbox.h"
#include "engine/runtime/loader.h"
#include "engine/runtime/loop_state.h"
#include "engine/runtime/node_keeper.h"
#include "engine/runtime/parking.h"
#include "engine/runtime/remover.h"
#include "engine/runtime/start_intake.h"
#include "engine/runtime/step_questions.h"
#include "engine/runtime/worker_desk.h"

namespace skald::runtime {

class Loop final : public Engine {
 public:
  Loop(EngineOptions options, Collaborators collaborators);
  ~Loop() override;

  // Does what there is to do; returns the time of the next call unless something is posted before.
  core::TimeUs Tick(core::TimeUs now);

  // ---- for the owner, on the ticking thread ----
  // Begins a clean stop: Tick goes on being called until stopped().
  void BeginStop();
  bool stopped() const { return state_.phase == Phase::kStopped; }
  // Fenced off, or given up after an error that cannot be retried.
  bool lost() const { return state_.phase == Phase::kLost; }
  bool serving() const { return state_.phase == Phase::kServing; }
  const LoopState& state() const { return state_; }

  Inbox& inbox() { return *state_.inbox; }

  // What task definitions allow from now on. Thread-safe.
  void SetTaskLimits(TaskLimits limits);

  // ---- Engine ----
  void Start(StartRequest request, Callback<Started> done) override;
  void Send(const std::string& name_space, const core::WorkflowId& id, core::Trigger trigger,
            Callback<core::Answer> done) override;
  void Delete(DeleteRequest request, Callback<core::Answer> done) override;
  void Get(const core::WorkflowId& id, Callback<std::shared_ptr<const WorkflowView>> done) override;
  absl::StatusOr<WatchId> Watch(WatchFilter filter, std::shared_ptr<WatchSink> sink) override;
  void Unwatch(WatchId id) override;
  absl::StatusOr<SessionId> Attach(WorkerHello hello, std::shared_ptr<WorkerSink> sink) override;
  void SetCredits(SessionId session, std::uint32_t credits) override;
  void Received(SessionId session, std::vector<TaskKey> tasks) override;
  std::vector<Receipt> Report(SessionId session, std::vector<Result> results) override;
  void Heartbeat(SessionId session, std::vector<Beat> beats) override;
  void Drain(SessionId session) override;
  void Detach(SessionId session) override;
  void Stats(Callback<EngineStats> done) override;
  void CheckReady(std::function<void(const absl::Status&)> done) override;
  void AfterCommits(std::function<void(const absl::Status&)> done) override;

 private:
  void RunCompletions();
  void RunWorkers();
  void RunClients();
  void RunLeases();
  void RunTimers();
  void TakeOutcome();
  void AfterDecision();
  // False while what is uncommitted is at its bound: work waits in the inbox, which refuses more.
  bool MayDecide() const;
  void Rejoin(const absl::Status& why);
  // After a recovery: what watchers did not hear of workflows that are not in memory.
  void TellUntold();
  void DropEverything(const absl::Status& why);
  void LoseNode(const absl::Status& why);
  void AdvanceStop();
  void Sample();
  absl::Status Readiness() const;
  void TakeCredits(SessionId session);
  EngineStats CollectStats();
  core::TimeUs NextWakeAt() const;

  LoopState state_;
  Decider decider_;
  Parking parking_;
  Loader loader_;
  Courier courier_;
  ClientDesk clients_;
  Remover remover_;
  WorkerDesk workers_;
  StartIntake starts_;
  StepQuestions questions_;
  NodeKeeper keeper_;

  Inbox::Content inbox_content_;  // taken, not handled yet
  core::TimeUs next_sample_at_ = 0;
  bool release_asked_ = false;
  int broken_commits_ = 0;
  std::atomic<std::size_t> sessions_ = 0;  // of workers: attached and not detached
  std::atomic<std::size_t> watches_ = 0;   // watched and not unwatched
  std::atomic<SessionId> next_session_ = 1;
  std::atomic<WatchId> next_watch_ = 1;
  // The newest word of each session that waits for the loop: one piece of work for all of them.
  base::Mutex credits_mutex_;
  absl::flat_hash_map<SessionId, std::uint32_t> credits_wanted_ GUARDED_BY(credits_mutex_);
};

}  // namespace skald::runtime
