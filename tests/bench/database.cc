#include "tests/bench/database.h"

#include <libpq-fe.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace skald::bench {
namespace {

struct ResultClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultClear>;

absl::Status Refused(PGconn* connection, const std::string& sql) {
  return absl::InternalError(absl::StrCat(sql, ": ", PQerrorMessage(connection)));
}

}  // namespace

void Database::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

absl::StatusOr<Database> Database::Connect(const std::string& url) {
  Database database(PQconnectdb(url.c_str()));
  if (PQstatus(database.connection_.get()) != CONNECTION_OK) {
    return absl::UnavailableError(PQerrorMessage(database.connection_.get()));
  }
  return database;
}

absl::Status Database::Run(const std::string& sql) {
  const Result result(PQexec(connection_.get(), sql.c_str()));
  const ExecStatusType outcome = PQresultStatus(result.get());
  return outcome == PGRES_COMMAND_OK || outcome == PGRES_TUPLES_OK
             ? absl::OkStatus()
             : Refused(connection_.get(), sql);
}

absl::StatusOr<std::vector<double>> Database::Numbers(const std::string& sql) {
  const Result result(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) != 1) {
    return Refused(connection_.get(), sql);
  }
  std::vector<double> numbers(static_cast<size_t>(PQnfields(result.get())));
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!absl::SimpleAtod(PQgetvalue(result.get(), 0, static_cast<int>(i)), &numbers[i])) {
      return Refused(connection_.get(), sql);
    }
  }
  return numbers;
}

}  // namespace skald::bench
