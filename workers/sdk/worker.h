// Worker: a worker service in a few lines.
//
//   skald::sdk::Worker worker({.server = "localhost:8090", .database_url = url, .threads = 4});
//   worker.Action("charge_card", Charge);  // Result Charge(Task&, Transaction&): under the barrier
//   worker.Undo("refund_card", Refund);
//   worker.Handle("send_mail", SendMail);  // Result SendMail(Task&): without it
//   return worker.Main();
//
// Register first, then run; one thread does both. Handlers run on `threads` threads. With threads =
// 0 they run on the stream's own thread, one after the other: the fastest way for handlers that
// take microseconds, and wrong for any that waits, for meanwhile no heartbeat or ping leaves. While
// a task is with the worker its lease is kept by heartbeats. A lost stream is opened again, with a
// growing pause, while the handlers go on; no finished result is lost by it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/base/mutex.h"
#include "workers/sdk/handler_set.h"

namespace skald::sdk {

class Connection;

struct WorkerOptions {
  // host:port of the engine; of several nodes, separated by commas.
  std::string server = "localhost:8090";
  // Of the service's own database; needed by Action, Undo and Probe. libpq string or URI.
  std::string database_url = {};
  int threads = 4;            // 0: handlers run inline; at most 1 024
  std::uint32_t credits = 0;  // tasks held at once; 0: two per thread, inline 1 000
  std::string name_space = "default";
  std::string domain = {};     // takes only tasks of this domain
  std::string worker_id = {};  // for people; empty: host name and process id
  std::uint32_t lease_ms = 0;  // 0: the server's default
  int lock_timeout_ms = 2'000;
  // How long a drain waits for handlers and receipts; half of it again after it cancelled them.
  std::int64_t drain_timeout_ms = 30'000;
};

class Worker {
 public:
  explicit Worker(WorkerOptions options) : options_(std::move(options)) {}

  // As in HandlerSet.
  Worker& Handle(std::string type, Handler handler);
  Worker& Action(std::string type, TransactionHandler handler);
  Worker& Undo(std::string type, TransactionHandler handler);
  Worker& Probe(std::string type);
  // For the test kit.
  const HandlerSet& handlers() const { return handlers_; }

  // Serves until Drain; returns when every task it held is answered and acknowledged. Creates the
  // barrier's table if it is missing, and keeps it small.
  // INVALID_ARGUMENT: options that cannot work. UNAVAILABLE: no database within a minute of the
  // start. Otherwise as Connection::Serve.
  absl::Status Run();

  // Thread-safe: Run gives back what it holds and returns.
  void Drain();

  // Run, drained by SIGTERM and SIGINT. Returns what main should: 0, or 1 after an error, which it
  // logs.
  int Main();

 private:
  absl::Status Check() const;
  absl::Status PrepareDatabase();
  bool DrainAsked();

  const WorkerOptions options_;
  HandlerSet handlers_;
  base::Mutex mutex_;
  bool drain_asked_ ABSL_GUARDED_BY(mutex_) = false;
  Connection* connection_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace skald::sdk
