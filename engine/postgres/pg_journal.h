// PgJournal: the Journal in PostgreSQL.
//
// Thread-safe. Connections: one for commits (libpq, commit_pipeline.h), and over libpqxx one each
// for the lease, for reads, for idempotency keys and for notices. They are made at the first use
// and again after a loss; a database that is away is UNAVAILABLE, never a wait. Sends nothing while
// nothing is asked of it. Callbacks come on the threads of those connections.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/ports/journal.h"

namespace skald::postgres {

class PgJournal final : public ports::Journal {
 public:
  // Does not wait for the database; its schema has to be there (migrate.h) when calls come.
  // INVALID_ARGUMENT: malformed URL.
  static absl::StatusOr<std::unique_ptr<PgJournal>> Open(const std::string& database_url);
  ~PgJournal() override;

  void AcquireNode(const std::string& node_id, core::DurationUs lease_us,
                   ports::Done<ports::NodeLease> done) override;
  void RenewNode(const ports::NodeLease& lease, core::DurationUs lease_us,
                 ports::Done<ports::NodeLease> done) override;
  void TakeShards(const ports::NodeLease& lease,
                  ports::Done<std::vector<ports::Shard>> done) override;
  void ReleaseNode(const ports::NodeLease& lease, ports::DoneStatus done) override;
  void Commit(ports::CommitBatch batch, ports::DoneStatus done) override;
  void Load(const core::WorkflowId& id,
            ports::Done<std::optional<ports::StoredWorkflow>> done) override;
  void LoadActive(const ports::SlotRange& slots, const core::WorkflowId& after,
                  std::size_t count_max,
                  ports::Done<std::vector<ports::StoredWorkflow>> done) override;
  void CountOpen(const ports::SlotRange& slots, ports::Done<ports::OpenWorkflows> done) override;
  void LoadDue(const ports::SlotRange& slots, const ports::WakePoint& after, core::TimeUs until,
               std::size_t count_max,
               ports::Done<std::vector<ports::StoredWorkflow>> done) override;
  void NextWakeAt(const ports::SlotRange& slots, core::TimeUs from,
                  ports::Done<core::TimeUs> done) override;
  void Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
              ports::Done<ports::Deletion> done) override;
  void Retain(const ports::NodeLease& lease, core::TimeUs before, std::uint32_t count_max,
              ports::Done<ports::Removed> done) override;
  void LoadStartRequests(const ports::SlotRange& slots, std::size_t count_max,
                         ports::Done<std::vector<ports::StartRequest>> done) override;
  void RefuseStartRequest(const core::WorkflowId& id, std::string reason,
                          ports::DoneStatus done) override;
  void OnStartRequest(std::function<void()> notify) override;
  void ClaimKeys(std::vector<ports::KeyClaim> claims,
                 ports::Done<std::vector<ports::KeyHolder>> done) override;

 private:
  struct Parts;  // the connections and their threads

  explicit PgJournal(const std::string& connection_string);
  void Notify();

  base::Mutex notify_mutex_;
  std::function<void()> notify_ ABSL_GUARDED_BY(notify_mutex_);
  std::unique_ptr<Parts> parts_;  // last: its end answers all calls
};

}  // namespace skald::postgres
