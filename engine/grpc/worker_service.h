// WorkerService of skald.v1: hands each call to a WorkerStream and keeps their pings going.
//
// Thread-safe. Owns one thread, which ticks all streams.
#pragma once

#include <grpcpp/grpcpp.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/grpc/blocking_pool.h"
#include "engine/grpc/limits.h"
#include "engine/grpc/worker_stream.h"
#include "engine/ports/clock.h"
#include "engine/ports/task_log.h"
#include "engine/runtime/engine.h"
#include "skald/v1/worker.grpc.pb.h"

namespace skald::grpc_edge {

// Milliseconds of a monotonic clock, for silence and pings only.
std::int64_t MonotonicMs();

// The open streams.
class WorkerHub {
 public:
  // `clock`, `pool` and `log` outlive the hub.
  WorkerHub(const StreamOptions& options, std::string node_id, const ports::Clock& clock,
            BlockingPool& pool, ports::TaskLog& log);
  ~WorkerHub();

  void Add(WorkerStream* stream);
  // Returns only when no Tick of the stream is under way.
  void Remove(WorkerStream* stream);
  // Tells every worker that this node goes away.
  void DrainAll();

  v1::Welcome Welcome(core::DurationUs lease_us) const;

  // Keeps log lines for the next write to the store; beyond kLogLinesMax they are dropped and
  // counted.
  void Keep(const google::protobuf::RepeatedPtrField<v1::LogEntry>& logs);

 private:
  void Serve();
  void MaybeFlushLogs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const StreamOptions options_;
  const std::string node_id_;
  const ports::Clock& clock_;
  BlockingPool& pool_;
  ports::TaskLog& log_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::set<WorkerStream*> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<ports::TaskLogLine> lines_ ABSL_GUARDED_BY(mutex_);
  std::size_t lines_dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class WorkerServiceImpl final : public v1::WorkerService::CallbackService {
 public:
  // Both outlive the service.
  WorkerServiceImpl(runtime::Engine& engine, WorkerHub& hub, const StreamOptions& options)
      : engine_(engine), hub_(hub), options_(options) {}

  StreamWriter::Reactor* Work(grpc::CallbackServerContext* context) override;

 private:
  runtime::Engine& engine_;
  WorkerHub& hub_;
  const StreamOptions options_;
};

}  // namespace skald::grpc_edge
