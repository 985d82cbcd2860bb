// CommitParameters: a batch, turned into the array parameters of the commit's statements.
//
// Pure values; single-threaded. A statement without rows has empty arrays and is not sent.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "engine/ports/journal.h"
#include "engine/postgres/binary_array.h"

namespace skald::postgres {

// ---- bounds of one batch; beyond them it is refused ----
inline constexpr std::size_t kBatchWritesMax = 200'000;
inline constexpr std::size_t kBatchBytesMax = 512UL << 20;  // a message of the protocol has 1 GiB
inline constexpr std::size_t kFieldBytesMax = 256UL
                                              << 20;  // events, snapshot or payload of one workflow

// One parameter per array, in the order of the statement's parameters.
using ArrayParameters = std::vector<BinaryArray>;

struct CommitParameters {
  ArrayParameters history;   // kInsertHistory
  ArrayParameters payloads;  // kInsertPayloads
  ArrayParameters inserted;  // kInsertWorkflows
  ArrayParameters updated;   // kUpdateWorkflows
  ArrayParameters consumed;  // kDeleteStartRequests
};

// RESOURCE_EXHAUSTED beyond a bound; the message names it.
absl::Status CheckBatchSize(const ports::CommitBatch& batch);

// Rows of one workflow that come several times in the batch become one: the first says whether it
// is inserted, the newest what it holds, and the newest snapshot stays.
CommitParameters MakeCommitParameters(const ports::CommitBatch& batch);

}  // namespace skald::postgres
