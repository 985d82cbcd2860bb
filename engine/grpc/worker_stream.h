// WorkerStream: one call of WorkerService.Work, from hello to end (docs/worker-protocol.md).
//
// Lives from the call's start until gRPC says that it is done, then deletes itself. Its callbacks
// come one at a time per direction; Tick comes from the service's pinging thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "engine/grpc/stream_writer.h"
#include "engine/runtime/engine.h"
#include "skald/v1/worker.pb.h"

namespace skald::grpc_edge {

class WorkerHub;

struct StreamOptions {
  std::uint32_t ping_interval_ms = 2'000;
  std::uint32_t silent_intervals_max = 3;  // then the stream counts as deaf
  std::uint32_t hello_timeout_ms = 10'000;
  std::uint64_t message_bytes_max = 16 << 20;
  std::uint32_t task_lease_ms = 30'000;  // of a worker that names none
};

class WorkerStream final : public StreamWriter::Reactor {
 public:
  // `hub` and `engine` outlive the stream.
  WorkerStream(WorkerHub& hub, runtime::Engine& engine, const StreamOptions& options);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // About once a second: pings, and ends the stream when the worker has gone silent.
  // `now_ms` is of a monotonic clock.
  void Tick(std::int64_t now_ms);
  // Tells the worker that this node goes away.
  void Drain() { writer_->Drain(); }

 private:
  absl::Status Handle(const v1::WorkRequest& request);
  absl::Status Begin(const v1::Hello& hello);
  void HandleResults(const v1::WorkRequest& request);
  absl::Status HandleReceived(const v1::WorkRequest& request);
  absl::Status HandleHeartbeats(const v1::WorkRequest& request);

  WorkerHub& hub_;
  runtime::Engine& engine_;
  const StreamOptions options_;
  std::shared_ptr<StreamWriter> writer_;  // shared with the engine, which may outlive the stream
  v1::WorkRequest request_;               // read callback only
  std::atomic<runtime::SessionId> session_{0};
  std::atomic<bool> greeted_{false};
  bool drained_ = false;  // used by the reads only, which follow one another
  std::atomic<std::int64_t> last_heard_ms_;
  std::int64_t opened_ms_;
  std::int64_t last_ping_ms_;     // Tick only
  std::uint64_t ping_nonce_ = 0;  // Tick only
};

}  // namespace skald::grpc_edge
