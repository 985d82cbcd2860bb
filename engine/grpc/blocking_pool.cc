#include "engine/grpc/blocking_pool.h"

#include <utility>

#include "engine/runtime/engine.h"

namespace skald::grpc_edge {

BlockingPool::BlockingPool(std::size_t threads, std::size_t queue_max) : queue_max_(queue_max) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Serve(); });
}

BlockingPool::~BlockingPool() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.SignalAll();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status BlockingPool::Run(std::function<void()> work) {
  {
    base::MutexLock lock(mutex_);
    if (stopping_) return absl::UnavailableError("the server is stopping");
    if (queue_.size() >= queue_max_) {
      return runtime::OverloadError("blocking_queue_max", "calls that wait for the database");
    }
    queue_.push_back(std::move(work));
  }
  changed_.Signal();
  return absl::OkStatus();
}

void BlockingPool::Serve() {
  while (true) {
    std::function<void()> work;
    {
      base::MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace skald::grpc_edge
