-- Big payloads beside the rows that name them, and the removal of what has ended.
-- Lock impact: ACCESS EXCLUSIVE on two views for a moment; else only new tables and functions.

-- A payload of a workflow, by the SHA-256 of its bytes. History rows and snapshots name it
-- ("input@": "<hex>"); it goes with its workflow's history.
CREATE TABLE skald.payload (
  workflow_id uuid NOT NULL,
  hash bytea NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (workflow_id, hash)
) PARTITION BY RANGE (workflow_id);
DO $$
BEGIN
  ALTER TABLE skald.payload ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END
$$;
CREATE TABLE skald.payload_default PARTITION OF skald.payload DEFAULT;
DO $$
DECLARE
  span skald.partition;
BEGIN
  FOR span IN SELECT * FROM skald.partition LOOP
    EXECUTE format('CREATE TABLE skald.payload_%s PARTITION OF skald.payload '
                   'FOR VALUES FROM (%L) TO (%L)',
                   span.suffix, skald.id_floor(span.first_at), skald.id_floor(span.end_at));
  END LOOP;
END
$$;

-- As in 0003, with the partitions of skald.payload.
CREATE OR REPLACE FUNCTION skald.ensure_partitions(until timestamptz, width interval)
RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
  span_first timestamptz;
  span_end timestamptz;
  span_suffix text;
  made integer := 0;
  kind text;
BEGIN
  IF width < interval '1 hour' THEN
    RAISE EXCEPTION 'partitions of % are too narrow: at least 1 hour', width;
  END IF;
  LOCK TABLE skald.partition IN EXCLUSIVE MODE;
  SELECT coalesce(max(end_at), date_trunc('day', now() - width)) INTO span_first
    FROM skald.partition;
  WHILE span_first < until LOOP
    span_end := span_first + width;
    span_suffix := to_char(span_first, '"p"YYYYMMDDHH24');
    BEGIN
      FOREACH kind IN ARRAY ARRAY['workflow', 'history_row', 'payload'] LOOP
        EXECUTE format('CREATE TABLE skald.%I PARTITION OF skald.%I FOR VALUES FROM (%L) TO (%L)',
                       kind || '_' || span_suffix, kind,
                       skald.id_floor(span_first), skald.id_floor(span_end));
      END LOOP;
      INSERT INTO skald.partition VALUES (span_suffix, span_first, span_end);
      made := made + 1;
    EXCEPTION WHEN check_violation THEN
      RAISE WARNING 'partition %: its ids are in the default partition already', span_suffix;
    END;
    span_first := span_end;
  END LOOP;
  RETURN made;
END
$$;

-- What keeps a workflow that has ended: PARENT_RUNS when one above it has not, and may yet have it
-- undo itself; CHILD_RUNS when one right below it has not, and will tell it so; else null.
CREATE FUNCTION skald.needed_by(member uuid) RETURNS text
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE above AS (
    SELECT w.parent_id FROM skald.workflow w WHERE w.id = member
    UNION
    SELECT w.parent_id FROM skald.workflow w JOIN above ON w.id = above.parent_id
  )
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM skald.workflow w JOIN above ON w.id = above.parent_id
                 WHERE w.status IN ('RUNNING', 'PAUSED') OR w.parked) THEN 'PARENT_RUNS'
    WHEN EXISTS (SELECT 1 FROM skald.workflow w
                 WHERE w.parent_id = member AND w.status IN ('RUNNING', 'PAUSED')) THEN 'CHILD_RUNS'
  END
$$;

-- Why a partition stays, looked at without a lock; '' when nothing keeps it.
CREATE FUNCTION skald.kept_by(span skald.partition, before timestamptz) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  first_id CONSTANT uuid := skald.id_floor(span.first_at);
  end_id CONSTANT uuid := skald.id_floor(span.end_at);
  unfinished bigint;
  needed boolean;
BEGIN
  -- Each part has an index of its own.
  EXECUTE format('SELECT (SELECT count(*) FROM skald.%1$I '
                 'WHERE status IN (''RUNNING'', ''PAUSED'') AND NOT parked) '
                 '+ (SELECT count(*) FROM skald.%1$I WHERE parked AND wake_at IS NOT NULL) '
                 '+ (SELECT count(*) FROM skald.%1$I WHERE parked AND wake_at IS NULL)',
                 'workflow_' || span.suffix) INTO unfinished;
  unfinished := unfinished + (SELECT count(*) FROM skald.start_request r
    WHERE r.refused_at IS NULL AND r.id >= first_id AND r.id < end_id);
  IF unfinished > 0 THEN
    RETURN unfinished || ' unfinished workflows';
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM skald.%I WHERE ended_at >= $1 '
                 'OR (parent_id IS NOT NULL AND skald.needed_by(id) IS NOT NULL))',
                 'workflow_' || span.suffix) INTO needed USING before;
  IF needed THEN
    RETURN 'a workflow ended later, or is needed by one above it';
  END IF;
  IF EXISTS (SELECT 1 FROM skald.workflow w WHERE w.parent_id >= first_id AND w.parent_id < end_id
               AND w.status IN ('RUNNING', 'PAUSED')) THEN
    RETURN 'a sub-workflow has not ended';
  END IF;
  RETURN '';
