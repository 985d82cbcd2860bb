// FakeServer: WorkerService.Work as a script for tests: welcomes, assigns what it is told to
// assign, keeps what the worker says, and misbehaves when asked to.
//
// Thread-safe. The waits end the test binary after a minute, so that a lost message is a failure
// and not a hang.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "skald/v1/worker.grpc.pb.h"

namespace skald::sdk {

class FakeServer final : public v1::WorkerService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::WorkResponse, v1::WorkRequest>;

  struct Settings {
    std::uint32_t ping_interval_ms = 2'000;
    std::uint32_t lease_ms = 30'000;
    bool send_receipts = true;
    bool answer_pings = true;
    bool close_after_drain = true;
    int refuse_streams = 0;  // the next so many calls end with `refusal`
    grpc::Status refusal{grpc::StatusCode::UNAVAILABLE, "not now"};
  };

  FakeServer() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~FakeServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return address_; }

  void Set(const std::function<void(Settings&)>& change) {
    base::MutexLock lock(mutex_);
    change(settings_);
  }

  // One task of type "t", or of `type`; its id is its step key too. The same again on every call.
  static v1::Assignment TaskOf(const std::string& id, const std::string& type = "t") {
    v1::Assignment assignment;
    assignment.set_task_id(id);
    assignment.set_fence(1);
    assignment.set_task_type(type);
    assignment.set_operation(v1::OPERATION_ACTION);
    assignment.set_step_key(id);
    assignment.set_idempotency_key(id);
    assignment.set_input("{}");
    assignment.set_attempt(1);
    return assignment;
  }
  void Assign(const v1::Assignment& assignment) {
    v1::WorkResponse response;
    *response.add_assignments() = assignment;
    Send(response);
  }

  // Sends on the stream that is open; waits for one.
  void Send(const v1::WorkResponse& response) {
    WaitFor([](const Heard& heard) { return heard.streams_open > 0; });
    base::MutexLock lock(mutex_);
    if (stream_ != nullptr) stream_->Write(response);
  }

  // Ends the stream that is open, without a word.
  void DropStream() {
    base::MutexLock lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  // What the worker said so far.
  struct Heard {
    std::vector<v1::Hello> hellos;
    std::map<std::string, std::vector<v1::TaskResult>> results;  // by task id, repetitions too
    std::vector<std::string> received;
    std::map<std::string, std::vector<v1::Heartbeat>> heartbeats;
    std::vector<v1::LogEntry> logs;
    int messages = 0;
    int streams_open = 0;
    int pings = 0;
    int pongs = 0;
    bool drained = false;
  };
  void WaitFor(const std::function<bool(const Heard&)>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    base::MutexLock lock(mutex_);
    while (!condition(heard_)) {
      changed_.WaitFor(mutex_, std::chrono::milliseconds(100));
      if (std::chrono::steady_clock::now() < deadline) continue;
      std::fprintf(stderr, "the worker did not say what was waited for\n");
      std::abort();
    }
  }
  Heard heard() {
    base::MutexLock lock(mutex_);
    return heard_;
  }

 private:
  grpc::Status Work(grpc::ServerContext* context, Stream* stream) override {
    v1::WorkRequest request;
    if (!stream->Read(&request)) return grpc::Status::OK;
    {
      base::MutexLock lock(mutex_);
      heard_.hellos.push_back(request.hello());
      changed_.SignalAll();
      if (settings_.refuse_streams > 0) {
        --settings_.refuse_streams;
        return settings_.refusal;
      }
      v1::WorkResponse response;
      response.mutable_welcome()->set_node_id("fake");
      response.mutable_welcome()->set_ping_interval_ms(settings_.ping_interval_ms);
      response.mutable_welcome()->set_lease_ms(settings_.lease_ms);
      response.mutable_welcome()->set_max_message_bytes(4 << 20);
      stream->Write(response);
      stream_ = stream;
      context_ = context;
      ++heard_.streams_open;
    }
    bool close = false;
    while (!close && stream->Read(&request)) {
      close = Take(*stream, request);
      request.Clear();
    }
    base::MutexLock lock(mutex_);
    stream_ = nullptr;
    context_ = nullptr;
    --heard_.streams_open;
    changed_.SignalAll();
    return grpc::Status::OK;
  }

  // True if the stream is to be closed.
  bool Take(Stream& stream, const v1::WorkRequest& request) {
    base::MutexLock lock(mutex_);
    ++heard_.messages;
    for (const auto& receipt : request.received()) heard_.received.push_back(receipt.task_id());
    for (const auto& beat : request.heartbeats()) heard_.heartbeats[beat.task_id()].push_back(beat);
    for (const auto& line : request.logs()) heard_.logs.push_back(line);
    v1::WorkResponse response;
    for (const auto& result : request.results()) {
      heard_.results[result.task_id()].push_back(result);
      if (!settings_.send_receipts) continue;
      v1::ResultReceipt& receipt = *response.add_receipts();
      receipt.set_task_id(result.task_id());
      receipt.set_fence(result.fence());
      receipt.set_outcome(v1::ResultReceipt::OUTCOME_RECORDED);
    }
    heard_.pings += request.has_ping() ? 1 : 0;
    heard_.pongs += request.has_pong() ? 1 : 0;
    if (request.has_ping() && settings_.answer_pings) {
      response.mutable_pong()->set_nonce(request.ping().nonce());
    }
    if (response.receipts_size() > 0 || response.has_pong()) stream.Write(response);
    heard_.drained = heard_.drained || request.drain();
    changed_.SignalAll();
    // The worker of these tests holds nothing when it drains, or answers what it holds first.
    return settings_.close_after_drain && request.drain();
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  Settings settings_ ABSL_GUARDED_BY(mutex_);
  Heard heard_ ABSL_GUARDED_BY(mutex_);
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  grpc::ServerContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace skald::sdk
