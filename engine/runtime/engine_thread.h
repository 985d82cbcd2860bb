// EngineThread: the engine of a process. Runs one Loop on a thread of its own, the only one that
// the runtime starts.
//
// Thread-safe. Owns the loop; the collaborators outlive it. The journal's callbacks may still come
// after its destruction and are then ignored.
//
//   EngineThread engine(options, {.journal = journal, .clock = clock, …});
//   engine.Start(request, done);
//   engine.Stop();  // clean: commits what is open, gives the shards back
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/loop.h"

namespace skald::runtime {

class EngineThread final : public Engine {
 public:
  // Begins to take the node's lease at once; Stats().ready becomes OK when the shards are loaded.
  EngineThread(EngineOptions options, Collaborators collaborators);
  // Stops as Stop does.
  ~EngineThread() override;

  // Takes no new work, waits for what is being committed, closes the sessions and gives the lease
  // back; at most `timeout_us` long, then it just ends. Idempotent.
  void Stop(core::DurationUs timeout_us = 5 * core::kSecondUs);

  // True once the node was fenced off or gave up: it serves nothing any more; the process should
  // end and be started again.
  bool lost() const { return lost_.load(); }

  // As Loop::SetTaskLimits.
  void SetTaskLimits(TaskLimits limits) { loop_.SetTaskLimits(std::move(limits)); }

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
  void Run();
  // One tick. False when the loop has ended.
  bool TakeTurn();

  const ports::Clock& clock_;
  Loop loop_;
  // Used by the thread that takes the turn.
  core::TimeUs give_up_at_ = 0;
  core::TimeUs wake_at_ = 0;
  std::atomic<bool> stop_wanted_ = false;
  std::atomic<core::DurationUs> stop_timeout_us_ = 0;
  std::atomic<bool> lost_ = false;
  base::Mutex stop_mutex_;
  std::thread thread_;  // last: starts when everything else stands
};

}  // namespace skald::runtime
