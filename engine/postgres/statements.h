// All SQL of this edge, as named constants. Parameters are always bound.
//
// Times cross the border as microseconds since 1970 (skald.microseconds, skald.time_of), save in
// the arrays of the commit, which hold PostgreSQL's own binary form.
#pragma once

namespace skald::postgres {

// ---- schema ----
inline constexpr char kMigrationLock[] = "SELECT pg_advisory_xact_lock(7597421936421)";
inline constexpr char kServerEncoding[] =
    "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()";
inline constexpr char kMigrationBootstrap[] = R"sql(
  CREATE SCHEMA IF NOT EXISTS skald;
  CREATE TABLE IF NOT EXISTS skald.schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
)sql";
inline constexpr char kSchemaExists[] = "SELECT to_regclass('skald.schema_version') IS NOT NULL";
inline constexpr char kSchemaVersion[] =
    "SELECT coalesce(max(version), 0) FROM skald.schema_version";
inline constexpr char kRecordMigration[] =
    "INSERT INTO skald.schema_version (version, name) VALUES ($1, $2)";
inline constexpr char kEnsurePartitions[] =
    "SELECT skald.ensure_partitions(now() + interval '4 weeks', interval '1 week')";

// ---- commit: sent over libpq, see commit_pipeline.h ----
// Planned once, whatever the number of rows: there is no second plan for the inserts, and the
// update is held to the primary key by the settings. A plan made while the tables are small would
// otherwise scan them.
inline constexpr char kCommitSettings[] = R"sql(
  SET plan_cache_mode = force_generic_plan;
  SET enable_seqscan = off;
  SET enable_bitmapscan = off;
  SET enable_hashjoin = off;
  SET enable_mergejoin = off;
)sql";
inline constexpr char kCheckFence[] = "SELECT skald.check_fence($1::text, $2::bigint)";
inline constexpr char kInsertHistory[] = R"sql(
  INSERT INTO skald.history_row (workflow_id, first_seq, last_seq, at, events)
  SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::bigint[]),
         unnest($4::timestamptz[]), unnest($5::bytea[])
)sql";
inline constexpr char kInsertPayloads[] = R"sql(
  INSERT INTO skald.payload (workflow_id, hash, body)
  SELECT unnest($1::uuid[]), unnest($2::bytea[]), unnest($3::bytea[])
  ON CONFLICT DO NOTHING
)sql";
inline constexpr char kInsertWorkflows[] = R"sql(
  INSERT INTO skald.workflow (id, status, saga_status, updated_at, ended_at, reason, parked,
                              wake_at, snapshot_seq, snapshot, definition_id, started_at, version,
                              priority, namespace, name, correlation_id, idempotency_key,
                              parent_id)
  SELECT unnest($1::uuid[]), unnest($2::text[]), unnest($3::text[]), unnest($4::timestamptz[]),
         unnest($5::timestamptz[]), unnest($6::text[]), unnest($7::boolean[]),
         unnest($8::timestamptz[]), unnest($9::bigint[]), unnest($10::bytea[]),
         unnest($11::bigint[]), unnest($13::timestamptz[]), unnest($12::integer[]),
         unnest($14::integer[]), unnest($15::text[]), unnest($16::text[]), unnest($17::text[]),
         unnest($18::text[]), unnest($19::uuid[])
)sql";
// Without a new snapshot the old one stays.
inline constexpr char kUpdateWorkflows[] = R"sql(
  UPDATE skald.workflow w
  SET status = u.status, saga_status = u.saga_status, updated_at = u.updated_at,
      ended_at = u.ended_at, reason = u.reason, parked = u.parked, wake_at = u.wake_at,
      snapshot_seq = coalesce(u.snapshot_seq, w.snapshot_seq),
      snapshot = coalesce(u.snapshot, w.snapshot),
      definition_id = u.definition_id, version = u.version
  FROM (SELECT unnest($1::uuid[]) AS id, unnest($2::text[]) AS status,
               unnest($3::text[]) AS saga_status, unnest($4::timestamptz[]) AS updated_at,
               unnest($5::timestamptz[]) AS ended_at, unnest($6::text[]) AS reason,
               unnest($7::boolean[]) AS parked, unnest($8::timestamptz[]) AS wake_at,
               unnest($9::bigint[]) AS snapshot_seq, unnest($10::bytea[]) AS snapshot,
               unnest($11::bigint[]) AS definition_id, unnest($12::integer[]) AS version) AS u
  WHERE w.id = u.id
)sql";
inline constexpr char kDeleteStartRequests[] =
    "DELETE FROM skald.start_request WHERE id = ANY ($1::uuid[])";

