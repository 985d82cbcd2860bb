// PgSession: one connection to the service's own database, and the one place where libpqxx's
// exceptions end.
//
//   absl::Status done = session.Transact([&](Transaction& work) {
//     work.exec_params("insert into booking values ($1)", id);   // may throw: the transaction is
//     gone return absl::OkStatus();
//   });
//
// Connects at the first use and again after a loss. Single-threaded: one thread at a time.
// Errors of Transact, and what they say about the transaction:
//   whatever the body returned   rolled back
//   UNAVAILABLE  rolled back, or never begun: no connection, connection lost before the commit was
//                sent, a lock not had within `lock_timeout_ms`, serialization failures or deadlocks
//                kTransactionAttemptsMax times in a row, the server short of resources; try later
//   UNKNOWN      the connection was lost around the commit: it may have happened
//   INTERNAL     rolled back: the body threw, or SQL of the body failed; the message says how
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pqxx/pqxx"

namespace skald::sdk {

// A transaction that met a serialization failure (40001) or a deadlock (40P01) runs this often.
inline constexpr int kTransactionAttemptsMax = 5;

// What a fault injector does to the next commit. A product only of tests: see test_kit.h.
enum class CommitFault {
  kNone,
  kCrashBefore,  // the connection dies before the commit reaches the server
  kCrashAfter,   // the commit happens, its answer is lost with the connection
};

struct PgSessionOptions {
  std::string database_url;  // libpq connection string or URI, connect_timeout included
  // How long a statement waits for a lock before the transaction is given up: bounds how long an
  // undo waits behind an action that is still open.
  int lock_timeout_ms = 2'000;
  // Asked before each commit when set.
  std::function<CommitFault()> commit_fault;
};

// A transaction that is READ COMMITTED whatever the server's default is, and the only thing on its
// connection that can write. libpqxx 6 rolls a transaction back when a statement of it fails, and
// then runs further statements outside any transaction: a handler that goes on after an error would
// write without the barrier. Such writes fail here, because the session itself is read-only.
// Otherwise as pqxx::work.
class Transaction : public pqxx::internal::basic_transaction {
 public:
  explicit Transaction(pqxx::connection& connection);
  ~Transaction() noexcept override { End(); }
};

class PgSession {
 public:
  // The transaction is the session's to commit: the body must not commit or abort it. The body may
  // run again after a rollback.
  using Body = std::function<absl::Status(Transaction&)>;

  explicit PgSession(PgSessionOptions options);
  ~PgSession();
  PgSession(const PgSession&) = delete;
  PgSession& operator=(const PgSession&) = delete;

  // Has `sql` prepared under `name` on this and every later connection.
  void Prepare(std::string name, std::string sql);

  absl::Status Transact(const Body& body);

 private:
  struct Statement {
    std::string name;
    std::string sql;
  };
  enum class Phase { kBegin, kBody, kCommit };

  absl::Status Attempt(const Body& body, bool& may_retry);
  absl::Status RunOnce(const Body& body, Phase& phase);
  absl::Status Lost(Phase phase, std::string_view why);
  absl::Status Classify(Phase phase, const pqxx::sql_error& error);
  void Connect();
  void InjectFault(Transaction& work);

  const PgSessionOptions options_;
  std::vector<Statement> statements_;
  std::unique_ptr<pqxx::connection> connection_;
};

// Calls `attempt` until it returns anything but UNAVAILABLE, for at most `patience_ms`, with a
// pause of kDatabasePauseMs in between; gives up early when `stop` says so. For the start of a
// service, whose database may be starting too. Says in the log what it waits for.
absl::Status AwaitDatabase(const std::function<absl::Status()>& attempt, std::int64_t patience_ms,
                           const std::function<bool()>& stop);

inline constexpr std::int64_t kDatabasePauseMs = 250;
inline constexpr std::int64_t kDatabasePatienceMs = 60'000;

}  // namespace skald::sdk
