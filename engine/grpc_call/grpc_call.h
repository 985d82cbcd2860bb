// GrpcCall: one attempt of a GRPC step: a channel, the message types, the call, the result.
//
// Thread-safe; its stages follow one another on whichever threads they end on. Kept alive by what
// it waits for. Its result is given exactly once, to `CallTable`, which outlives no call that is in
// it.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/grpc_call/channel_pool.h"
#include "engine/grpc_call/connection_watcher.h"
#include "engine/grpc_call/grpc_request.h"
#include "engine/grpc_call/type_cache.h"
#include "engine/ports/task_runner.h"

namespace skald::grpc_call {

class GrpcCall;

// The calls that have not ended. Thread-safe.
class CallTable {
 public:
  // False: no more calls are taken.
  bool Add(const std::shared_ptr<GrpcCall>& call);
  void Remove(const GrpcCall& call);
  std::vector<std::shared_ptr<GrpcCall>> Find(std::string_view task_id) const;
  // Takes no more and returns what there is.
  std::vector<std::shared_ptr<GrpcCall>> Close();
  void WaitUntilEmpty();

 private:
  mutable base::Mutex mutex_;
  base::CondVar removed_;
  std::unordered_map<const GrpcCall*, std::shared_ptr<GrpcCall>> calls_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

// What all calls of a runner use.
struct CallParts {
  const GrpcOptions& options;
  ChannelPool& channels;
  TypeCache& types;
  ConnectionWatcher& watcher;
  std::shared_ptr<CallTable> table;  // shared: the last call signals it after its runner let go
};

class GrpcCall : public std::enable_shared_from_this<GrpcCall> {
 public:
  GrpcCall(CallParts parts, ports::RunnerTask task, ports::TaskRunner::Done done);

  // REQUIRES: it is in the table.
  void Start();
  void Cancel(std::string_view why);
  const std::string& task_id() const { return task_.task_id; }

 private:
  enum class Stage { kPreparing, kCalling, kEnded };

  void SetAlarm();
  void OnConnection(absl::StatusOr<std::shared_ptr<Connection>> connection);
  void OnTypes(absl::StatusOr<Types> types);
  // The message as it will be sent, or why there is none.
  absl::StatusOr<std::string> Serialize() const;
  void Send();
  // Asks the health service, for gRPC's own words of why there is no connection.
  void AskWhyUnreachable();
  void OnStatus(const grpc::Status& status);
  ports::RunnerResult ResultOf(const grpc::Status& status);
  bool Enter(Stage stage);
  // Gives the result, unless it is there already.
  void End(ports::RunnerResult result);

  const CallParts parts_;
  const ports::RunnerTask task_;
  gpr_timespec deadline_{};

  base::Mutex mutex_;
  Stage stage_ GUARDED_BY(mutex_) = Stage::kPreparing;
  ports::TaskRunner::Done done_ GUARDED_BY(mutex_);
  grpc::Alarm alarm_ GUARDED_BY(mutex_);

  // Set while preparing, one stage after the other.
  GrpcRequest request_;
  std::shared_ptr<Connection> connection_;  // shared: the pool may let it go meanwhile
  Types types_;
  const google::protobuf::MethodDescriptor* method_ = nullptr;
  grpc::ClientContext context_;
  grpc::ByteBuffer out_;
  grpc::ByteBuffer in_;
};

}  // namespace skald::grpc_call
