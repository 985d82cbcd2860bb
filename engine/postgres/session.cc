#include "engine/postgres/session.h"

#include <utility>

#include "engine/base/log.h"

namespace skald::postgres {
namespace {

using ReadTransaction = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

}  // namespace

Session::Session(std::string connection_string)
    : connection_string_(std::move(connection_string)) {}

Session::~Session() { Drop(); }

absl::Status Session::Transact(std::string_view what, const Body& body) {
  return Run<pqxx::work>(what, body);
}

absl::Status Session::Read(std::string_view what, const Body& body) {
  return Run<ReadTransaction>(what, body);
}

// A connection that broke while it lay idle shows it at BEGIN: then there is a second try.
template <typename Transaction>
absl::Status Session::Run(std::string_view what, const Body& body) {
  const bool may_be_stale = connection_ != nullptr;
  Phase phase = Phase::kConnect;
  const auto run = [&]() -> absl::Status {
    if (connection_ == nullptr) Connect();
    Transaction transaction(*connection_);
    phase = Phase::kBody;
    if (absl::Status status = body(transaction); !status.ok()) return status;
    phase = Phase::kCommit;
    transaction.commit();
    return absl::OkStatus();
  };
  Guarded outcome = Guard(what, phase, run);
  if (outcome.connection_lost) Drop();
  if (outcome.connection_lost && phase == Phase::kConnect && may_be_stale) {
    outcome = Guard(what, phase, run);
    if (outcome.connection_lost) Drop();
  }
  return outcome.status;
}

void Session::Connect() {
  auto connection = std::make_unique<pqxx::connection>(connection_string_);
  const base::MutexLock lock(mutex_);
  connection_ = std::move(connection);
}

void Session::Drop() {
  const base::MutexLock lock(mutex_);
  connection_.reset();
}

void Session::Cancel() {
  const base::MutexLock lock(mutex_);
  if (connection_ == nullptr) return;
  const Phase phase = Phase::kBody;
  const Guarded outcome = Guard("cancel", phase, [this] {
    connection_->cancel_query();
    return absl::OkStatus();
  });
  if (!outcome.status.ok()) {
    base::LogWarn("postgres.cancel_failed", {{"error", outcome.status.message()}});
  }
}

}  // namespace skald::postgres
