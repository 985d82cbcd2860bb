// Connection: keeps one stream to the engine open, and says on it what the session has to say.
//
// One thread calls Serve and is the stream's: it reads, keeps the time, reconnects, and hands tasks
// to `on_tasks`. Finish and the reports may come from any thread; whoever finds the stream free
// writes, and what gathers while a write is under way leaves in the next message. Errors of Serve:
//   OK                  drained: everything that was held is answered and acknowledged
//   INVALID_ARGUMENT, UNIMPLEMENTED, PERMISSION_DENIED, UNAUTHENTICATED, NOT_FOUND
//                       refused by the server before it ever welcomed this worker
//   DEADLINE_EXCEEDED   the drain took longer than it may; the message tells what is left
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/mutex.h"
#include "skald/v1/worker.grpc.pb.h"
#include "workers/sdk/session.h"

namespace skald::sdk {

struct ConnectionOptions {
  std::vector<std::string> servers;  // host:port, tried in turn; at least one
  std::int64_t drain_timeout_ms = 30'000;
  SessionOptions session;
};

class Connection : public TaskReporter {
 public:
  using OnTasks = std::function<void(std::vector<HeldTaskPtr>)>;

  Connection(ConnectionOptions options, std::vector<TypeOffer> offers, OnTasks on_tasks);
  ~Connection() override;

  absl::Status Serve();

  // ---- thread-safe ----
  // Asks for no further tasks; Serve returns once all that is held is answered.
  void Drain() { drain_asked_ = true; }
  // The answer is sent now, or with `gather` later: then Flush has to follow.
  void Finish(const HeldTaskPtr& task, Result result, bool gather = false);
  void Flush();
  void Progress(const TaskData& task, int percent, std::string_view message) override;
  void Log(const TaskData& task, std::string_view message) override;

 private:
  struct Stream;
  enum Tag : std::intptr_t { kStarted = 1, kRead, kWritten, kFinished };

  // What became of one stream.
  grpc::Status ServeStream();
  void Handle(Stream& stream, Tag tag, bool ok);
  void HandleStarted(Stream& stream, bool ok);
  void HandleRead(Stream& stream, bool ok);
  void HandleWritten(Stream& stream, bool ok);
  void Finish(Stream& stream);
  void CloseForWriting(Stream& stream);
  void LookAround(Stream& stream);
  std::int64_t WaitMs() const;
  bool Pause(int failures);
  bool DrainIsOver(std::int64_t now_ms, bool streaming);
  absl::Status Leave();
  const std::shared_ptr<grpc::Channel>& ChannelTo(std::size_t server);

  const ConnectionOptions options_;
  const OnTasks on_tasks_;
  std::atomic<bool> drain_asked_ = false;

  // ---- Serve's thread only ----
  std::vector<std::shared_ptr<grpc::Channel>> channels_;  // shared with gRPC's stubs
  grpc::CompletionQueue queue_;
  std::size_t next_server_ = 0;
  std::int64_t drain_deadline_ms_ = 0;  // 0: not draining
  std::int64_t idle_since_ms_ = 0;      // draining with nothing left; 0: not so
  bool tokens_cancelled_ = false;
  std::mt19937_64 random_;

  mutable base::Mutex mutex_;
  base::CondVar writer_left_;
  Session session_ ABSL_GUARDED_BY(mutex_);
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;  // open for writing
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;      // a message is on its way
  int writers_inside_ ABSL_GUARDED_BY(mutex_) = 0;    // threads inside Stream's Write
  v1::WorkRequest request_;                           // belongs to whoever set writing_
};

}  // namespace skald::sdk
