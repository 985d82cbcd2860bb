// What the requests that ask something of a workflow have in common: who asks, and why.
//
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/limits.h"
#include "engine/core/trigger.h"

namespace skald::grpc_edge {

// Who asks, for the history.
inline std::string ActorOr(const std::string& actor) { return actor.empty() ? "api" : actor; }

// INVALID_ARGUMENT: longer than kReasonBytesMax.
inline absl::Status CheckReason(const std::string& reason) {
  if (reason.size() <= core::kReasonBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("reason: ", reason.size(), " bytes, at most ",
                                                 core::kReasonBytesMax, " expected"));
}

// A trigger of the common form {actor, reason}.
template <typename T, typename Request>
absl::StatusOr<core::Trigger> ToTrigger(const Request& request) {
  RETURN_IF_ERROR(CheckReason(request.reason()));
  T trigger;
  trigger.actor = ActorOr(request.actor());
  trigger.reason = request.reason();
  return core::Trigger(std::move(trigger));
}

}  // namespace skald::grpc_edge
