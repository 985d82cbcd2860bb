#include "tests/bench/floor_server.h"

#include <grpcpp/grpcpp.h>

#include <iostream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "tests/bench/control.h"
#include "tests/bench/floor.grpc.pb.h"
#include "tests/bench/floor_messages.h"
#include "tests/bench/floor_store.h"
#include "tests/bench/outbox.h"

namespace skald::bench {
namespace {

using floor::Batch;
using floor::Finished;

// Batches that wait for the next commit. Bounded by the driver's number of workflows in flight,
// each of which is in at most one place.
class Inbox {
 public:
  void Put(Batch&& batch) {
    base::MutexLock lock(mutex_);
    waiting_.push_back(std::move(batch));
    changed_.Signal();
  }

  void Stop() {
    base::MutexLock lock(mutex_);
    stopped_ = true;
    changed_.Signal();
  }

  // Everything that waits; empty only after Stop.
  std::vector<Batch> TakeAll() {
    base::MutexLock lock(mutex_);
    while (waiting_.empty() && !stopped_) {
      changed_.Wait(mutex_);
    }
    return std::exchange(waiting_, {});
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<Batch> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

// One stream, from the worker or from the driver. Deletes itself when the stream is done.
template <typename Out>
class Stream final : public grpc::ServerBidiReactor<Batch, Out> {
 public:
  // The registry's slot points at this stream while it is open; `mutex` guards the slot.
  Stream(Inbox& inbox, base::Mutex& mutex, Stream*& slot)
      : inbox_(inbox), mutex_(mutex), slot_(slot) {
    base::MutexLock lock(mutex_);
    slot_ = this;
    this->StartRead(&read_);
  }

  void Send(Out&& message) {
    if (Out* next = outbox_.Put(std::move(message))) {
      this->StartWrite(next);
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Leave();
      this->Finish(grpc::Status::OK);
      return;
    }
    if (read_.tasks_size() > 0) {
      inbox_.Put(std::exchange(read_, {}));
    }
    this->StartRead(&read_);
  }

  void OnWriteDone(bool ok) override {
    Out* next = outbox_.WriteDone();
    if (ok && next != nullptr) {
      this->StartWrite(next);
    }
  }

  void OnDone() override { delete this; }

 private:
  void Leave() {
    base::MutexLock lock(mutex_);
    if (slot_ == this) {
      slot_ = nullptr;
    }
  }

  Inbox& inbox_;
  base::Mutex& mutex_;
  Stream*& slot_;
  Batch read_;
  Outbox<Out> outbox_;
};

class Service final : public floor::Floor::CallbackService {
 public:
  explicit Service(Inbox& inbox) : inbox_(inbox) {}

  grpc::ServerBidiReactor<Batch, Batch>* Work(grpc::CallbackServerContext*) override {
    return new Stream<Batch>(inbox_, mutex_, worker_);
  }

  grpc::ServerBidiReactor<Batch, Finished>* Drive(grpc::CallbackServerContext*) override {
    return new Stream<Finished>(inbox_, mutex_, driver_);
  }

  void SendTasks(Batch&& tasks) {
    base::MutexLock lock(mutex_);
    if (worker_ != nullptr && tasks.tasks_size() > 0) {
      worker_->Send(std::move(tasks));
    }
  }

  void SendFinished(Finished&& finished) {
    base::MutexLock lock(mutex_);
    if (driver_ != nullptr && finished.workflow_ids_size() > 0) {
      driver_->Send(std::move(finished));
    }
  }

 private:
  Inbox& inbox_;
  base::Mutex mutex_;
  Stream<Batch>* worker_ = nullptr;     // guarded by mutex_
  Stream<Finished>* driver_ = nullptr;  // guarded by mutex_
};

FloorRows RowsOf(const std::vector<Batch>& batches) {
  FloorRows rows;
  for (const Batch& batch : batches) {
    for (const floor::Task& task : batch.tasks()) {
      auto& target = task.step() == 0 ? rows.started : rows.results;
      target.push_back({task.workflow_id(), task.step(), task.payload()});
      if (task.step() == kFloorSteps) {
        rows.ended.push_back(task.workflow_id());
      }
    }
  }
  return rows;
}

// Sends what follows from a durable batch; each output is the next step's input.
void Advance(std::vector<Batch>& batches, Service& service) {
  Batch next;
  Finished finished;
  for (Batch& batch : batches) {
    for (floor::Task& task : *batch.mutable_tasks()) {
      if (task.step() == kFloorSteps) {
        finished.add_workflow_ids(task.workflow_id());
        continue;
      }
      task.set_step(task.step() + 1);
      next.mutable_tasks()->Add(std::move(task));
    }
  }
  service.SendTasks(std::move(next));
  service.SendFinished(std::move(finished));
}

void CommitUntilStopped(Inbox& inbox, FloorStore& store, Service& service) {
  while (true) {
    std::vector<Batch> batches = inbox.TakeAll();
    if (batches.empty()) {
      return;
    }
    const absl::Status committed = store.Commit(RowsOf(batches));
    if (!committed.ok()) {
      std::cerr << committed << std::endl;
    }
    CHECK(committed.ok());
    Advance(batches, service);
  }
}

}  // namespace

absl::Status RunFloorServer(const std::string& database_url) {
  ASSIGN_OR_RETURN(FloorStore store, FloorStore::Open(database_url));
  Inbox inbox;
  Service service(inbox);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return absl::UnavailableError("listen on 127.0.0.1: no port");
  }
  std::thread committer([&] { CommitUntilStopped(inbox, store, service); });
  ServeCommands({{"port", port}}, [](std::string_view) { return Report(); });
  server->Shutdown(std::chrono::system_clock::now());
  inbox.Stop();
  committer.join();
  return absl::OkStatus();
}

}  // namespace skald::bench
