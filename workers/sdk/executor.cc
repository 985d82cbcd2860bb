#include "workers/sdk/executor.h"

#include <algorithm>
#include <utility>

namespace skald::sdk {

Executor::Executor(int threads, MakeRunFunction make_run) : make_run_(std::move(make_run)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Serve(); });
}

Executor::~Executor() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Executor::Submit(std::vector<HeldTaskPtr> tasks) {
  base::MutexLock lock(mutex_);
  // Busy threads look again by themselves: only as many are woken as have something to do.
  int to_wake = std::min(idle_, static_cast<int>(tasks.size()));
  for (HeldTaskPtr& task : tasks) queue_.push_back(std::move(task));
  for (; to_wake > 0; --to_wake) changed_.Signal();
}

void Executor::Serve() {
  const RunFunction run = make_run_();
  while (true) {
    HeldTaskPtr task;
    {
      base::MutexLock lock(mutex_);
      ++idle_;
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      --idle_;
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    run(task);
  }
}

}  // namespace skald::sdk
