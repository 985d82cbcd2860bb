// Blocking calls of a journal and small values for the conformance tests.
//
// Each call waits on a condition for its answer; an answer that never comes fails the test.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/ids.h"
#include "engine/base/mutex.h"
#include "engine/ports/journal.h"

namespace skald::conformance {

// One answer on its way from another thread.
template <typename T>
class Waiting {
 public:
  void Set(T value) {
    base::MutexLock lock(mutex_);
    value_ = std::move(value);
    set_.SignalAll();
  }
  T Wait() {
    base::MutexLock lock(mutex_);
    for (int i = 0; i < 200 && !value_.has_value(); ++i) {
      set_.WaitFor(mutex_, std::chrono::milliseconds(100));
    }
    if (!value_.has_value()) return T(absl::DeadlineExceededError("no answer in 20 s"));
    return *std::move(value_);
  }

 private:
  base::Mutex mutex_;
  base::CondVar set_;
  std::optional<T> value_ GUARDED_BY(mutex_);
};

// Calls `method` with a callback at the end, and waits. Shared, because an answer may come late.
template <typename T, typename Method>
T Ask(Method method) {
  auto waiting = std::make_shared<Waiting<T>>();
  method([waiting](T answer) { waiting->Set(std::move(answer)); });
  return waiting->Wait();
}

inline constexpr core::DurationUs kLeaseUs = 60 * core::kSecondUs;

inline absl::StatusOr<ports::NodeLease> Acquire(ports::Journal& journal, const std::string& node,
                                                core::DurationUs lease_us = kLeaseUs) {
  return Ask<absl::StatusOr<ports::NodeLease>>(
      [&](auto done) { journal.AcquireNode(node, lease_us, done); });
}
inline absl::StatusOr<ports::NodeLease> Renew(ports::Journal& journal,
                                              const ports::NodeLease& lease) {
  return Ask<absl::StatusOr<ports::NodeLease>>(
      [&](auto done) { journal.RenewNode(lease, kLeaseUs, done); });
}
inline absl::StatusOr<std::vector<ports::Shard>> Take(ports::Journal& journal,
                                                      const ports::NodeLease& lease) {
  return Ask<absl::StatusOr<std::vector<ports::Shard>>>(
      [&](auto done) { journal.TakeShards(lease, done); });
}
inline absl::Status Release(ports::Journal& journal, const ports::NodeLease& lease) {
  return Ask<absl::Status>([&](auto done) { journal.ReleaseNode(lease, done); });
}
inline absl::Status Commit(ports::Journal& journal, const ports::NodeLease& lease,
                           std::vector<ports::WorkflowWrite> writes) {
  return Ask<absl::Status>([&](auto done) { journal.Commit({lease, std::move(writes)}, done); });
}
inline absl::StatusOr<std::optional<ports::StoredWorkflow>> Load(ports::Journal& journal,
                                                                 const core::WorkflowId& id) {
  return Ask<absl::StatusOr<std::optional<ports::StoredWorkflow>>>(
      [&](auto done) { journal.Load(id, done); });
}
inline absl::StatusOr<std::vector<ports::StoredWorkflow>> LoadActive(ports::Journal& journal,
                                                                     const ports::SlotRange& slots,
                                                                     const core::WorkflowId& after,
                                                                     std::size_t count_max) {
  return Ask<absl::StatusOr<std::vector<ports::StoredWorkflow>>>(
      [&](auto done) { journal.LoadActive(slots, after, count_max, done); });
}
inline absl::StatusOr<std::vector<ports::StoredWorkflow>> LoadDue(
    ports::Journal& journal, core::TimeUs until, std::size_t count_max,
    const ports::WakePoint& after = {}) {
  return Ask<absl::StatusOr<std::vector<ports::StoredWorkflow>>>(
      [&](auto done) { journal.LoadDue({}, after, until, count_max, done); });
}
inline absl::StatusOr<ports::OpenWorkflows> CountOpen(ports::Journal& journal,
                                                      const ports::SlotRange& slots = {}) {
  return Ask<absl::StatusOr<ports::OpenWorkflows>>(
      [&](auto done) { journal.CountOpen(slots, done); });
}
inline absl::StatusOr<core::TimeUs> NextWakeAt(ports::Journal& journal, core::TimeUs from = 0) {
  return Ask<absl::StatusOr<core::TimeUs>>([&](auto done) { journal.NextWakeAt({}, from, done); });
}
inline absl::StatusOr<std::vector<ports::StartRequest>> StartRequests(ports::Journal& journal) {
  return Ask<absl::StatusOr<std::vector<ports::StartRequest>>>(
      [&](auto done) { journal.LoadStartRequests({}, 100, done); });
}
inline absl::Status RefuseStart(ports::Journal& journal, const core::WorkflowId& id,
                                const std::string& reason) {
  return Ask<absl::Status>([&](auto done) { journal.RefuseStartRequest(id, reason, done); });
}
inline absl::StatusOr<std::vector<ports::KeyHolder>> Claim(ports::Journal& journal,
                                                           std::vector<ports::KeyClaim> claims) {
  return Ask<absl::StatusOr<std::vector<ports::KeyHolder>>>(
      [&](auto done) { journal.ClaimKeys(std::move(claims), done); });
}

// Ids in order of `number`; the slot is the low 16 bits of it.
inline core::WorkflowId Id(std::uint64_t number) {
  return base::UuidV7(static_cast<std::int64_t>(1'700'000'000'000 + number), 7, number);
}

inline ports::WorkflowWrite Events(const core::WorkflowId& id, core::EventSeq first_seq,
                                   core::EventSeq last_seq) {
  ports::WorkflowWrite write;
  write.id = id;
  write.first_seq = first_seq;
  write.last_seq = last_seq;
  write.at = 1'700'000'000 * core::kSecondUs;
  write.events = "[";
  for (core::EventSeq seq = first_seq; seq <= last_seq; ++seq) {
    write.events += seq == first_seq ? "" : ",";
    write.events += R"({"type":"VariablesSet","variables":{"n":)" + std::to_string(seq) + "}}";
  }
  write.events += "]";
  return write;
}

inline ports::WorkflowRow Row(std::int64_t definition_id) {
  ports::WorkflowRow row;
  row.name_space = "default";
  row.name = "order";
  row.version = 1;
  row.definition_id = definition_id;
  row.started_at = row.updated_at = 1'700'000'000 * core::kSecondUs;
  return row;
}

// The first write of a workflow.
inline ports::WorkflowWrite Begin(const core::WorkflowId& id, std::int64_t definition_id,
                                  core::EventSeq last_seq = 1) {
  ports::WorkflowWrite write = Events(id, 1, last_seq);
  write.row = Row(definition_id);
  write.row->insert = true;
  return write;
}

}  // namespace skald::conformance
