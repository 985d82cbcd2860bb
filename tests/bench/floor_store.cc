#include "tests/bench/floor_store.h"

#include <libpq-fe.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "tests/bench/binary_array.h"

namespace skald::bench {
namespace {

constexpr int kBinary = 1;

// Plans are pinned: the statements are planned once, while the tables are empty, so the planner
// must not choose a sequential scan that would be cheap only then.
constexpr char kSession[] = R"sql(
  SET plan_cache_mode = force_generic_plan;
  SET enable_seqscan = off;
  SET enable_hashjoin = off;
  SET enable_mergejoin = off;
  SET jit = off;
)sql";

// Half-filled pages of workflows let the update at the end stay on the row's own page (HOT).
constexpr char kTables[] = R"sql(
  CREATE TABLE IF NOT EXISTS floor_workflows (
    id bigint PRIMARY KEY, status smallint NOT NULL, input bytea NOT NULL,
    started_at timestamptz NOT NULL, ended_at timestamptz
  ) WITH (fillfactor = 50);
  CREATE TABLE IF NOT EXISTS floor_history (
    workflow_id bigint NOT NULL, seq int NOT NULL, at timestamptz NOT NULL, events bytea NOT NULL,
    PRIMARY KEY (workflow_id, seq)
  );
)sql";

constexpr char kInsertWorkflows[] =
    "INSERT INTO floor_workflows (id, status, input, started_at) "
    "SELECT i, 0, p, now() FROM unnest($1::bigint[], $2::bytea[]) AS t(i, p)";
constexpr char kInsertHistory[] =
    "INSERT INTO floor_history (workflow_id, seq, at, events) "
    "SELECT i, s, now(), p FROM unnest($1::bigint[], $2::int[], $3::bytea[]) AS t(i, s, p)";
constexpr char kUpdateWorkflows[] =
    "UPDATE floor_workflows SET status = 1, ended_at = now() "
    "FROM unnest($1::bigint[]) AS t(i) WHERE id = i";

struct ResultClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultClear>;

absl::Status DatabaseError(PGconn* connection, const char* what) {
  const std::string message = absl::StrCat(what, ": ", PQerrorMessage(connection));
  return PQstatus(connection) == CONNECTION_OK ? absl::InternalError(message)
                                               : absl::UnavailableError(message);
}

absl::Status Run(PGconn* connection, const char* sql) {
  const Result result(PQexec(connection, sql));
  return PQresultStatus(result.get()) == PGRES_COMMAND_OK ? absl::OkStatus()
                                                          : DatabaseError(connection, "set up");
}

absl::Status Prepare(PGconn* connection, const char* name, const char* sql) {
  const Result result(PQprepare(connection, name, sql, 0, nullptr));
  return PQresultStatus(result.get()) == PGRES_COMMAND_OK ? absl::OkStatus()
                                                          : DatabaseError(connection, name);
}

template <size_t n>
absl::Status Send(PGconn* connection, const char* name, std::array<BinaryArray, n>& arrays) {
  std::array<const char*, n> values;
  std::array<int, n> lengths;
  std::array<int, n> formats;
  for (size_t i = 0; i < n; ++i) {
    const std::string_view bytes = arrays[i].Bytes();
    values[i] = bytes.data();
    lengths[i] = static_cast<int>(bytes.size());
    formats[i] = kBinary;
  }
  const int sent = PQsendQueryPrepared(connection, name, n, values.data(), lengths.data(),
                                       formats.data(), kBinary);
  return sent == 1 ? absl::OkStatus() : DatabaseError(connection, name);
}

}  // namespace

void FloorStore::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

FloorStore::FloorStore(Connection connection) : connection_(std::move(connection)) {}

absl::StatusOr<FloorStore> FloorStore::Open(const std::string& database_url) {
  Connection connection(PQconnectdb(database_url.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return DatabaseError(connection.get(), "connect");
  }
  RETURN_IF_ERROR(Run(connection.get(), kSession));
  RETURN_IF_ERROR(Run(connection.get(), kTables));
  RETURN_IF_ERROR(Prepare(connection.get(), "insert_workflows", kInsertWorkflows));
  RETURN_IF_ERROR(Prepare(connection.get(), "insert_history", kInsertHistory));
  RETURN_IF_ERROR(Prepare(connection.get(), "update_workflows", kUpdateWorkflows));
  if (PQenterPipelineMode(connection.get()) != 1) {
    return DatabaseError(connection.get(), "enter pipeline mode");
  }
  return FloorStore(std::move(connection));
}

absl::Status FloorStore::Commit(const FloorRows& rows) {
  if (!rows.started.empty()) {
    RETURN_IF_ERROR(SendStarted(rows.started));
  }
  if (!rows.results.empty()) {
    RETURN_IF_ERROR(SendResults(rows.results));
  }
  if (!rows.ended.empty()) {
    RETURN_IF_ERROR(SendEnded(rows.ended));
  }
  return Sync();
}

absl::Status FloorStore::SendStarted(const std::vector<FloorRows::Row>& rows) {
  std::array arrays = {BinaryArray(BinaryArray::kInt8Oid), BinaryArray(BinaryArray::kByteaOid)};
  for (const FloorRows::Row& row : rows) {
    arrays[0].AddInt8(row.workflow_id);
    arrays[1].AddBytes(row.payload);
  }
  return Send(connection_.get(), "insert_workflows", arrays);
}

absl::Status FloorStore::SendResults(const std::vector<FloorRows::Row>& rows) {
  std::array arrays = {BinaryArray(BinaryArray::kInt8Oid), BinaryArray(BinaryArray::kInt4Oid),
                       BinaryArray(BinaryArray::kByteaOid)};
  for (const FloorRows::Row& row : rows) {
    arrays[0].AddInt8(row.workflow_id);
    arrays[1].AddInt4(row.step);
    arrays[2].AddBytes(row.payload);
  }
  return Send(connection_.get(), "insert_history", arrays);
}

absl::Status FloorStore::SendEnded(const std::vector<uint64_t>& workflow_ids) {
  std::array arrays = {BinaryArray(BinaryArray::kInt8Oid)};
  for (const uint64_t workflow_id : workflow_ids) {
    arrays[0].AddInt8(workflow_id);
  }
  return Send(connection_.get(), "update_workflows", arrays);
}

absl::Status FloorStore::Sync() {
  if (PQpipelineSync(connection_.get()) != 1) {
    return DatabaseError(connection_.get(), "sync");
  }
  absl::Status status = absl::OkStatus();
  while (true) {
    const Result result(PQgetResult(connection_.get()));
    if (result == nullptr) {
      if (PQstatus(connection_.get()) != CONNECTION_OK) {
        return DatabaseError(connection_.get(), "commit");
      }
      continue;  // null separates the statements of a pipeline
    }
    const ExecStatusType outcome = PQresultStatus(result.get());
    if (outcome == PGRES_PIPELINE_SYNC) {
      return status;
    }
    if (outcome != PGRES_COMMAND_OK && status.ok()) {
      status = DatabaseError(connection_.get(), "commit");
    }
  }
}

}  // namespace skald::bench
