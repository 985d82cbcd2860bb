// ChannelPool: the channels of GRPC steps, one per target and credentials, kept while they are
// used.
//
// Names are resolved when a channel is made, again when that is kNamesFreshFor old, and after
// Unreachable(); the channel is replaced when its addresses changed. The channel that was not used
// for longest goes when there are too many; calls under way keep theirs. Thread-safe.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/grpc_call/grpc_request.h"
#include "engine/grpc_call/grpc_runner.h"
#include "engine/grpc_call/name_resolver.h"
#include "engine/grpc_call/tls_profiles.h"

namespace skald::grpc_call {

// A channel and how calls are made on it.
struct Connection {
  std::shared_ptr<grpc::Channel> channel;  // shared as gRPC's interface wants
  std::unique_ptr<grpc::GenericStub> stub;
};

class ChannelPool {
 public:
  using Ready = std::function<void(absl::StatusOr<std::shared_ptr<Connection>>)>;

  // Both outlive it.
  ChannelPool(const GrpcOptions& options, const TlsProfiles& profiles);
  ~ChannelPool();

  // `ready` is called at once or on a thread of the resolver; nothing was sent when it is an error.
  //   INVALID_ARGUMENT    no such TLS profile
  //   PERMISSION_DENIED   the egress policy
  //   UNAVAILABLE         the name could not be resolved
  //   RESOURCE_EXHAUSTED  channels_max different targets are being resolved
  void Get(const GrpcRequest& request, Ready ready);

  // A call of this key found no connection: its names are resolved again before the next one.
  void Unreachable(const std::string& key);

  std::size_t size() const;

 private:
  using MonotonicTime = std::chrono::steady_clock::time_point;
  struct Entry {
    std::shared_ptr<Connection> connection;  // shared with the calls on it; null: not yet
    std::vector<Endpoint> endpoints;
    bool resolving = false;
    MonotonicTime resolved_at;
    MonotonicTime used_at;
    std::vector<Ready> waiting;  // bounded by calls_max
  };

  void Resolved(const std::string& key, const GrpcRequest& request,
                std::shared_ptr<grpc::ChannelCredentials> credentials,
                absl::StatusOr<std::vector<Endpoint>> endpoints);
  std::shared_ptr<Connection> Open(const GrpcRequest& request,
                                   const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                   const std::vector<Endpoint>& endpoints) const;
  bool MakeRoom() EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const GrpcOptions& options_;
  const TlsProfiles& profiles_;
  mutable base::Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  NameResolver resolver_;  // last: its threads use the above
};

}  // namespace skald::grpc_call