// ---- node and shards ----
inline constexpr char kAcquireNode[] = R"sql(
  SELECT epoch, skald.microseconds(expires_at), skald.microseconds(clock_timestamp())
  FROM skald.acquire_node($1, $2 * interval '1 microsecond')
)sql";
inline constexpr char kRenewNode[] = R"sql(
  SELECT $2::bigint, skald.microseconds(renewed), skald.microseconds(clock_timestamp())
  FROM skald.renew_node($1, $2, $3 * interval '1 microsecond') AS renewed
)sql";
inline constexpr char kTakeShards[] =
    "SELECT shard_id, first_slot, last_slot FROM skald.take_shards($1, $2)";
inline constexpr char kReleaseNode[] = "SELECT skald.release_node($1, $2)";
inline constexpr char kListNodes[] = R"sql(
  SELECT l.node_id, l.epoch, skald.microseconds(l.expires_at), l.expires_at > clock_timestamp(),
         (SELECT count(*) FROM skald.shard s WHERE s.node_id = l.node_id)
  FROM skald.node_lease l ORDER BY l.node_id LIMIT $1
)sql";

// ---- reading workflows ----
#define SKALD_STORED_WORKFLOW                                                   \
  "SELECT id, definition_id, parked, coalesce(skald.microseconds(wake_at), 0)," \
  " snapshot_seq, coalesce(snapshot, '') FROM skald.workflow "
inline constexpr char kSelectWorkflow[] = SKALD_STORED_WORKFLOW "WHERE id = $1";
inline constexpr char kSelectActive[] = SKALD_STORED_WORKFLOW
    "WHERE status IN ('RUNNING', 'PAUSED') AND NOT parked"
    " AND skald.slot_of(id) BETWEEN $1 AND $2 AND id > $3 ORDER BY id LIMIT $4";
#undef SKALD_STORED_WORKFLOW
// In order of the index on wake_at, so that a page costs what it holds, however many are due. The
// planner takes the slots for a rare choice, for which it would rather read and sort all: OFFSET 0
// keeps them from it, and kHoldToIndexes keeps it from mistakes while it knows little of the table.
inline constexpr char kHoldToIndexes[] =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
    "SET LOCAL enable_sort = off";
inline constexpr char kSelectDue[] = R"sql(
  SELECT id, definition_id, parked, skald.microseconds(wake_at), snapshot_seq,
         coalesce(snapshot, '')
  FROM (SELECT * FROM skald.workflow
        WHERE parked AND wake_at IS NOT NULL AND wake_at <= skald.time_of($3)
          AND wake_at >= coalesce(skald.time_of($5), '-infinity')
        ORDER BY wake_at, id OFFSET 0) AS due
  WHERE (wake_at, id) > (coalesce(skald.time_of($5), '-infinity'), $6::uuid)
    AND skald.slot_of(id) BETWEEN $1 AND $2
  ORDER BY wake_at, id LIMIT $4
)sql";
// Each part has an index of its own: nothing that has ended is looked at.
#define SKALD_OPEN_WORKFLOW                        \
  "SELECT status, saga_status FROM skald.workflow" \
  " WHERE status IN ('RUNNING', 'PAUSED') AND skald.slot_of(id) BETWEEN $1 AND $2 AND "
inline constexpr char kCountOpen[] =
    "SELECT count(*) FILTER (WHERE status = 'RUNNING'), count(*) FILTER (WHERE status = 'PAUSED'),"
    " count(*) FILTER (WHERE saga_status = 'PARKED') FROM (" SKALD_OPEN_WORKFLOW
    "NOT parked UNION ALL " SKALD_OPEN_WORKFLOW
    "parked AND wake_at IS NOT NULL UNION ALL " SKALD_OPEN_WORKFLOW
    "parked AND wake_at IS NULL) AS open";
