// What a process of the bench needs to reach an engine: its channel and its definitions.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace skald::bench {

// How long an engine may take to come up.
inline constexpr std::chrono::seconds kEngineStartMax(60);

// Returns once the health service of the engine at `address` says that it serves: a port that is
// open may still refuse what comes too early. DEADLINE_EXCEEDED when it does not within `patience`.
absl::Status AwaitServing(const std::string& address,
                          std::chrono::milliseconds patience = kEngineStartMax);

// Room for the answer to the largest page or batch.
std::shared_ptr<grpc::Channel> ConnectEngine(const std::string& address);

// Registers task definitions, then workflow definitions, over earlier ones. Waits for the engine to
// come up, at most kEngineStartMax; the first refusal is returned.
absl::Status RegisterDefinitions(const std::shared_ptr<grpc::Channel>& channel,
                                 const std::vector<std::string>& tasks,
                                 const std::vector<std::string>& workflows);

// True for refusals that a later try may not meet: the engine is overloaded or not ready yet.
bool IsTransient(int code);

// A gRPC error as a Status, with `what` was tried.
absl::Status FromGrpc(const grpc::Status& status, const std::string& what);

}  // namespace skald::bench
