#include "workers/sdk/barrier_schema.h"

#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::sdk {
namespace {

constexpr char kLockSchema[] = "select pg_advisory_xact_lock(hashtext('saga_barrier'))";

// `response` is json, not jsonb: a replay returns byte for byte what the first answer was.
constexpr char kCreateTable[] = R"sql(
create table if not exists saga_barrier (
  step_key       text        collate "C" not null,
  op             "char"      not null,  -- A action, C undo
  verdict        text        not null,  -- DONE, SEALED (an undo took the action's place) or NULLED
  fence          bigint      not null,
  payload_digest text        not null,
  response       json,
  created_at     timestamptz not null default clock_timestamp(),
  expires_at     timestamptz not null default clock_timestamp() + interval '{0} days',
  primary key (step_key, op)
);
create index if not exists saga_barrier_expires_at on saga_barrier using brin (expires_at);
)sql";

constexpr char kExpire[] = R"sql(
with gone as (
  select step_key, op from saga_barrier where expires_at < clock_timestamp()
  limit $1 for update skip locked)
delete from saga_barrier b using gone g where b.step_key = g.step_key and b.op = g.op
)sql";

}  // namespace

absl::Status CreateBarrierTable(PgSession& session) {
  return session.Transact([](Transaction& work) {
    work.exec(kLockSchema);
    work.exec(fmt::format(kCreateTable, kBarrierRetentionDays));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::int64_t> ExpireBarrierRows(PgSession& session) {
  std::int64_t rows = 0;
  RETURN_IF_ERROR(session.Transact([&rows](Transaction& work) {
    const pqxx::result deleted = work.exec_params(kExpire, kBarrierExpireRowsMax);
    rows = static_cast<std::int64_t>(deleted.affected_rows());
    return absl::OkStatus();
  }));
  return rows;
}

}  // namespace skald::sdk
