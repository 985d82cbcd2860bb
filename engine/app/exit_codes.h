// Exit codes of `skald`, documented in docs/operating.md. Stable: scripts rely on them.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace skald::app {

enum ExitCode : int {
  kExitOk = 0,
  // The workflow waited for did not complete; verify found a violation; a test did not end as
  // expected.
  kExitFailed = 1,
  kExitUsage = 2,  // the command line itself is wrong
  kExitNotFound = 3,
  kExitUnavailable = 4,  // no server, no database, or the outcome is not known
  kExitRefused = 5,      // the state does not allow it; it exists already; out of bounds
  kExitInvalid = 6,      // a definition, input or id is malformed
  kExitInternal = 7,
};

inline ExitCode ToExitCode(int canonical_code) {
  switch (static_cast<absl::StatusCode>(canonical_code)) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return kExitUnavailable;
    case absl::StatusCode::kInvalidArgument:
      return kExitInvalid;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kPermissionDenied:
      return kExitRefused;
    default:
      return kExitInternal;
  }
}

}  // namespace skald::app