END
$$;

-- Drops one partition, history and workflows and what belongs to them; returns why it stays, else
-- ''. Commits are held up only from the lock to the end of the transaction: what takes long is done
-- before. The locks are taken in the order of a commit. A wait for one ends before the database
-- looks for deadlocks: then it fails (55P03), and is to be tried again.
CREATE FUNCTION skald.drop_span(span skald.partition, before timestamptz) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
  first_id CONSTANT uuid := skald.id_floor(span.first_at);
  end_id CONSTANT uuid := skald.id_floor(span.end_at);
  reason text := skald.kept_by(span, before);
  kind text;
  went_on boolean;
BEGIN
  IF reason <> '' THEN
    RETURN reason;
  END IF;
  DELETE FROM skald.idempotency_key k WHERE k.workflow_id >= first_id AND k.workflow_id < end_id;
  DELETE FROM skald.task_log l WHERE l.workflow_id >= first_id AND l.workflow_id < end_id;
  DELETE FROM skald.start_request r WHERE r.id >= first_id AND r.id < end_id;
  DELETE FROM skald.partition p WHERE p.suffix = span.suffix;
  LOCK TABLE ONLY skald.history_row, ONLY skald.payload, ONLY skald.workflow
    IN ACCESS EXCLUSIVE MODE;
  FOREACH kind IN ARRAY ARRAY['history_row', 'payload', 'workflow'] LOOP
    EXECUTE format('LOCK TABLE skald.%I IN ACCESS EXCLUSIVE MODE', kind || '_' || span.suffix);
  END LOOP;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM skald.%1$I '
                 'WHERE status IN (''RUNNING'', ''PAUSED'') AND NOT parked) '
                 'OR EXISTS (SELECT 1 FROM skald.%1$I WHERE parked AND wake_at IS NOT NULL) '
                 'OR EXISTS (SELECT 1 FROM skald.%1$I WHERE parked AND wake_at IS NULL)',
                 'workflow_' || span.suffix) INTO went_on;
  IF went_on THEN
    RAISE EXCEPTION 'partition %: a workflow went on after its end', span.suffix
      USING ERRCODE = 'lock_not_available';
  END IF;
  FOREACH kind IN ARRAY ARRAY['history_row', 'payload', 'workflow'] LOOP
    EXECUTE format('DROP TABLE skald.%I', kind || '_' || span.suffix);
  END LOOP;
  RETURN '';
END
$$;

-- As in 0008, with payloads; and a partition stays, too, while a workflow in it ended at or after
-- `before` or is needed by its family. One row per partition looked at.
CREATE OR REPLACE FUNCTION skald.drop_partitions(before timestamptz)
RETURNS TABLE (suffix text, dropped boolean, reason text)
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  span skald.partition;
BEGIN
  LOCK TABLE skald.partition IN EXCLUSIVE MODE;
  FOR span IN SELECT * FROM skald.partition p WHERE p.end_at <= before AND p.end_at <= now()
              ORDER BY p.first_at LOOP
    suffix := span.suffix;
    reason := skald.drop_span(span, before);
    dropped := reason = '';
    RETURN NEXT;
  END LOOP;
END
$$;

-- The rows of these workflows and all that belongs to them. A key may stand for a newer one since.
CREATE FUNCTION skald.remove_workflows(removed uuid[]) RETURNS void
LANGUAGE sql AS $$
  DELETE FROM skald.history_row WHERE workflow_id = ANY (removed);
  DELETE FROM skald.payload WHERE workflow_id = ANY (removed);
  DELETE FROM skald.task_log WHERE workflow_id = ANY (removed);
  DELETE FROM skald.idempotency_key k USING skald.workflow w
    WHERE w.id = ANY (removed) AND w.idempotency_key <> ''
      AND k.namespace = w.namespace AND k.key = w.idempotency_key AND k.workflow_id = w.id;
  DELETE FROM skald.workflow WHERE id = ANY (removed);
$$;

-- Removes one workflow that has ended; says DONE, or why not: ABSENT, NOT_ENDED, or as needed_by.
CREATE FUNCTION skald.delete_workflow(at_node text, at_epoch bigint, wanted uuid) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  found_row record;
  needed text;
BEGIN
  PERFORM skald.check_fence(at_node, at_epoch);
  SELECT status, parked INTO found_row FROM skald.workflow WHERE id = wanted FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'ABSENT';
  END IF;
  IF found_row.status IN ('RUNNING', 'PAUSED') OR found_row.parked THEN
    RETURN 'NOT_ENDED';
  END IF;
  needed := skald.needed_by(wanted);
  IF needed IS NOT NULL THEN
    RETURN needed;
  END IF;
  PERFORM skald.remove_workflows(ARRAY[wanted]);
  RETURN 'DONE';
END
$$;

-- Removes what ended before `before`: one partition of which all has, unless it cannot be locked
-- now; or else up to `count_max` workflows, one by one, out of partitions that something keeps, and
-- out of none. What is younger stays until its partition is over: that costs nothing then. Does
-- nothing while another node does the same. `more`: it may be asked again at once.
CREATE FUNCTION skald.retain(at_node text, at_epoch bigint, before timestamptz, count_max integer,
                             OUT partitions integer, OUT workflows integer, OUT more boolean)
