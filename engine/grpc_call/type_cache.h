// TypeCache: the message types of the services that GRPC steps call, from descriptor sets and from
// server reflection.
//
// Bounded; what was not used for longest goes. What reflection said is asked again when it is
// kTypesFreshFor old or was forgotten. Those who ask for the same service meanwhile wait for the
// one inquiry. Thread-safe. The destructor ends inquiries and waits for them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/grpc_call/channel_pool.h"
#include "engine/grpc_call/grpc_request.h"
#include "engine/grpc_call/message_types.h"
#include "engine/grpc_call/reflection.h"

namespace skald::grpc_call {

using Types = std::shared_ptr<const MessageTypes>;  // shared by the calls that use them

class TypeCache {
 public:
  using Ready = std::function<void(absl::StatusOr<Types>)>;

  TypeCache() = default;
  ~TypeCache();
  TypeCache(const TypeCache&) = delete;
  TypeCache& operator=(const TypeCache&) = delete;

  // By the request's descriptor set, else by reflection at `connection`. `ready` is called at once
  // or on a thread of gRPC. Errors as MessageTypes::FromSet, AskForFiles.
  void Get(const GrpcRequest& request, std::shared_ptr<Connection> connection, Ready ready);

  // The server did not know the method that its reflection told of.
  void Forget(const GrpcRequest& request);

 private:
  using MonotonicTime = std::chrono::steady_clock::time_point;
  struct Entry {
    Types types;
    MonotonicTime made_at;
    MonotonicTime used_at;
    std::uint64_t inquiry = 0;   // 0: none
    std::vector<Ready> waiting;  // bounded by calls_max
  };

  static std::string KeyOf(const GrpcRequest& request);
  void Ask(const std::string& key, std::uint64_t number, const GrpcRequest& request,
           std::shared_ptr<Connection> connection);
  void Answered(const std::string& key, std::uint64_t number, absl::StatusOr<Files> files);
  void MakeRoom() EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::Mutex mutex_;
  base::CondVar ended_;
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  // Inquiries that are not answered; null until AskForFiles has returned.
  std::unordered_map<std::uint64_t, std::shared_ptr<Inquiry>> inquiries_ GUARDED_BY(mutex_);
  std::uint64_t last_inquiry_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace skald::grpc_call
