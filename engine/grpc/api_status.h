// ApiStatus: an absl::Status as gRPC carries it, with the details that common.proto promises.
//
// Pure functions, thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

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
// stands before the message's first ": ", and empty where that is no path.
grpc::Status ToGrpc(const absl::Status& status);

// INVALID_ARGUMENT with all violations in a BadRequest; the message holds the first ones.
grpc::Status InvalidArgument(absl::string_view what, const std::vector<FieldViolation>& violations);

// The delay that a refused caller is told to wait; 0 = none given.
std::uint32_t RetryAfterMs(const absl::Status& status);

}  // namespace skald::grpc_edge
