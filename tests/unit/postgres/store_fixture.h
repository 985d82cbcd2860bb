// StoreFixture: a database of its own with the schema in it, and the journal's calls made blocking.
//
// Single-threaded, as tests are. Waits have a deadline, so that a lost answer fails instead of
// hanging.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/journal.h"
#include "engine/postgres/migrate.h"
#include "engine/postgres/pg_journal.h"
#include "gmock/gmock.h"
#include "pqxx/pqxx"
#include "tests/support/private_postgres.h"
#include "tests/support/status_matchers.h"

namespace skald::postgres {

inline constexpr std::chrono::seconds kPatience{30};
inline constexpr core::DurationUs kLongLeaseUs = 600 * core::kSecondUs;

// Calls `call` with a callback and returns what it was answered.
template <typename T, typename Call>
absl::StatusOr<T> Await(const Call& call) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<T>>>();
  auto future = promise->get_future();
  call(ports::Done<T>(
      [promise](absl::StatusOr<T> answer) { promise->set_value(std::move(answer)); }));
  if (future.wait_for(kPatience) != std::future_status::ready) {
    return absl::DeadlineExceededError("no answer");
  }
  return future.get();
}

template <typename Call>
std::future<absl::Status> BeginStatus(const Call& call) {
  auto promise = std::make_shared<std::promise<absl::Status>>();
  auto future = promise->get_future();
  call(
      ports::DoneStatus([promise](absl::Status answer) { promise->set_value(std::move(answer)); }));
  return future;
}

inline absl::Status Settle(std::future<absl::Status> future) {
  if (future.wait_for(kPatience) != std::future_status::ready) {
    return absl::DeadlineExceededError("no answer");
  }
  return future.get();
}

class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() : url_(testing::PrivatePostgres::NewDatabase()) {
    const auto migrated = Migrate(url_);
    EXPECT_THAT(migrated, testing::IsOk());
    auto opened = PgJournal::Open(url_);
    EXPECT_THAT(opened, testing::IsOk());
    journal_ = *std::move(opened);
  }

  std::string Query(const std::string& sql) { return testing::QueryOrDie(url_, sql); }

  ports::NodeLease Acquire(const std::string& node_id = "node-1",
                           core::DurationUs lease_us = kLongLeaseUs) {
    auto lease =
        Await<ports::NodeLease>([&](auto done) { journal_->AcquireNode(node_id, lease_us, done); });
    EXPECT_THAT(lease, testing::IsOk());
    return lease.ok() ? *lease : ports::NodeLease{};
  }

  std::future<absl::Status> BeginCommit(const ports::NodeLease& lease,
                                        std::vector<ports::WorkflowWrite> writes) {
    return BeginStatus(
        [&](auto done) { journal_->Commit({lease, std::move(writes)}, std::move(done)); });
  }

  absl::Status Commit(const ports::NodeLease& lease, std::vector<ports::WorkflowWrite> writes) {
    return Settle(BeginCommit(lease, std::move(writes)));
  }

  std::optional<ports::StoredWorkflow> Load(const core::WorkflowId& id) {
    auto loaded =
        Await<std::optional<ports::StoredWorkflow>>([&](auto done) { journal_->Load(id, done); });
    EXPECT_THAT(loaded, testing::IsOk());
    return loaded.ok() ? *loaded : std::nullopt;
  }

  // Workflow number `n`, born at a time that has a partition.
  static core::WorkflowId Id(std::uint64_t n, std::uint16_t slot = 7) {
    return base::UuidV7(kNowMs + static_cast<std::int64_t>(n), n, 0).WithSlot(slot);
  }

  static ports::WorkflowRow Row(bool insert) {
    return {.insert = insert,
            .name_space = "default",
            .name = "order",
            .version = 3,
            .definition_id = 11,
            .correlation_id = "customer-9",
            .idempotency_key = "key-1",
            .priority = 5,
            .started_at = kNowUs,
            .updated_at = kNowUs};
  }

  static ports::WorkflowWrite Events(const core::WorkflowId& id, core::EventSeq first,
                                     core::EventSeq last, std::string events = "[]") {
    return {.id = id,
            .first_seq = first,
            .last_seq = last,
            .events = std::move(events),
            .at = kNowUs + static_cast<core::TimeUs>(first)};
  }

  static ports::WorkflowWrite Start(const core::WorkflowId& id) {
    ports::WorkflowWrite write = Events(id, 1, 2, R"([{"type":"WorkflowStarted"}])");
    write.row = Row(true);
    return write;
  }

  static constexpr std::int64_t kNowMs = 1'795'300'000'000;
  static constexpr core::TimeUs kNowUs = kNowMs * core::kMillisecondUs;

  const std::string url_;
  std::unique_ptr<PgJournal> journal_;
};

}  // namespace skald::postgres
