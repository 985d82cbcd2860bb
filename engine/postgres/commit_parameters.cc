#include "engine/postgres/commit_parameters.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "engine/core/bound.h"
#include "engine/core/types.h"
#include "fmt/format.h"

namespace skald::postgres {
namespace {

// What becomes of one workflow's row.
struct RowChange {
  core::WorkflowId id;
  bool insert = false;
  const ports::WorkflowRow* newest = nullptr;
  const ports::WorkflowRow* snapshot = nullptr;  // the newest row that has one
};

std::vector<RowChange> MergeRows(const ports::CommitBatch& batch) {
  std::vector<RowChange> changes;
  absl::flat_hash_map<core::WorkflowId, std::size_t> position;
  for (const ports::WorkflowWrite& write : batch.writes) {
    if (!write.row.has_value()) continue;
    const auto [found, fresh] = position.try_emplace(write.id, changes.size());
    if (fresh) changes.push_back({.id = write.id, .insert = write.row->insert});
    RowChange& change = changes[found->second];
    change.newest = &*write.row;
    if (write.row->snapshot.has_value()) change.snapshot = &*write.row;
  }
  return changes;
}

ArrayParameters Arrays(std::initializer_list<ElementType> types) {
  ArrayParameters arrays;
  arrays.reserve(types.size());
  for (const ElementType type : types) arrays.emplace_back(type);
  return arrays;
}

constexpr ElementType kBool = ElementType::kBool;
constexpr ElementType kBytea = ElementType::kBytea;
constexpr ElementType kInt4 = ElementType::kInt4;
constexpr ElementType kInt8 = ElementType::kInt8;
constexpr ElementType kText = ElementType::kText;
constexpr ElementType kTime = ElementType::kTimestamptz;
constexpr ElementType kUuid = ElementType::kUuid;

void AddHistory(const ports::WorkflowWrite& write, ArrayParameters& arrays) {
  arrays[0].AddUuid(write.id);
  arrays[1].AddInt8(static_cast<std::int64_t>(write.first_seq));
  arrays[2].AddInt8(static_cast<std::int64_t>(write.last_seq));
  arrays[3].AddTime(write.at);
  arrays[4].AddBytes(write.events);
}

void AddPayloads(const ports::WorkflowWrite& write, ArrayParameters& arrays) {
  for (const auto& [name, payload] : write.payloads) {
    arrays[0].AddUuid(write.id);
    arrays[1].AddBytes(absl::HexStringToBytes(name));
    arrays[2].AddBytes(payload.text());
  }
}

// How it is now.
void AddChange(const RowChange& change, ArrayParameters& arrays) {
  const ports::WorkflowRow& row = *change.newest;
  arrays[0].AddUuid(change.id);
  arrays[1].AddText(core::Name(row.status));
  arrays[2].AddText(core::Name(row.saga_status));
  arrays[3].AddTime(row.updated_at);
  arrays[4].AddTimeOrNull(row.ended_at);
  arrays[5].AddText(row.reason);
  arrays[6].AddBool(row.parked);
  arrays[7].AddTimeOrNull(row.wake_at);
  if (change.snapshot != nullptr) {
    arrays[8].AddInt8(static_cast<std::int64_t>(change.snapshot->snapshot_seq));
    arrays[9].AddBytes(*change.snapshot->snapshot);
    return;
  }
  if (change.insert) {
    arrays[8].AddInt8(0);
  } else {
    arrays[8].AddNull();  // what is stored stays
  }
  arrays[9].AddNull();
}

// And which definition it is of.
void AddUpdate(const RowChange& change, ArrayParameters& arrays) {
  AddChange(change, arrays);
  arrays[10].AddInt8(change.newest->definition_id);
  arrays[11].AddInt4(change.newest->version);
}

void AddInsert(const RowChange& change, ArrayParameters& arrays) {
  const ports::WorkflowRow& row = *change.newest;
  AddUpdate(change, arrays);
  arrays[12].AddTime(row.started_at);
  arrays[13].AddInt4(row.priority);
  arrays[14].AddText(row.name_space);
  arrays[15].AddText(row.name);
  arrays[16].AddText(row.correlation_id);
  arrays[17].AddText(row.idempotency_key);
  if (row.parent.is_nil()) {
    arrays[18].AddNull();
  } else {
    arrays[18].AddUuid(row.parent);
  }
}

absl::Status TooLarge(std::string_view what, std::size_t size, std::string_view bound,
                      std::size_t size_max) {
  return absl::ResourceExhaustedError(
      fmt::format("commit: {} is {}, at most {} can be stored", what, size,
                  core::FixedBound(bound, size_max, "engine/postgres/commit_parameters.h")));
}

}  // namespace

absl::Status CheckBatchSize(const ports::CommitBatch& batch) {
  if (batch.writes.size() > kBatchWritesMax) {
    return TooLarge("batch_writes", batch.writes.size(), "kBatchWritesMax", kBatchWritesMax);
  }
  std::size_t bytes = 0;
  for (const ports::WorkflowWrite& write : batch.writes) {
    const std::size_t snapshot_bytes =
        write.row.has_value() && write.row->snapshot.has_value() ? write.row->snapshot->size() : 0;
    if (write.events.size() > kFieldBytesMax) {
      return TooLarge("event_bytes", write.events.size(), "kFieldBytesMax", kFieldBytesMax);
    }
    if (snapshot_bytes > kFieldBytesMax) {
      return TooLarge("snapshot_bytes", snapshot_bytes, "kFieldBytesMax", kFieldBytesMax);
    }
    bytes += write.events.size() + snapshot_bytes;
    for (const auto& [name, payload] : write.payloads) {
      if (payload.size() > kFieldBytesMax) {
        return TooLarge("payload_bytes", payload.size(), "kFieldBytesMax", kFieldBytesMax);
      }
      bytes += payload.size();
    }
  }
  return bytes > kBatchBytesMax ? TooLarge("batch_bytes", bytes, "kBatchBytesMax", kBatchBytesMax)
                                : absl::OkStatus();
}

CommitParameters MakeCommitParameters(const ports::CommitBatch& batch) {
  CommitParameters parameters{
      .history = Arrays({kUuid, kInt8, kInt8, kTime, kBytea}),
      .payloads = Arrays({kUuid, kBytea, kBytea}),
      .inserted = Arrays({kUuid, kText, kText, kTime, kTime, kText, kBool, kTime, kInt8, kBytea,
                          kInt8, kInt4, kTime, kInt4, kText, kText, kText, kText, kUuid}),
      .updated = Arrays(
          {kUuid, kText, kText, kTime, kTime, kText, kBool, kTime, kInt8, kBytea, kInt8, kInt4}),
      .consumed = Arrays({kUuid}),
  };
  for (const ports::WorkflowWrite& write : batch.writes) {
    if (!write.events.empty()) AddHistory(write, parameters.history);
    AddPayloads(write, parameters.payloads);
    if (write.consumes_start_request) parameters.consumed[0].AddUuid(write.id);
  }
  for (const RowChange& change : MergeRows(batch)) {
    if (change.insert) {
      AddInsert(change, parameters.inserted);
    } else {
      AddUpdate(change, parameters.updated);
    }
  }
  return parameters;
}

}  // namespace skald::postgres
