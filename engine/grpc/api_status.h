// ApiStatus: an absl::Status as gRPC carries it, with the details that common.proto promises.
//
// Pure functions, thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/core/mistake.h"

namespace skald::grpc_edge {

// One mistake in what a client sent: `field` is its JSON path.
struct FieldViolation {
  std::string field;
  std::string description;
};

// Code and message as they are, but for UNKNOWN, a commit in doubt: UNAVAILABLE with the reason
// OUTCOME_UNKNOWN, for the client may repeat the call with the same key. ErrorInfo with a reason
// made from the code; RetryInfo where runtime::OverloadError (or another source of kRetryDelayUrl)
// gave a delay, and with every UNAVAILABLE. INVALID_ARGUMENT: one violation, whose field is what
// stands before the message's first ": ", and empty where that is no path; or, where a definition
// was refused, one for each of its mistakes.
grpc::Status ToGrpc(const absl::Status& status);

// INVALID_ARGUMENT with all violations in a BadRequest; the message holds the first ones.
grpc::Status InvalidArgument(absl::string_view what, const std::vector<FieldViolation>& violations);
// The same with one violation for each mistake.
grpc::Status InvalidArgument(absl::string_view what, const std::vector<core::Mistake>& mistakes);
// What is answered for a workflow's definition, whoever brought it.
grpc::Status DefinitionRefused(const std::vector<core::Mistake>& mistakes);

// The delay that a refused caller is told to wait; 0 = none given.
std::uint32_t RetryAfterMs(const absl::Status& status);

}  // namespace skald::grpc_edge