#undef SKALD_OPEN_WORKFLOW
inline constexpr char kNextWakeAt[] = R"sql(
  SELECT skald.microseconds(wake_at) FROM skald.workflow
  WHERE parked AND wake_at IS NOT NULL AND wake_at >= coalesce(skald.time_of($3), '-infinity')
    AND skald.slot_of(id) BETWEEN $1 AND $2
  ORDER BY wake_at LIMIT 1
)sql";
// The rows behind the snapshots of many workflows: from the one that holds event snapshot_seq on,
// if it holds a later one too. OFFSET 0: each workflow's rows are looked up by their key. Joined
// freely, all of the history was read for a page while the planner thought it small: 7 s.
inline constexpr char kSelectHistoryOf[] = R"sql(
  SELECT h.workflow_id, h.first_seq, h.last_seq, skald.microseconds(h.at), h.events
  FROM unnest($1::uuid[], $2::bigint[]) AS w (id, seq)
  CROSS JOIN LATERAL (
    SELECT * FROM skald.history_row r
    WHERE r.workflow_id = w.id AND r.last_seq > w.seq
      AND r.first_seq >= coalesce((SELECT max(b.first_seq) FROM skald.history_row b
                                   WHERE b.workflow_id = w.id AND b.first_seq <= w.seq), 0)
    OFFSET 0
  ) AS h
  ORDER BY h.workflow_id, h.first_seq
)sql";
inline constexpr char kSelectHistoryPage[] = R"sql(
  SELECT workflow_id, first_seq, last_seq, skald.microseconds(at), events
  FROM skald.history_row r
  WHERE workflow_id = $1 AND last_seq > $2
    AND first_seq >= coalesce((SELECT max(b.first_seq) FROM skald.history_row b
                               WHERE b.workflow_id = $1 AND b.first_seq <= $2), 0)
  ORDER BY first_seq LIMIT $3
)sql";
// Payloads that stand apart, by workflow and name.
inline constexpr char kSelectPayloads[] = R"sql(
  SELECT p.workflow_id, encode(p.hash, 'hex'), p.body
  FROM unnest($1::uuid[], $2::text[]) AS w (id, name)
  JOIN skald.payload p ON p.workflow_id = w.id AND p.hash = decode(w.name, 'hex')
)sql";
inline constexpr char kWorkflowExists[] =
    "SELECT EXISTS (SELECT 1 FROM skald.workflow WHERE id = $1)";

// ---- what has ended ----
inline constexpr char kDeleteWorkflow[] = "SELECT skald.delete_workflow($1, $2, $3::uuid)";
inline constexpr char kRetain[] =
    "SELECT partitions, workflows, more FROM skald.retain($1, $2, skald.time_of($3), $4)";

// ---- starts from outside ----
inline constexpr char kSelectStartRequests[] = R"sql(
  SELECT id, namespace, name, version, input, correlation_id, idempotency_key, priority,
         traceparent, task_to_domain
  FROM skald.start_request
  WHERE refused_at IS NULL AND skald.slot_of(id) BETWEEN $1 AND $2
  ORDER BY requested_at, id LIMIT $3
)sql";
inline constexpr char kRefuseStart[] = "SELECT skald.refuse_start($1::uuid, $2::text)";
// In order of key, so that two claimers cannot wait for one another in a circle.
inline constexpr char kInsertKeys[] = R"sql(
  INSERT INTO skald.idempotency_key (namespace, key, workflow_id, digest)
  SELECT c.namespace, c.key, c.id, c.digest
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[])
    WITH ORDINALITY AS c (namespace, key, id, digest, position)
  ORDER BY c.namespace, c.key, c.position
  ON CONFLICT (namespace, key) DO NOTHING
  RETURNING workflow_id
)sql";
// Before kTakeOverKeys, which reads what it says of the workflows behind the locked keys.
inline constexpr char kLockKeys[] = R"sql(
  SELECT 1 FROM skald.idempotency_key k
  WHERE (k.namespace, k.key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
  ORDER BY k.namespace, k.key FOR UPDATE
)sql";
// $5: the key is free when its workflow has ended. Of two claims of one key the first counts.
inline constexpr char kTakeOverKeys[] = R"sql(
  UPDATE skald.idempotency_key k
  SET workflow_id = CASE WHEN h.ended THEN h.id ELSE k.workflow_id END, digest = h.digest
  FROM (
    SELECT DISTINCT ON (c.namespace, c.key) c.*, held.workflow_id, w.id IS NOT NULL AS started,
           coalesce(w.status NOT IN ('RUNNING', 'PAUSED'), false) AS ended
    FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::boolean[])
      WITH ORDINALITY AS c (namespace, key, id, digest, on_running, position)
    JOIN skald.idempotency_key held ON held.namespace = c.namespace AND held.key = c.key
    LEFT JOIN skald.workflow w ON w.id = held.workflow_id
    ORDER BY c.namespace, c.key, c.position
  ) AS h
  WHERE k.namespace = h.namespace AND k.key = h.key AND k.workflow_id <> h.id
    AND (h.ended AND h.on_running
         OR NOT h.started AND NOT EXISTS (SELECT 1 FROM skald.start_request r
                                          WHERE r.id = k.workflow_id AND r.refused_at IS NULL))
  RETURNING k.workflow_id
)sql";
inline constexpr char kSelectKeys[] = R"sql(
  SELECT k.workflow_id, k.digest,
         EXISTS (SELECT 1 FROM skald.workflow w WHERE w.id = k.workflow_id),
         EXISTS (SELECT 1 FROM skald.start_request r
                 WHERE r.id = k.workflow_id AND r.refused_at IS NULL)
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS c (namespace, key, position)
  LEFT JOIN skald.idempotency_key k ON k.namespace = c.namespace AND k.key = c.key
  ORDER BY c.position
)sql";

