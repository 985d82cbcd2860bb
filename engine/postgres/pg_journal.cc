#include "engine/postgres/pg_journal.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/postgres/committer.h"
#include "engine/postgres/connection_string.h"
#include "engine/postgres/key_claimer.h"
#include "engine/postgres/listener.h"
#include "engine/postgres/session_thread.h"
#include "engine/postgres/statements.h"
#include "engine/postgres/workflow_reader.h"

namespace skald::postgres {
namespace {

constexpr char kStartChannel[] = "skald_start";

// What the contract does not name is a bug or a damaged row.
absl::Status JournalStatus(absl::Status status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kResourceExhausted:
      return status;
    default:
      return absl::InternalError(status.message());
  }
}

enum class Access { kWrite, kRead };

// Runs `read` on the thread's session and answers `done` with what it returned.
template <typename T>
void Ask(SessionThread& thread, Access access, const char* what,
         std::function<T(pqxx::transaction_base&)> ask, ports::Done<T> done) {
  thread.Post([&thread, access, what, ask = std::move(ask), done = std::move(done)](
                  Session& session, const absl::Status& may) {
    if (!may.ok()) {
      done(may);
      return;
    }
    T value{};
    const Session::Body body = [&](pqxx::transaction_base& transaction) {
      value = ask(transaction);
      return absl::OkStatus();
    };
    absl::Status status =
        access == Access::kRead ? session.Read(what, body) : session.Transact(what, body);
    status = JournalStatus(thread.Answer(std::move(status)));
    if (status.ok()) {
      done(std::move(value));
    } else {
      done(std::move(status));
    }
  });
}

ports::NodeLease ToLease(const std::string& node_id, const pqxx::row& row) {
  return {.node_id = node_id,
          .epoch = row[0].as<std::uint64_t>(),
          .expires_at = row[1].as<core::TimeUs>(),
          .database_now = row[2].as<core::TimeUs>()};
}

ports::Deletion ToDeletion(const std::string& text) {
  if (text == "ABSENT") return ports::Deletion::kAbsent;
  if (text == "NOT_ENDED") return ports::Deletion::kNotEnded;
  if (text == "PARENT_RUNS") return ports::Deletion::kParentRuns;
  if (text == "CHILD_RUNS") return ports::Deletion::kChildRuns;
  return ports::Deletion::kDone;
}

}  // namespace

struct PgJournal::Parts {
  Parts(const std::string& connection_string, std::function<void()> notify)
      : committer(connection_string),
        lease(connection_string),
        reader(connection_string),
        remover(connection_string),
        keys(connection_string),
        listener(connection_string, kStartChannel,
                 {.connected = [notify](pqxx::transaction_base&) { notify(); },
                  .notified = [notify](const std::string&) { notify(); }}) {}

  Committer committer;
  SessionThread lease;
  SessionThread reader;
  SessionThread remover;  // of its own: what it does may take seconds
  KeyClaimer keys;
  Listener listener;
};

absl::StatusOr<std::unique_ptr<PgJournal>> PgJournal::Open(const std::string& database_url) {
  ASSIGN_OR_RETURN(const std::string connection_string, CompleteConnectionString(database_url));
  return std::unique_ptr<PgJournal>(new PgJournal(connection_string));
}

PgJournal::PgJournal(const std::string& connection_string)
    : parts_(std::make_unique<Parts>(connection_string, [this] { Notify(); })) {}

PgJournal::~PgJournal() = default;

void PgJournal::AcquireNode(const std::string& node_id, core::DurationUs lease_us,
                            ports::Done<ports::NodeLease> done) {
  Ask<ports::NodeLease>(
      parts_->lease, Access::kWrite, "acquire node",
      [node_id, lease_us](pqxx::transaction_base& transaction) {
        const pqxx::result rows = transaction.exec_params(kAcquireNode, node_id, lease_us);
        return ToLease(node_id, rows[0]);
      },
      std::move(done));
}

void PgJournal::RenewNode(const ports::NodeLease& lease, core::DurationUs lease_us,
                          ports::Done<ports::NodeLease> done) {
  Ask<ports::NodeLease>(
      parts_->lease, Access::kWrite, "renew node",
      [lease, lease_us](pqxx::transaction_base& transaction) {
        const pqxx::result rows =
            transaction.exec_params(kRenewNode, lease.node_id, lease.epoch, lease_us);
        return ToLease(lease.node_id, rows[0]);
      },
      std::move(done));
}

void PgJournal::TakeShards(const ports::NodeLease& lease,
                           ports::Done<std::vector<ports::Shard>> done) {
  Ask<std::vector<ports::Shard>>(
      parts_->lease, Access::kWrite, "take shards",
      [lease](pqxx::transaction_base& transaction) {
        std::vector<ports::Shard> shards;
        const pqxx::result rows = transaction.exec_params(kTakeShards, lease.node_id, lease.epoch);
        for (const pqxx::row& row : rows) {
          shards.push_back({.shard_id = row[0].as<std::int32_t>(),
                            .slots = {row[1].as<std::uint32_t>(), row[2].as<std::uint32_t>()}});
        }
        return shards;
      },
      std::move(done));
}

void PgJournal::ReleaseNode(const ports::NodeLease& lease, ports::DoneStatus done) {
  Ask<bool>(
      parts_->lease, Access::kWrite, "release node",
      [lease](pqxx::transaction_base& transaction) {
        transaction.exec_params(kReleaseNode, lease.node_id, lease.epoch);
        return true;
      },
      [done = std::move(done)](absl::StatusOr<bool> released) {
        done(std::move(released).status());
      });
}

