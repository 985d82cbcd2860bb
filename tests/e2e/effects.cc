#include "tests/e2e/effects.h"

#include <utility>

#include "tests/e2e/processes.h"

namespace skald::testing {

Database::Database(const std::string& url) : connection_(PQconnectdb(url.c_str()), &PQfinish) {}

std::vector<std::vector<std::string>> Database::Rows(const std::string& sql) {
  constexpr int kAttemptsMax = 5;
  std::unique_ptr<PGresult, decltype(&PQclear)> result(nullptr, &PQclear);
  ExecStatusType status = PGRES_FATAL_ERROR;
  // A server that was killed says farewell before its connection ends, so the first attempts may
  // fail on a connection that looks sound.
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (attempt > 0) PQreset(connection_.get());
    result.reset(PQexec(connection_.get(), sql.c_str()));
    status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) break;
  }
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    Die(sql + ": " + PQerrorMessage(connection_.get()));
  }
  std::vector<std::vector<std::string>> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    std::vector<std::string>& cells = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      cells.emplace_back(PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
}

std::string Database::Value(const std::string& sql) {
  const auto rows = Rows(sql);
  return rows.empty() ? "" : rows[0].at(0);
}

std::map<std::string, Effects> ReadLedgers(const std::vector<std::string>& database_urls) {
  std::map<std::string, Effects> effects;
  for (const std::string& url : database_urls) {
    for (const auto& row : Database(url).Rows(
             "select workflow_id, count(*) filter (where delta > 0), "
             "count(*) filter (where delta < 0) from ledger group by workflow_id, step_key")) {
      Effects& of_workflow = effects[row[0]];
      const int done = std::stoi(row[1]);
      const int undone = std::stoi(row[2]);
      of_workflow.steps_done += done;
      of_workflow.steps_undone += undone;
      if (done > 1 || undone > done) ++of_workflow.doubled;
    }
  }
  return effects;
}

}  // namespace skald::testing