// ---- definitions ----
#define SKALD_DEFINITION_TIMES "skald.microseconds(created_at), skald.microseconds(updated_at) "
inline constexpr char kInsertDefinition[] = R"sql(
  INSERT INTO skald.definition (namespace, name, version, source, created_at, updated_at)
  VALUES ($1, $2, $3, $4, skald.time_of($5), skald.time_of($6))
)sql";
inline constexpr char kReplaceDefinition[] = R"sql(
  INSERT INTO skald.definition (namespace, name, version, source, created_at, updated_at)
  VALUES ($1, $2, $3, $4, skald.time_of($5), skald.time_of($6))
  ON CONFLICT (namespace, name, version)
  DO UPDATE SET source = excluded.source, updated_at = excluded.updated_at
)sql";
inline constexpr char kSelectDefinition[] =
    "SELECT namespace, name, version, source, " SKALD_DEFINITION_TIMES
    "FROM skald.definition WHERE namespace = $1 AND name = $2 AND ($3::integer = 0 OR version = $3)"
    " ORDER BY version DESC LIMIT 1";
inline constexpr char kListDefinitions[] =
    "SELECT namespace, name, version, source, " SKALD_DEFINITION_TIMES
    "FROM skald.definition WHERE namespace = $1 AND (name, version) > ($2, $3)"
    " ORDER BY name, version LIMIT $4";
inline constexpr char kDeleteDefinition[] =
    "DELETE FROM skald.definition WHERE namespace = $1 AND name = $2 AND version = $3";
inline constexpr char kReplaceTaskDefinition[] = R"sql(
  INSERT INTO skald.task_definition (namespace, name, source, created_at, updated_at)
  VALUES ($1, $2, $3, skald.time_of($4), skald.time_of($5))
  ON CONFLICT (namespace, name)
  DO UPDATE SET source = excluded.source, updated_at = excluded.updated_at
)sql";
inline constexpr char kSelectTaskDefinition[] =
    "SELECT namespace, name, 0, source, " SKALD_DEFINITION_TIMES
    "FROM skald.task_definition WHERE namespace = $1 AND name = $2";
inline constexpr char kListTaskDefinitions[] =
    "SELECT namespace, name, 0, source, " SKALD_DEFINITION_TIMES
    "FROM skald.task_definition WHERE namespace = $1 AND name > $2 ORDER BY name LIMIT $3";
inline constexpr char kListLimitedTasks[] =
    "SELECT namespace, name, 0, source, " SKALD_DEFINITION_TIMES
    "FROM skald.task_definition WHERE source LIKE '%\"concurrentExecLimit%' "
    "OR source LIKE '%\"rateLimitPerFrequency\"%' ORDER BY namespace, name LIMIT $1";
inline constexpr char kDeleteTaskDefinition[] =
    "DELETE FROM skald.task_definition WHERE namespace = $1 AND name = $2";