-- By the primary key, oldest first, so that it stops when it has found enough.
LANGUAGE plpgsql SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  span skald.partition;
  until_id uuid;
  old uuid[];
BEGIN
  -- Without a lock, which a node that takes over would have to wait for: what is removed is old,
  -- whoever does it.
  IF NOT EXISTS (SELECT 1 FROM skald.node n WHERE n.node_id = at_node AND n.epoch = at_epoch) THEN
    RAISE EXCEPTION 'node %: epoch % is no longer the newest', at_node, at_epoch
      USING ERRCODE = 'SK001';
  END IF;
  partitions := 0;
  workflows := 0;
  more := false;
  IF NOT pg_try_advisory_xact_lock(7597421936422) THEN
    RETURN;
  END IF;
  FOR span IN SELECT * FROM skald.partition p WHERE p.end_at <= before AND p.end_at <= now()
              ORDER BY p.first_at LOOP
    BEGIN
      IF skald.drop_span(span, before) = '' THEN
        partitions := 1;
        more := true;
        RETURN;
      END IF;
    EXCEPTION WHEN lock_not_available THEN
      RAISE WARNING 'partition % is in use; it is dropped later', span.suffix;
    END;
  END LOOP;
  SELECT skald.id_floor(least(before, coalesce(min(p.first_at), before))) INTO until_id
    FROM skald.partition p WHERE p.end_at > before;
  SELECT array_agg(o.id) INTO old FROM (
    SELECT w.id FROM skald.workflow w
    WHERE w.id < until_id AND w.ended_at < before AND NOT w.parked
      AND w.status NOT IN ('RUNNING', 'PAUSED') AND skald.needed_by(w.id) IS NULL
    ORDER BY w.id LIMIT count_max FOR UPDATE SKIP LOCKED) AS o;
  workflows := coalesce(array_length(old, 1), 0);
  IF workflows > 0 THEN
    PERFORM skald.remove_workflows(old);
  END IF;
  more := workflows = count_max;
END
$$;

-- One row per event, with the payloads that stand apart in their places.
CREATE OR REPLACE VIEW skald.history AS
SELECT h.workflow_id,
       h.first_seq + e.position - 1 AS seq,
       coalesce(skald.time_of((e.body ->> 'at')::bigint), h.at) AS at,
       e.body ->> 'type' AS event,
       CASE WHEN position('@":"'::bytea IN h.events) = 0 THEN e.body
       ELSE (SELECT json_object_agg(
                      CASE WHEN m.key LIKE '%@' THEN left(m.key, -1) ELSE m.key END,
                      CASE WHEN m.key LIKE '%@' THEN
                        (SELECT skald.readable_json(p.body) FROM skald.payload p
                         WHERE p.workflow_id = h.workflow_id
                           AND p.hash = decode(m.value #>> '{}', 'hex'))
                      ELSE m.value END ORDER BY m.place)
             FROM json_each(e.body) WITH ORDINALITY AS m (key, value, place))
       END AS body
FROM skald.history_row h
CROSS JOIN LATERAL json_array_elements(skald.readable_json(h.events))
  WITH ORDINALITY AS e (body, position);

CREATE OR REPLACE VIEW skald.workflows AS
SELECT w.id AS workflow_id, w.namespace, w.name, w.version, w.status,
       nullif(w.saga_status, 'NONE') AS saga_status,
       nullif(w.correlation_id, '') AS correlation_id,
       nullif(w.idempotency_key, '') AS idempotency_key,
       w.priority, w.started_at, w.updated_at, w.ended_at,
       nullif(w.reason, '') AS reason, w.parked, w.wake_at,
       (SELECT coalesce(e.body -> 'input',
                        (SELECT skald.readable_json(p.body) FROM skald.payload p
                         WHERE p.workflow_id = w.id
                           AND p.hash = decode(e.body ->> 'input@', 'hex')))
        FROM skald.history_row h
        CROSS JOIN LATERAL json_array_elements(skald.readable_json(h.events)) AS e (body)
        WHERE h.workflow_id = w.id AND h.first_seq = 1 AND e.body ->> 'type' = 'WorkflowStarted'
        LIMIT 1) AS input,
       (SELECT coalesce(e.body -> 'output',
                        (SELECT skald.readable_json(p.body) FROM skald.payload p
                         WHERE p.workflow_id = w.id
                           AND p.hash = decode(e.body ->> 'output@', 'hex')))
        FROM (SELECT h.events FROM skald.history_row h
              WHERE h.workflow_id = w.id AND w.ended_at IS NOT NULL
              ORDER BY h.first_seq DESC LIMIT 1) AS newest
        CROSS JOIN LATERAL json_array_elements(skald.readable_json(newest.events)) AS e (body)
        WHERE e.body ->> 'type' = 'WorkflowEnded'
        LIMIT 1) AS output,
       w.parent_id AS parent_workflow_id
FROM skald.workflow w;
