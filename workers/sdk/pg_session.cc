#include "workers/sdk/pg_session.h"

#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "engine/base/log.h"
#include "fmt/format.h"

namespace skald::sdk {
namespace {

constexpr char kLockNotAvailable[] = "55P03";
constexpr char kOperatorIntervention[] = "57P";  // the server shuts down, starts up or was told to
constexpr char kInsufficientResources[] = "53";

// Thrown in place of the loss that a fault injector plays.
struct InjectedLoss : std::exception {
  const char* what() const noexcept override { return "connection lost (injected)"; }
};

bool StartsWith(const std::string& text, std::string_view prefix) {
  return std::string_view(text).substr(0, prefix.size()) == prefix;
}

absl::Status Error(absl::StatusCode code, std::string_view what, std::string_view why) {
  return absl::Status(code, fmt::format("{}: {}", what, why));
}

}  // namespace

// libpqxx pastes the string behind SET TRANSACTION ISOLATION LEVEL, in the same round trip as
// BEGIN.
Transaction::Transaction(pqxx::connection& connection)
    : namedclass{"transaction"},
      basic_transaction(connection, "READ COMMITTED, READ WRITE", pqxx::read_write) {
  Begin();
}

PgSession::PgSession(PgSessionOptions options) : options_(std::move(options)) {}
PgSession::~PgSession() = default;

void PgSession::Prepare(std::string name, std::string sql) {
  statements_.push_back({std::move(name), std::move(sql)});
  connection_.reset();
}

absl::Status PgSession::Transact(const Body& body) {
  absl::Status status;
  for (int attempt = 1; attempt <= kTransactionAttemptsMax; ++attempt) {
    bool may_retry = false;
    status = Attempt(body, may_retry);
    if (!may_retry) return status;
  }
  return status;
}

// The one try block of the SDK's database side. The order of the catches matters: in libpqxx 6 the
// family of transaction_rollback (class 40) does not derive from sql_error, and in_doubt_error
// derives from neither.
absl::Status PgSession::Attempt(const Body& body, bool& may_retry) {
  Phase phase = Phase::kBegin;
  try {
    return RunOnce(body, phase);
  } catch (const pqxx::in_doubt_error& error) {
    return Lost(Phase::kCommit, error.what());
  } catch (const pqxx::statement_completion_unknown& error) {
    return Lost(Phase::kCommit, error.what());
  } catch (const pqxx::transaction_rollback& error) {
    may_retry = true;
    return Error(absl::StatusCode::kUnavailable, "transaction rolled back", error.what());
  } catch (const pqxx::broken_connection& error) {
    return Lost(phase, error.what());
  } catch (const pqxx::sql_error& error) {
    return Classify(phase, error);
  } catch (const InjectedLoss& error) {
    return Lost(Phase::kCommit, error.what());
  } catch (const std::exception& error) {
    if (connection_ == nullptr || !connection_->is_open()) return Lost(phase, error.what());
    return Error(absl::StatusCode::kInternal, "handler threw", error.what());
  } catch (...) {
    return absl::InternalError("handler threw something that is not a std::exception");
  }
}

absl::Status PgSession::RunOnce(const Body& body, Phase& phase) {
  if (connection_ == nullptr || !connection_->is_open()) Connect();
  Transaction work(*connection_);
  phase = Phase::kBody;
  absl::Status status = body(work);
  if (!status.ok()) {
    work.abort();
    return status;
  }
  phase = Phase::kCommit;
  InjectFault(work);
  work.commit();
  return absl::OkStatus();
}

absl::Status PgSession::Lost(Phase phase, std::string_view why) {
  connection_.reset();
  if (phase == Phase::kCommit) {
    return Error(absl::StatusCode::kUnknown, "commit in doubt", why);
  }
  return Error(absl::StatusCode::kUnavailable, "database connection lost", why);
}

absl::Status PgSession::Classify(Phase phase, const pqxx::sql_error& error) {
  const std::string& state = error.sqlstate();
  if (StartsWith(state, kOperatorIntervention)) return Lost(phase, error.what());
  if (state == kLockNotAvailable) {
    return Error(absl::StatusCode::kUnavailable, "lock not had in time", error.what());
  }
  if (StartsWith(state, kInsufficientResources)) {
    return Error(absl::StatusCode::kUnavailable, "database short of resources", error.what());
  }
  return Error(absl::StatusCode::kInternal, fmt::format("SQL state {}", state), error.what());
}

void PgSession::Connect() {
  connection_.reset();
  auto connection = std::make_unique<pqxx::connection>(options_.database_url);
  // A silent reconnection would lose the session's settings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  pqxx::nontransaction settings(*connection);
  settings.exec0(fmt::format("set lock_timeout = {}", options_.lock_timeout_ms));
  settings.exec0("set default_transaction_read_only = on");
  settings.exec0("set client_min_messages = 'warning'");
  settings.commit();
  for (const Statement& statement : statements_) connection->prepare(statement.name, statement.sql);
  connection_ = std::move(connection);
}

void PgSession::InjectFault(Transaction& work) {
  if (!options_.commit_fault) return;
  switch (options_.commit_fault()) {
    case CommitFault::kNone:
      return;
    case CommitFault::kCrashBefore:
      work.abort();
      throw InjectedLoss();
    case CommitFault::kCrashAfter:
      work.commit();
      throw InjectedLoss();
  }
}

absl::Status AwaitDatabase(const std::function<absl::Status()>& attempt, std::int64_t patience_ms,
                           const std::function<bool()>& stop) {
  absl::Status status = attempt();
  for (std::int64_t left_ms = patience_ms; left_ms > 0; left_ms -= kDatabasePauseMs) {
    if (status.code() != absl::StatusCode::kUnavailable || stop()) return status;
    if (left_ms == patience_ms) {
      base::LogWarn("database.awaited", {{"error", status.message()}});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kDatabasePauseMs));
    status = attempt();
  }
  return status;
}

}  // namespace skald::sdk
