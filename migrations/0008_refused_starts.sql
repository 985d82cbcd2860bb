-- Starts asked for in SQL that can never be carried out are kept aside with the reason.
-- Lock impact: ACCESS EXCLUSIVE on start_request, without rewriting it; functions and a view.

ALTER TABLE skald.start_request
  ADD COLUMN refused_at timestamptz,
  ADD COLUMN refusal text NOT NULL DEFAULT '';
CREATE INDEX start_request_refused ON skald.start_request (refused_at)
  WHERE refused_at IS NOT NULL;

-- The 10 000 newest refused requests are kept. Nothing happens where there is no such request.
CREATE FUNCTION skald.refuse_start(workflow_id uuid, reason text) RETURNS void
LANGUAGE sql VOLATILE AS $$
  UPDATE skald.start_request SET refused_at = clock_timestamp(), refusal = reason
    WHERE id = workflow_id AND refused_at IS NULL;
  DELETE FROM skald.start_request WHERE id IN (
    SELECT r.id FROM skald.start_request r WHERE r.refused_at IS NOT NULL
    ORDER BY r.refused_at DESC OFFSET 10000);
$$;

-- A supported interface, described in docs/sql.md.
CREATE VIEW skald.refused_starts AS
SELECT id AS workflow_id, namespace, name, version, input,
       nullif(correlation_id, '') AS correlation_id,
       nullif(idempotency_key, '') AS idempotency_key,
       priority, requested_at, refused_at, refusal AS reason
FROM skald.start_request
WHERE refused_at IS NOT NULL;

-- As before, and: a call with the key of a refused request asks anew, for what it says itself.
CREATE OR REPLACE FUNCTION skald.start_workflow(
  name text, version integer DEFAULT 0, input jsonb DEFAULT '{}', idempotency_key text DEFAULT NULL,
  correlation_id text DEFAULT NULL, namespace text DEFAULT 'default', priority integer DEFAULT 0)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  wanted_key CONSTANT text := coalesce(start_workflow.idempotency_key, '');
  workflow_id uuid := skald.uuid_v7();
BEGIN
  PERFORM skald.check_start(start_workflow.name, start_workflow.version, start_workflow.input,
    start_workflow.idempotency_key, start_workflow.correlation_id, start_workflow.namespace,
    start_workflow.priority);
  IF wanted_key <> '' THEN
    INSERT INTO skald.idempotency_key (namespace, key, workflow_id, digest)
      VALUES (start_workflow.namespace, wanted_key, workflow_id, '')
      ON CONFLICT (namespace, key) DO NOTHING;
    SELECT k.workflow_id INTO STRICT workflow_id FROM skald.idempotency_key k
      WHERE k.namespace = start_workflow.namespace AND k.key = wanted_key;
    IF EXISTS (SELECT 1 FROM skald.workflow w WHERE w.id = workflow_id) THEN
      RETURN workflow_id;
    END IF;
  END IF;
  INSERT INTO skald.start_request AS r (id, namespace, name, version, input, correlation_id,
                                        idempotency_key, priority, traceparent)
    VALUES (workflow_id, start_workflow.namespace, start_workflow.name, start_workflow.version,
            start_workflow.input::text, coalesce(start_workflow.correlation_id, ''), wanted_key,
            start_workflow.priority, '')
    ON CONFLICT (id) DO UPDATE
      SET name = excluded.name, version = excluded.version, input = excluded.input,
          correlation_id = excluded.correlation_id, priority = excluded.priority,
          requested_at = excluded.requested_at, refused_at = NULL, refusal = ''
      WHERE r.refused_at IS NOT NULL;
  PERFORM pg_notify('skald_start', '');
  RETURN workflow_id;
END
$$;

-- As before, and: a refused request does not keep its partition, and goes with it.
CREATE OR REPLACE FUNCTION skald.drop_partitions(before timestamptz)
RETURNS TABLE (suffix text, dropped boolean, reason text)
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  span skald.partition;
  unfinished bigint;
BEGIN
  LOCK TABLE skald.partition IN EXCLUSIVE MODE;
  FOR span IN SELECT * FROM skald.partition p WHERE p.end_at <= before AND p.end_at <= now()
              ORDER BY p.first_at LOOP
    EXECUTE format('LOCK TABLE skald.workflow_%s IN ACCESS EXCLUSIVE MODE', span.suffix);
    EXECUTE format('SELECT count(*) FROM skald.workflow_%s WHERE status IN (''RUNNING'', '
                   '''PAUSED'')', span.suffix) INTO unfinished;
    unfinished := unfinished + (SELECT count(*) FROM skald.start_request r
      WHERE r.refused_at IS NULL
        AND r.id >= skald.id_floor(span.first_at) AND r.id < skald.id_floor(span.end_at));
    suffix := span.suffix;
    dropped := unfinished = 0;
    reason := CASE WHEN unfinished = 0 THEN '' ELSE unfinished || ' unfinished workflows' END;
    IF dropped THEN
      EXECUTE format('DROP TABLE skald.workflow_%s, skald.history_row_%s',
                     span.suffix, span.suffix);
      DELETE FROM skald.idempotency_key k
        WHERE k.workflow_id >= skald.id_floor(span.first_at)
          AND k.workflow_id < skald.id_floor(span.end_at);
      DELETE FROM skald.task_log l
        WHERE l.workflow_id >= skald.id_floor(span.first_at)
          AND l.workflow_id < skald.id_floor(span.end_at);
      DELETE FROM skald.start_request r
        WHERE r.id >= skald.id_floor(span.first_at) AND r.id < skald.id_floor(span.end_at);
      DELETE FROM skald.partition p WHERE p.suffix = span.suffix;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
