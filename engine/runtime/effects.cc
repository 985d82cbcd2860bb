#include "engine/runtime/effects.h"

#include <memory>

namespace skald::runtime {

Effects::ForSession& Effects::For(Worker& worker) {
  const bool known = worker.effects_batch == batch_ && worker.effects_index < sessions_.size() &&
                     sessions_[worker.effects_index].session == worker.session;
  if (!known) {
    worker.effects_batch = batch_;
    worker.effects_index = sessions_.size();
    sessions_.push_back({.session = worker.session});
  }
  return sessions_[worker.effects_index];
}

void Effects::AddAssignment(Worker& worker, Assignment assignment) {
  For(worker).assignments.push_back(std::move(assignment));
}

void Effects::AddCancel(Worker& worker, Cancel cancel) {
  For(worker).cancels.push_back(std::move(cancel));
}

void Effects::AddReceipt(Worker& worker, Receipt receipt) {
  For(worker).receipts.push_back(std::move(receipt));
}

void Effects::Send(ForSession& effects, Worker& worker, WorkerTable& workers) {
  // A stream that goes away in one of these calls stays valid until the last of them.
  const std::shared_ptr<WorkerSink> sink = worker.sink;
  for (const Assignment& assignment : effects.assignments) {
    Lease* lease = workers.FindLease({assignment.workflow, assignment.task, assignment.fence});
    if (lease != nullptr) lease->sent = true;
  }
  sink->Deliver(std::move(effects.receipts), std::move(effects.assignments),
                std::move(effects.cancels));
}

void Effects::Release(WorkerTable& workers, WatchTable& watches) {
  for (const ChangeLine& line : lines_) base::Log(line.level, line.text);
  lines_.clear();
  for (Reply& reply : replies_) reply(absl::OkStatus());
  replies_.clear();
  for (ForSession& effects : sessions_) {
    std::vector<TaskKey> answered;
    for (const Receipt& receipt : effects.receipts) answered.push_back(receipt.task);
    Worker* worker = workers.FindSession(effects.session);
    if (worker != nullptr) Send(effects, *worker, workers);
    // Last: the worker is forgotten with its last lease when its stream is gone.
    for (const TaskKey& key : answered) {
      Lease* lease = workers.FindLease(key);
      if (lease != nullptr && lease->answered) workers.RemoveLease(*lease);
    }
  }
  sessions_.clear();
  if (!notices_.empty()) watches.Tell(notices_);
  notices_.clear();
}

void Effects::Fail(const absl::Status& why, WorkerTable& workers) {
  for (Reply& reply : replies_) reply(why);
  replies_.clear();
  for (ForSession& effects : sessions_) {
    Worker* worker = workers.FindSession(effects.session);
    if (worker == nullptr || effects.receipts.empty()) continue;
    for (Receipt& receipt : effects.receipts) receipt.status = why;
    worker->sink->Answer(std::move(effects.receipts));
  }
  sessions_.clear();
  notices_.clear();
  lines_.clear();
}

}  // namespace skald::runtime
