#include "engine/postgres/migrate.h"

#include <string_view>

#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/postgres/connection_string.h"
#include "engine/postgres/embedded_migrations.h"
#include "engine/postgres/session.h"
#include "engine/postgres/statements.h"
#include "fmt/format.h"

namespace skald::postgres {
namespace {

int NewestVersion() { return EmbeddedMigrations().back().version; }

int StoredVersion(pqxx::transaction_base& transaction) {
  if (!transaction.exec1(kSchemaExists)[0].as<bool>()) return 0;
  return transaction.exec1(kSchemaVersion)[0].as<int>();
}

absl::Status TooNew(int stored) {
  return absl::FailedPreconditionError(fmt::format(
      "the database's schema is version {}, this binary knows versions up to {}: start a newer "
      "skald",
      stored, NewestVersion()));
}

absl::Status CheckEncoding(pqxx::transaction_base& transaction) {
  const auto encoding = transaction.exec1(kServerEncoding)[0].as<std::string>();
  if (encoding == "UTF8") return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "the database's encoding is {}: Skald needs one created with ENCODING 'UTF8'", encoding));
}

void Apply(pqxx::transaction_base& transaction, const Migration& migration) {
  transaction.exec(std::string(migration.sql), std::string(migration.name));
  transaction.exec_params(kRecordMigration, migration.version, std::string(migration.name));
  base::LogInfo("postgres.migration_applied", {{"migration", migration.name}});
}

absl::StatusOr<std::unique_ptr<Session>> Connect(const std::string& database_url) {
  ASSIGN_OR_RETURN(std::string connection_string, CompleteConnectionString(database_url));
  return std::make_unique<Session>(std::move(connection_string));
}

absl::Status ApplyMissing(pqxx::transaction_base& transaction, MigrationResult& result) {
  transaction.exec(kMigrationLock);
  RETURN_IF_ERROR(CheckEncoding(transaction));
  transaction.exec(kMigrationBootstrap);
  result.version_before = StoredVersion(transaction);
  result.version = NewestVersion();
  if (result.version_before > result.version) return TooNew(result.version_before);
  for (const Migration& migration : EmbeddedMigrations()) {
    if (migration.version > result.version_before) Apply(transaction, migration);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MigrationResult> Migrate(const std::string& database_url) {
  ASSIGN_OR_RETURN(const auto session, Connect(database_url));
  MigrationResult result;
  RETURN_IF_ERROR(session->Transact("migrate", [&](pqxx::transaction_base& transaction) {
    return ApplyMissing(transaction, result);
  }));
  if (const absl::Status made = MaintainPartitions(database_url); !made.ok()) {
    base::LogWarn("postgres.partitions_not_made", {{"error", made.message()}});
  }
  return result;
}

absl::Status CheckSchema(const std::string& database_url) {
  ASSIGN_OR_RETURN(const auto session, Connect(database_url));
  return session->Read("check schema", [](pqxx::transaction_base& transaction) -> absl::Status {
    const int stored = StoredVersion(transaction);
    if (stored > NewestVersion()) return TooNew(stored);
    if (stored == NewestVersion()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("the database's schema is version {}, this binary needs {}: run skald migrate",
                    stored, NewestVersion()));
  });
}

absl::Status MaintainPartitions(const std::string& database_url) {
  ASSIGN_OR_RETURN(const auto session, Connect(database_url));
  int made = 0;
  RETURN_IF_ERROR(session->Transact("make partitions", [&](pqxx::transaction_base& transaction) {
    made = transaction.exec1(kEnsurePartitions)[0].as<int>();
    return absl::OkStatus();
  }));
  if (made > 0) base::LogInfo("postgres.partitions_made", {{"count", made}});
  return absl::OkStatus();
}

}  // namespace skald::postgres
