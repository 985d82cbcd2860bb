// BlockingPool: a few threads for calls that wait on the database, so that gRPC's own threads never
// do.
//
// Thread-safe. The queue is bounded; what does not fit is refused. The destructor runs what is
// queued and joins the threads.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/mutex.h"

namespace skald::grpc_edge {

class BlockingPool {
 public:
  BlockingPool(std::size_t threads, std::size_t queue_max);
  ~BlockingPool();

  // RESOURCE_EXHAUSTED with a retry delay when the queue is full, UNAVAILABLE while stopping; then
  // `work` is not run.
  absl::Status Run(std::function<void()> work);

 private:
  void Serve();

  const std::size_t queue_max_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace skald::grpc_edge
