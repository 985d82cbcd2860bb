// How a GRPC step ends: the task's status, output and effect (docs/grpc-step.md).
//
// Pure functions.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/grpc_call/grpc_request.h"
#include "engine/grpc_call/message_types.h"
#include "engine/ports/task_runner.h"

namespace skald::grpc_call {

// A failure of our own: nothing was sent, or (`effect`) what is known of it.
ports::RunnerResult FailedResult(const absl::Status& status,
                                 core::Effect effect = core::Effect::kNone);

// The server's refusal of a call that was made, or what gRPC says in its place. `types`: those of
// the method, for details.
ports::RunnerResult RefusedResult(const GrpcRequest& request, const grpc::Status& status,
                                  const MessageTypes& types);

// A reply. `json` is an object.
ports::RunnerResult RepliedResult(const GrpcRequest& request, std::string_view json,
                                  const grpc::ClientContext& context);

}  // namespace skald::grpc_call
