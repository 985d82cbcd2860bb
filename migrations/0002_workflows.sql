-- Workflows, their history, idempotency keys and starts asked for in SQL.
-- Lock impact: new tables only.

CREATE FUNCTION skald.slot_of(id uuid) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT get_byte(uuid_send(id), 14) * 256 + get_byte(uuid_send(id), 15)
$$;

-- What lists and searches read, and the newest snapshot. Written at start, at status changes and
-- with snapshots. Ids are UUIDs of version 7, so a range of ids is a span of time.
CREATE TABLE skald.workflow (
  id uuid NOT NULL,
  definition_id bigint NOT NULL,
  snapshot_seq bigint NOT NULL,
  started_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  ended_at timestamptz,
  wake_at timestamptz,                    -- parked: loaded again then; null = only on demand
  version integer NOT NULL,
  priority integer NOT NULL,
  parked boolean NOT NULL,
  namespace text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  saga_status text COLLATE "C" NOT NULL,
  correlation_id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  snapshot bytea,                         -- of the state after event snapshot_seq
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);

-- What has to be loaded when a node takes shards.
CREATE INDEX workflow_active ON skald.workflow (id)
  WHERE status IN ('RUNNING', 'PAUSED') AND NOT parked;
CREATE INDEX workflow_wake ON skald.workflow (wake_at) WHERE parked AND wake_at IS NOT NULL;
CREATE INDEX workflow_started ON skald.workflow (namespace, started_at, id);
CREATE INDEX workflow_correlation ON skald.workflow (namespace, correlation_id, started_at, id)
  WHERE correlation_id <> '';

-- Append-only: one row per workflow and batch. `events` is JSON text in UTF-8, kept as bytes so
-- that no payload can make a row unacceptable to the database; skald.history shows it.
CREATE TABLE skald.history_row (
  workflow_id uuid NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  at timestamptz NOT NULL,
  events bytea NOT NULL,
  PRIMARY KEY (workflow_id, first_seq)
) PARTITION BY RANGE (workflow_id);

-- Ids out of every span below: none in ordinary operation.
CREATE TABLE skald.workflow_default PARTITION OF skald.workflow DEFAULT;
CREATE TABLE skald.history_row_default PARTITION OF skald.history_row DEFAULT;

-- lz4 costs a fraction of pglz. A server may be built without it.
DO $$
BEGIN
  ALTER TABLE skald.workflow ALTER COLUMN snapshot SET COMPRESSION lz4;
  ALTER TABLE skald.history_row ALTER COLUMN events SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END
$$;

-- An idempotency key and the workflow id that it stands for, for ever. An empty digest was claimed
-- in SQL and accepts every request.
CREATE TABLE skald.idempotency_key (
  namespace text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  workflow_id uuid NOT NULL,
  digest text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (namespace, key)
);

-- Starts asked for by skald.start_workflow(), until the batch that holds the start removes them.
CREATE TABLE skald.start_request (
  id uuid PRIMARY KEY,
  namespace text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  input text NOT NULL,
  correlation_id text NOT NULL,
  idempotency_key text NOT NULL,
  priority integer NOT NULL,
  traceparent text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
