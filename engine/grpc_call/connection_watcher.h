// ConnectionWatcher: tells when a channel has a connection that may take a call.
//
// A call that is made on a channel that was not ready may or may not have been sent when it fails;
// gRPC does not say. So calls are made on channels that are ready only, and what fails before that
// is known to have done nothing. One thread, on a completion queue of its own. Thread-safe. The
// destructor ends what is waited for.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/time.h>

#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "engine/base/mutex.h"
#include "engine/grpc_call/channel_pool.h"

namespace skald::grpc_call {

class ConnectionWatcher {
 public:
  // `ready`: a connection stands. Not: no address can be connected to, or the deadline passed.
  using Known = std::function<void(bool ready)>;

  ConnectionWatcher();
  ~ConnectionWatcher();
  ConnectionWatcher(const ConnectionWatcher&) = delete;
  ConnectionWatcher& operator=(const ConnectionWatcher&) = delete;

  // Connects if need be. `known` is called at once or on the watcher's thread; not at all when
  // `owner` is gone.
  void Watch(std::shared_ptr<Connection> connection, gpr_timespec deadline,
             std::weak_ptr<void> owner, Known known);

 private:
  struct Watching {
    std::shared_ptr<Connection> connection;  // shared: the pool may let it go meanwhile
    gpr_timespec deadline;
    std::weak_ptr<void> owner;
    Known known;
  };

  void Look(std::unique_ptr<Watching> watching);
  void Loop();

  base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  grpc::CompletionQueue queue_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace skald::grpc_call
