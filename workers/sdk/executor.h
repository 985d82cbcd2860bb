// Executor: runs tasks on a fixed number of threads, each with a TaskRunner and so with a database
// connection of its own.
//
// Thread-safe. The queue is bounded by the worker's credits: whoever submits more is a server that
// does not keep the protocol, and its stream ends before that (see Session::Receive).
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "engine/base/mutex.h"
#include "workers/sdk/session.h"

namespace skald::sdk {

class Executor {
 public:
  // Called once on each thread; what it returns runs that thread's tasks.
  using RunFunction = std::function<void(const HeldTaskPtr&)>;
  using MakeRunFunction = std::function<RunFunction()>;

  Executor(int threads, MakeRunFunction make_run);
  // Runs what is queued, then ends the threads.
  ~Executor();

  void Submit(std::vector<HeldTaskPtr> tasks);

 private:
  void Serve();

  const MakeRunFunction make_run_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<HeldTaskPtr> queue_ ABSL_GUARDED_BY(mutex_);
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace skald::sdk