void PgJournal::Commit(ports::CommitBatch batch, ports::DoneStatus done) {
  parts_->committer.Commit(std::move(batch), std::move(done));
}

void PgJournal::Load(const core::WorkflowId& id,
                     ports::Done<std::optional<ports::StoredWorkflow>> done) {
  Ask<std::optional<ports::StoredWorkflow>>(
      parts_->reader, Access::kRead, "load",
      [id](pqxx::transaction_base& transaction) { return ReadWorkflow(transaction, id); },
      std::move(done));
}

void PgJournal::LoadActive(const ports::SlotRange& slots, const core::WorkflowId& after,
                           std::size_t count_max,
                           ports::Done<std::vector<ports::StoredWorkflow>> done) {
  Ask<std::vector<ports::StoredWorkflow>>(
      parts_->reader, Access::kRead, "load active",
      [=](pqxx::transaction_base& transaction) {
        return ReadActive(transaction, slots, after, count_max);
      },
      std::move(done));
}

void PgJournal::CountOpen(const ports::SlotRange& slots, ports::Done<ports::OpenWorkflows> done) {
  Ask<ports::OpenWorkflows>(
      parts_->reader, Access::kRead, "count open workflows",
      [slots](pqxx::transaction_base& transaction) -> ports::OpenWorkflows {
        const pqxx::result rows = transaction.exec_params(kCountOpen, slots.first, slots.last);
        return {.running = rows[0][0].as<std::int64_t>(),
                .paused = rows[0][1].as<std::int64_t>(),
                .sagas_parked = rows[0][2].as<std::int64_t>()};
      },
      std::move(done));
}

void PgJournal::LoadDue(const ports::SlotRange& slots, const ports::WakePoint& after,
                        core::TimeUs until, std::size_t count_max,
                        ports::Done<std::vector<ports::StoredWorkflow>> done) {
  Ask<std::vector<ports::StoredWorkflow>>(
      parts_->reader, Access::kRead, "load due",
      [=](pqxx::transaction_base& transaction) {
        return ReadDue(transaction, slots, after, until, count_max);
      },
      std::move(done));
}

void PgJournal::NextWakeAt(const ports::SlotRange& slots, core::TimeUs from,
                           ports::Done<core::TimeUs> done) {
  Ask<core::TimeUs>(
      parts_->reader, Access::kRead, "next wake-up",
      [slots, from](pqxx::transaction_base& transaction) -> core::TimeUs {
        const pqxx::result rows =
            transaction.exec_params(kNextWakeAt, slots.first, slots.last, from);
        return rows.empty() ? 0 : rows[0][0].as<core::TimeUs>();
      },
      std::move(done));
}

void PgJournal::Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
                       ports::Done<ports::Deletion> done) {
  Ask<ports::Deletion>(
      parts_->remover, Access::kWrite, "delete workflow",
      [lease, id](pqxx::transaction_base& transaction) {
        const pqxx::result rows =
            transaction.exec_params(kDeleteWorkflow, lease.node_id, lease.epoch, id.ToString());
        return ToDeletion(rows[0][0].as<std::string>());
      },
      std::move(done));
}

void PgJournal::Retain(const ports::NodeLease& lease, core::TimeUs before, std::uint32_t count_max,
                       ports::Done<ports::Removed> done) {
  Ask<ports::Removed>(
      parts_->remover, Access::kWrite, "remove what is old",
      [lease, before, count_max](pqxx::transaction_base& transaction) {
        const pqxx::result rows =
            transaction.exec_params(kRetain, lease.node_id, lease.epoch, before, count_max);
        return ports::Removed{.spans = rows[0][0].as<std::uint32_t>(),
                              .workflows = rows[0][1].as<std::uint32_t>(),
                              .more = rows[0][2].as<bool>()};
      },
      std::move(done));
}

void PgJournal::LoadStartRequests(const ports::SlotRange& slots, std::size_t count_max,
                                  ports::Done<std::vector<ports::StartRequest>> done) {
  Ask<std::vector<ports::StartRequest>>(
      parts_->reader, Access::kRead, "load start requests",
      [slots, count_max](pqxx::transaction_base& transaction) {
        return ReadStartRequests(transaction, slots, count_max);
      },
      std::move(done));
}

void PgJournal::RefuseStartRequest(const core::WorkflowId& id, std::string reason,
                                   ports::DoneStatus done) {
  Ask<bool>(
      parts_->reader, Access::kWrite, "refuse start request",
      [id, reason = std::move(reason)](pqxx::transaction_base& transaction) {
        transaction.exec_params(kRefuseStart, id.ToString(), reason);
        return true;
      },
      [done = std::move(done)](absl::StatusOr<bool> refused) {
        done(std::move(refused).status());
      });
}

void PgJournal::OnStartRequest(std::function<void()> notify) {
  const base::MutexLock lock(notify_mutex_);
  notify_ = std::move(notify);
}

// Under the lock, so that a callback that has been replaced is not running any more.
void PgJournal::Notify() {
  const base::MutexLock lock(notify_mutex_);
  if (notify_ != nullptr) notify_();
}

void PgJournal::ClaimKeys(std::vector<ports::KeyClaim> claims,
                          ports::Done<std::vector<ports::KeyHolder>> done) {
  parts_->keys.Claim(std::move(claims),
                     [done = std::move(done)](absl::StatusOr<std::vector<ports::KeyHolder>> held) {
                       if (held.ok()) {
                         done(std::move(held));
                       } else {
                         done(JournalStatus(std::move(held).status()));
                       }
                     });
}

}  // namespace skald::postgres
