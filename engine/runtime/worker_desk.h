// WorkerDesk: what comes in on the streams of workers.
//
// Single-threaded, works on the LoopState it is given. Requests of sessions that are gone are
// ignored, except results: those count whoever brings them.
#pragma once

#include <memory>
#include <vector>

#include "engine/runtime/decider.h"
#include "engine/runtime/loader.h"
#include "engine/runtime/loop_state.h"

namespace skald::runtime {

class WorkerDesk {
 public:
  WorkerDesk(LoopState& state, Decider& decider, Loader& loader)
      : state_(state), decider_(decider), loader_(loader) {}

  void Attach(SessionId session, WorkerHello hello, std::shared_ptr<WorkerSink> sink);
  void SetCredits(SessionId session, std::uint32_t credits);
  void Received(SessionId session, const std::vector<TaskKey>& tasks);
  void Report(SessionId session, std::vector<Result> results);
  void Heartbeat(SessionId session, const std::vector<Beat>& beats);
  void Drain(SessionId session);
  void Detach(SessionId session);

  // A lease that is due: the task is lost, or the room of a settled one is free again.
  void Expire(Lease& lease);
  // All shards are served: what workers say they hold and nobody leased to them is taken back.
  void SettleClaims();
  // Closes the streams of draining workers that hold nothing any more.
  void CloseDrained();
  void CloseAll(const absl::Status& why);

 private:
  void ReportOne(SessionId session, Worker* worker, Result result);
  void ReportNow(SessionId session, Workflow& workflow, Result result);
  void GiveReceipt(SessionId session, Effects& effects, Receipt receipt);
  void Extend(Worker& worker, const TaskKey& key, bool received);
  void TakeBack(Worker& worker, const TaskKey& key);
  void Close(Worker& worker, const absl::Status& why);

  LoopState& state_;
  Decider& decider_;
  Loader& loader_;
  std::size_t draining_ = 0;  // sessions
};

}  // namespace skald::runtime
