// What a worker says on its stream, checked and turned into the engine's values.
//
// Pure functions, thread-safe: everything that comes from outside passes here first, and a fuzzer
// feeds it (tests/fuzz/worker_stream_fuzz.cc). Errors: INVALID_ARGUMENT, naming the field, what
// came and what was expected.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/grpc/limits.h"
#include "engine/runtime/engine.h"
#include "skald/v1/worker.pb.h"

namespace skald::grpc_edge {

// The bounds on entries and credits of one message.
absl::Status CheckBounds(const v1::WorkRequest& request);

// `lease_ms_default`: the lease of a worker that names none.
absl::StatusOr<runtime::WorkerHello> ToHello(const v1::Hello& hello,
                                             std::uint32_t lease_ms_default);

absl::StatusOr<std::vector<runtime::TaskKey>> ToReceived(const v1::WorkRequest& request);

absl::StatusOr<std::vector<runtime::Beat>> ToBeats(const v1::WorkRequest& request);

// A result of a task that cannot be told, and why: nothing of it can be kept.
struct RefusedResult {
  v1::TaskReceipt task;
  absl::Status why;
};
struct ReadResults {
  // Also one for each malformed result whose task can be told: the attempt did answer, but with
  // something that cannot be kept. It fails, terminally, and with an unknown effect, because what
  // it did stands. The engine gives its receipt, when that is recorded.
  std::vector<runtime::Result> results;
  std::vector<RefusedResult> refused;
};
ReadResults ToResults(const v1::WorkRequest& request);

}  // namespace skald::grpc_edge
