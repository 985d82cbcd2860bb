// StreamWriter: the writing half of one worker's stream, and what the engine knows of it.
//
// Collects what is to be sent and keeps one write in flight; what gathers meanwhile leaves in the
// next message. Thread-safe. Shared between the engine, which tells it assignments, and the stream,
// whichever lives longer: once the stream is gone, everything told to it is dropped.
// Bound: kPendingBytesMax; a worker that does not read beyond it loses its stream with
// RESOURCE_EXHAUSTED, and what it held stays leased to it.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/grpc/limits.h"
#include "engine/grpc/worker_requests.h"
#include "engine/runtime/engine.h"
#include "skald/v1/worker.pb.h"

namespace skald::grpc_edge {

inline constexpr std::size_t kMessageBytesTarget = 1 << 20;

class StreamWriter final : public runtime::WorkerSink {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::WorkRequest, v1::WorkResponse>;

  // `reactor` outlives the writer's use of it: it calls Detach before it goes.
  explicit StreamWriter(Reactor* reactor) : reactor_(reactor) {}

  void Assign(std::vector<runtime::Assignment> assignments) override;
  void CancelTasks(std::vector<runtime::Cancel> cancels) override;
  void Answer(std::vector<runtime::Receipt> receipts) override;
  // In one message, as far as there is room.
  void Deliver(std::vector<runtime::Receipt> receipts, std::vector<runtime::Assignment> assignments,
               std::vector<runtime::Cancel> cancels) override;
  void Close(absl::Status why) override;

  void Welcome(v1::Welcome welcome);
  void Refuse(const v1::TaskReceipt& task, const absl::Status& why);
  void Ping(std::uint64_t nonce);
  void Pong(std::uint64_t nonce);
  // Tells the worker that this node goes away.
  void Drain();

  // The write in flight is over.
  void OnWriteDone(bool ok);
  // The reactor is about to be deleted.
  void Detach();

 private:
  v1::WorkResponse& Room(std::size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MaybeWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  struct Outgoing {
    v1::WorkResponse message;
    std::size_t bytes = 0;
  };

  base::Mutex mutex_;
  Reactor* reactor_ ABSL_GUARDED_BY(mutex_);
  std::deque<Outgoing> pending_ ABSL_GUARDED_BY(mutex_);  // front is in flight while writing_
  std::size_t pending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> close_ ABSL_GUARDED_BY(mutex_);  // once all pending is written
};

}  // namespace skald::grpc_edge
