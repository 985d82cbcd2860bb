// WatchStream: one call of WorkflowService.Watch.
//
// Lives from the call's start until gRPC says that it is done, then deletes itself. What the engine
// tells goes through a WatchQueue, which may outlive the stream.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/grpc/blocking_pool.h"
#include "engine/grpc/limits.h"
#include "engine/grpc/workflow_reader.h"
#include "engine/runtime/engine.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

// What is to be written to one watcher, in order. Thread-safe. Shared between the engine, the task
// that reads the history, and the stream.
class WatchQueue final : public runtime::WatchSink {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::WatchResponse>;

  struct Options {
    bool one_workflow = false;
    bool ends_only = false;
  };
  WatchQueue(Reactor* reactor, const Options& options) : options_(options), reactor_(reactor) {}

  bool Tell(const std::vector<runtime::Notice>& notices) override;

  // The engine has registered the watch: what it tells from here on misses nothing.
  void Begin();
  // With one workflow: what happened before, in order; afterwards what was told meanwhile follows,
  // without what is in `events` already.
  void Catch(const runtime::WorkflowView& view, std::vector<core::Event> events);
  void Fail(const absl::Status& why);
  void OnWriteDone(bool ok);
  void Detach();

 private:
  void Take(const core::WorkflowId& id, const core::Definition& definition,
            const std::string& correlation_id, const std::vector<core::Event>& events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeTold(const runtime::Notice& notice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeEarly() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropPending() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MaybeWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  struct Pending {
    v1::WatchResponse::Notice notice;
    std::size_t told_bytes = 0;  // 0: of the past
  };

  const Options options_;
  base::Mutex mutex_;
  Reactor* reactor_ ABSL_GUARDED_BY(mutex_);
  std::deque<Pending> notices_ ABSL_GUARDED_BY(mutex_);
  std::size_t pending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;       // of notices_, as told
  std::vector<runtime::Notice> early_ ABSL_GUARDED_BY(mutex_);  // told before Catch
  std::size_t early_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  v1::WatchResponse outgoing_ ABSL_GUARDED_BY(mutex_);   // gRPC's while writing_
  core::EventSeq last_seq_ ABSL_GUARDED_BY(mutex_) = 0;  // one workflow: told so far
  bool caught_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool announce_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);  // once all is written
};

class WatchStream final : public WatchQueue::Reactor {
 public:
  // All outlive the stream.
  WatchStream(const v1::WatchRequest& request, runtime::Engine& engine, WorkflowReader& reader,
              BlockingPool& pool);

  void OnWriteDone(bool ok) override { queue_->OnWriteDone(ok); }
  void OnCancel() override { queue_->Fail(absl::CancelledError("the watch was cancelled")); }
  void OnDone() override;

 private:
  absl::StatusOr<runtime::WatchFilter> ToFilter(const v1::WatchRequest& request);

  runtime::Engine& engine_;
  std::shared_ptr<WatchQueue> queue_;  // shared with the engine and the pool
  std::optional<runtime::WatchId> watch_;
};

}  // namespace skald::grpc_edge
