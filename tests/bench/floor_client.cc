#include "tests/bench/floor_client.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "tests/bench/control.h"
#include "tests/bench/floor.grpc.pb.h"
#include "tests/bench/floor_messages.h"
#include "tests/bench/latency_samples.h"
#include "tests/bench/outbox.h"

namespace skald::bench {
namespace {

using floor::Batch;
using floor::Finished;

// Moments by workflow id. Ids are given in order and few are in flight, so a ring does.
class Moments {
 public:
  static constexpr uint64_t kWorkflowsMax = 1 << 20;

  Moments() : at_ns_(kWorkflowsMax) {}
  int64_t& Of(uint64_t workflow_id) { return at_ns_[workflow_id % kWorkflowsMax]; }

 private:
  std::vector<int64_t> at_ns_;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// A client's stream of batches out and `In` in. Done can be waited for.
template <typename In>
class ClientStream : public grpc::ClientBidiReactor<Batch, In> {
 public:
  void WaitUntilDone() {
    base::MutexLock lock(mutex_);
    while (!done_) {
      changed_.Wait(mutex_);
    }
  }

 protected:
  virtual void Handle(In& message) = 0;

  void Begin() {
    this->StartRead(&read_);
    this->StartCall();
  }

  void Send(Batch&& batch) {
    if (Batch* next = outbox_.Put(std::move(batch))) {
      this->StartWrite(next);
    }
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    Handle(read_);
    read_.Clear();
    this->StartRead(&read_);
  }

  void OnWriteDone(bool ok) override {
    Batch* next = outbox_.WriteDone();
    if (ok && next != nullptr) {
      this->StartWrite(next);
    }
  }

  void OnDone(const grpc::Status&) override {
    base::MutexLock lock(mutex_);
    done_ = true;
    changed_.SignalAll();
  }

  In read_;
  Outbox<Batch> outbox_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

class Worker final : public ClientStream<Batch> {
 public:
  Worker(floor::Floor::Stub& stub, grpc::ClientContext& context) {
    stub.async()->Work(&context, this);
    Begin();
    Send(Batch());
  }

  Report TakeReport() {
    base::MutexLock lock(mutex_);
    const Quantiles quantiles = latencies_.Take();
    return {{"tasks", static_cast<double>(tasks_)},
            {"p50_ms", quantiles.p50_ms},
            {"p99_ms", quantiles.p99_ms}};
  }

 private:
  void Handle(Batch& batch) override {
    NoteReceived(batch);
    Send(std::exchange(batch, {}));
  }

  // The echo takes no time, so one look at the clock serves for both ends of the measurement.
  void NoteReceived(const Batch& batch) {
    const int64_t now_ns = MonotonicNanoseconds();
    base::MutexLock lock(mutex_);
    for (const floor::Task& task : batch.tasks()) {
      int64_t& sent_ns = moments_.Of(task.workflow_id());
      if (task.step() > 1) {
        latencies_.Add(now_ns - sent_ns);
      }
      sent_ns = now_ns;
    }
    tasks_ += static_cast<uint64_t>(batch.tasks_size());
  }

  base::Mutex mutex_;
  uint64_t tasks_ ABSL_GUARDED_BY(mutex_) = 0;
  Moments moments_ ABSL_GUARDED_BY(mutex_);
  LatencySamples latencies_ ABSL_GUARDED_BY(mutex_);
};

class Driver final : public ClientStream<Finished> {
 public:
  Driver(floor::Floor::Stub& stub, grpc::ClientContext& context, uint32_t workflows)
      : payload_(kPayloadBytes, 'p') {
    stub.async()->Drive(&context, this);
    Begin();
    Start(workflows);
  }

  Report TakeReport() {
    base::MutexLock lock(mutex_);
    const Quantiles quantiles = latencies_.Take();
    return {{"workflows", static_cast<double>(finished_)},
            {"p50_ms", quantiles.p50_ms},
            {"p99_ms", quantiles.p99_ms}};
  }

 private:
  void Start(uint32_t workflows) {
    Batch batch;
    {
      base::MutexLock lock(mutex_);
      const int64_t now_ns = MonotonicNanoseconds();
      for (uint32_t i = 0; i < workflows; ++i) {
        floor::Task& task = *batch.add_tasks();
        task.set_workflow_id(++started_);
        task.set_payload(payload_);
        moments_.Of(started_) = now_ns;
      }
    }
    Send(std::move(batch));
  }

  void Handle(Finished& finished) override {
    {
      base::MutexLock lock(mutex_);
      const int64_t now_ns = MonotonicNanoseconds();
      for (const uint64_t workflow_id : finished.workflow_ids()) {
        latencies_.Add(now_ns - moments_.Of(workflow_id));
      }
      finished_ += static_cast<uint64_t>(finished.workflow_ids_size());
    }
    Start(static_cast<uint32_t>(finished.workflow_ids_size()));
  }

  const std::string payload_;
  base::Mutex mutex_;
  uint64_t started_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t finished_ ABSL_GUARDED_BY(mutex_) = 0;
  Moments moments_ ABSL_GUARDED_BY(mutex_);
  LatencySamples latencies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status RunFloorWorker(const std::string& address) {
  const auto stub = floor::Floor::NewStub(Connect(address));
  grpc::ClientContext context;
  Worker worker(*stub, context);
  ServeCommands({{"ready", 1}}, [&](std::string_view) { return worker.TakeReport(); });
  context.TryCancel();
  worker.WaitUntilDone();
  return absl::OkStatus();
}

absl::Status RunFloorDriver(const std::string& address, uint32_t workflows) {
  const auto stub = floor::Floor::NewStub(Connect(address));
  grpc::ClientContext context;
  Driver driver(*stub, context, workflows);
  ServeCommands({{"ready", 1}}, [&](std::string_view) { return driver.TakeReport(); });
  context.TryCancel();
  driver.WaitUntilDone();
  return absl::OkStatus();
}

}  // namespace skald::bench