// Writers of schemas one after the other, so that the next version is one past the last.
inline constexpr char kLockGeneration[] = "SELECT FROM skald.catalog_generation FOR UPDATE";
inline constexpr char kPutSchema[] = R"sql(
  INSERT INTO skald.schema_definition (namespace, name, version, source, created_at, updated_at)
  VALUES ($1, $2,
          CASE WHEN $3::integer > 0 THEN $3
               ELSE (SELECT coalesce(max(s.version), 0) + 1 FROM skald.schema_definition s
                     WHERE s.namespace = $1 AND s.name = $2) END,
          $4, skald.time_of($5), skald.time_of($6))
  ON CONFLICT (namespace, name, version)
  DO UPDATE SET source = excluded.source, updated_at = excluded.updated_at
  RETURNING version
)sql";
inline constexpr char kSelectSchema[] =
    "SELECT namespace, name, version, source, " SKALD_DEFINITION_TIMES
    "FROM skald.schema_definition"
    " WHERE namespace = $1 AND name = $2 AND ($3::integer = 0 OR version = $3)"
    " ORDER BY version DESC LIMIT 1";
inline constexpr char kListSchemas[] =
    "SELECT namespace, name, version, source, " SKALD_DEFINITION_TIMES
    "FROM skald.schema_definition WHERE namespace = $1 AND (name, version) > ($2, $3)"
    " ORDER BY name, version LIMIT $4";
inline constexpr char kDeleteSchema[] =
    "DELETE FROM skald.schema_definition"
    " WHERE namespace = $1 AND name = $2 AND ($3::integer = 0 OR version = $3)";
#undef SKALD_DEFINITION_TIMES
inline constexpr char kGeneration[] = "SELECT value FROM skald.catalog_generation";
inline constexpr char kSelectPin[] = R"sql(
  SELECT id FROM skald.pinned_definition WHERE content_hash = sha256(convert_to($1, 'UTF8'))
)sql";
inline constexpr char kInsertPin[] = R"sql(
  INSERT INTO skald.pinned_definition (content_hash, body)
  VALUES (sha256(convert_to($1, 'UTF8')), $1) ON CONFLICT (content_hash) DO NOTHING RETURNING id
)sql";
inline constexpr char kSelectPinned[] = "SELECT body FROM skald.pinned_definition WHERE id = $1";

// ---- lists of workflows; a null parameter does not filter ----
#define SKALD_LIST_WORKFLOWS                                                                    \
  "SELECT id, namespace, name, version, status, saga_status, correlation_id, reason, priority," \
  " skald.microseconds(started_at), skald.microseconds(updated_at),"                            \
  " coalesce(skald.microseconds(ended_at), 0), parent_id FROM skald.workflow"                   \
  " WHERE ($1::text IS NULL OR namespace = $1) AND ($2::text IS NULL OR name = $2)"             \
  " AND ($3::text IS NULL OR (correlation_id = $3 AND correlation_id <> ''))"                   \
  " AND ($4::text[] IS NULL OR status = ANY ($4))"                                              \
  " AND ($5::text[] IS NULL OR saga_status = ANY ($5))"                                         \
  " AND ($6::bigint IS NULL OR started_at >= skald.time_of($6))"                                \
  " AND ($7::bigint IS NULL OR started_at < skald.time_of($7))"                                 \
  " AND ($11::uuid IS NULL OR parent_id = $11)"
inline constexpr char kListNewestFirst[] = SKALD_LIST_WORKFLOWS
    " AND ($8::bigint IS NULL OR (started_at, id) < (skald.time_of($8), $9::uuid))"
    " ORDER BY started_at DESC, id DESC LIMIT $10";
inline constexpr char kListOldestFirst[] = SKALD_LIST_WORKFLOWS
    " AND ($8::bigint IS NULL OR (started_at, id) > (skald.time_of($8), $9::uuid))"
    " ORDER BY started_at, id LIMIT $10";
#undef SKALD_LIST_WORKFLOWS

// ---- task log ----
inline constexpr char kAppendLog[] = R"sql(
  INSERT INTO skald.task_log (workflow_id, task, at, message)
  SELECT $1, $2, skald.time_of($3), $4
  WHERE (SELECT count(*) FROM (SELECT 1 FROM skald.task_log
                               WHERE workflow_id = $1 AND task = $2 LIMIT $5) AS kept) < $5
)sql";
inline constexpr char kReadLog[] = R"sql(
  SELECT skald.microseconds(at), message FROM skald.task_log
  WHERE workflow_id = $1 AND task = $2 ORDER BY line
)sql";

inline constexpr char kPing[] = "SELECT 1";

}  // namespace skald::postgres
