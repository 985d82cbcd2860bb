// Helpers for unary calls that are answered from another thread.
//
// Thread-safe. Every call is finished exactly once, or the client would wait for its deadline.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/blocking_pool.h"

namespace skald::grpc_edge {

inline grpc::ServerUnaryReactor* FinishNow(grpc::CallbackServerContext* context,
                                           const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// Runs `work` on the pool and finishes the call with what it returns. `work` may use the call's
// request and response: they live until then.
inline grpc::ServerUnaryReactor* RunOnPool(grpc::CallbackServerContext* context, BlockingPool& pool,
                                           std::function<grpc::Status()> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status queued =
      pool.Run([reactor, work = std::move(work)] { reactor->Finish(work()); });
  if (!queued.ok()) reactor->Finish(ToGrpc(queued));
  return reactor;
}

}  // namespace skald::grpc_edge
