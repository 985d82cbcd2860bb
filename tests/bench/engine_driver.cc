#include "tests/bench/engine_driver.h"

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "skald/v1/workflow.grpc.pb.h"
#include "tests/bench/engine_client.h"
#include "tests/bench/latency_samples.h"

namespace skald::bench {
namespace {

// Start times are kept in a ring by the workflow's number, which is its correlation id.
constexpr uint64_t kMoments = 1 << 20;

// A call of StartMany under way.
struct StartsCall {
  grpc::ClientContext context;
  v1::StartManyRequest request;
  v1::StartManyResponse response;
};

class Load final : public EngineDriver, private grpc::ClientReadReactor<v1::WatchResponse> {
 public:
  Load(const std::shared_ptr<grpc::Channel>& channel, const Scenario& scenario)
      : stub_(v1::WorkflowService::NewStub(channel)), scenario_(scenario), moments_ns_(kMoments) {}

  ~Load() override {
    {
      base::MutexLock lock(mutex_);
      stopped_ = true;
    }
    watch_context_.TryCancel();
    base::MutexLock lock(mutex_);
    while (!watch_done_ || calls_ > 0 || waits_ > 0) {
      changed_.Wait(mutex_);
    }
  }

  void Start() {
    v1::WatchRequest request;
    request.set_name(scenario_.name);
    request.set_ends_only(true);
    stub_->async()->Watch(&watch_context_, &request, this);
    StartRead(&watched_);
    StartCall();
  }

  Report TakeReport() override {
    base::MutexLock lock(mutex_);
    const Quantiles quantiles = latencies_.Take();
    return {{"workflows", static_cast<double>(finished_)},
            {"unexpected", static_cast<double>(unexpected_)},
            {"refused", static_cast<double>(refused_)},
            {"failed", failed_ ? 1.0 : 0.0},
            {"p50_ms", quantiles.p50_ms},
            {"p99_ms", quantiles.p99_ms}};
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    if (watched_.watching()) {
      Owe(scenario_.workflows_at_a_time);
    }
    if (watched_.notices_size() > 0) {
      NoteEnds();
      Owe(static_cast<uint32_t>(watched_.notices_size()));
    }
    watched_.Clear();
    StartRead(&watched_);
  }

  void OnDone(const grpc::Status& status) override {
    base::MutexLock lock(mutex_);
    if (!stopped_) {
      Fail(FromGrpc(status, "watch"));
    }
    watch_done_ = true;
    changed_.SignalAll();
  }

  void NoteEnds() {
    const int64_t now_ns = MonotonicNanoseconds();
    const v1::WorkflowStatus wanted = scenario_.fails || scenario_.undone_steps > 0
                                          ? v1::WORKFLOW_STATUS_FAILED
                                          : v1::WORKFLOW_STATUS_COMPLETED;
    base::MutexLock lock(mutex_);
    for (const v1::WatchResponse::Notice& notice : watched_.notices()) {
      uint64_t number = 0;
      if (absl::SimpleAtoi(notice.correlation_id(), &number)) {
        latencies_.Add(now_ns - moments_ns_[number % kMoments]);
      }
      const bool undone = notice.saga_status() == v1::SAGA_STATUS_COMPENSATED;
      const bool expected = notice.ended_as() == wanted && undone == (scenario_.undone_steps > 0);
      ++(expected ? finished_ : unexpected_);
    }
  }

  // Workflows are to be started; begins calls for them as far as there is room.
  void Owe(uint32_t workflows) {
    std::vector<StartsCall*> begun;
    {
      base::MutexLock lock(mutex_);
      owed_ += workflows;
      while (owed_ > 0 && calls_ < kCallsMax && !stopped_ && !failed_) {
        const uint32_t count = std::min(owed_, kStartsPerCallMax);
        owed_ -= count;
        ++calls_;
        begun.push_back(MakeCall(count));
      }
    }
    for (StartsCall* call : begun) {
      stub_->async()->StartMany(&call->context, &call->request, &call->response,
                                [this, call](grpc::Status status) { StartsDone(call, status); });
    }
  }

  StartsCall* MakeCall(uint32_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto* call = new StartsCall;
    const int64_t now_ns = MonotonicNanoseconds();
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t number = ++started_;
      moments_ns_[number % kMoments] = now_ns;
      v1::StartRequest& start = *call->request.add_starts();
      start.set_name(scenario_.name);
      start.set_input(WorkflowInput(number));
      start.set_correlation_id(absl::StrCat(number));
    }
    return call;
  }

  void StartsDone(StartsCall* finished_call, const grpc::Status& status) {
    const std::unique_ptr<StartsCall> call(finished_call);
    uint32_t again = 0;
    uint32_t delay_ms = 1;
    {
      base::MutexLock lock(mutex_);
      if (IsTransient(status.error_code())) {
        again = static_cast<uint32_t>(call->request.starts_size());
      } else if (!status.ok()) {
        Fail(FromGrpc(status, "start workflows"));
      }
      for (const v1::StartManyResponse::Outcome& outcome : call->response.outcomes()) {
        if (IsTransient(outcome.code())) {
          ++again;
          delay_ms = std::max(delay_ms, outcome.retry_after_ms());
        } else if (outcome.code() != grpc::StatusCode::OK) {
          Fail(absl::InternalError(absl::StrCat("start a workflow: ", outcome.error())));
        }
      }
      refused_ += again;
    }
    if (again > 0) {
      OweLater(again, delay_ms);
    }
    {
      base::MutexLock lock(mutex_);
      --calls_;
      changed_.SignalAll();
    }
    Owe(0);
  }

  void OweLater(uint32_t workflows, uint32_t delay_ms) {
    {
      base::MutexLock lock(mutex_);
      ++waits_;
    }
    auto* alarm = new grpc::Alarm;
    alarm->Set(std::chrono::system_clock::now() + std::chrono::milliseconds(delay_ms),
               [this, alarm, workflows](bool) {
                 Owe(workflows);
                 delete alarm;
                 base::MutexLock lock(mutex_);
                 --waits_;
                 changed_.SignalAll();
               });
  }

  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!failed_ && !stopped_) {
      std::cerr << "driver of " << scenario_.name << ": " << status << std::endl;
      failed_ = true;
    }
  }

  const std::unique_ptr<v1::WorkflowService::Stub> stub_;
  const Scenario scenario_;
  grpc::ClientContext watch_context_;
  v1::WatchResponse watched_;  // used by one read at a time

  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<int64_t> moments_ns_ ABSL_GUARDED_BY(mutex_);
  LatencySamples latencies_ ABSL_GUARDED_BY(mutex_);
  uint32_t owed_ ABSL_GUARDED_BY(mutex_) = 0;   // workflows to be started
  uint32_t calls_ ABSL_GUARDED_BY(mutex_) = 0;  // of StartMany, in flight
  uint32_t waits_ ABSL_GUARDED_BY(mutex_) = 0;  // alarms set
  uint64_t started_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t finished_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t unexpected_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  bool watch_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EngineDriver>> EngineDriver::Begin(const std::string& address,
                                                                  const Scenario& scenario) {
  RETURN_IF_ERROR(AwaitServing(address));
  const std::shared_ptr<grpc::Channel> channel = ConnectEngine(address);
  RETURN_IF_ERROR(RegisterDefinitions(channel, TaskDefinitions(), {scenario.definition}));
  auto load = std::make_unique<Load>(channel, scenario);
  load->Start();
  return load;
}

}  // namespace skald::bench
