-- skald.start_workflow() takes task domains, and skald.workflows shows the input of a rerun.
-- Lock impact: ACCESS EXCLUSIVE on skald.start_request for a moment (a column with a constant
-- default) and on the view; the function is replaced by one with another parameter; its grants are
-- carried over.

ALTER TABLE skald.start_request ADD COLUMN task_to_domain text NOT NULL DEFAULT '';

-- Raises SK003 for what could never be meant.
CREATE FUNCTION skald.check_task_to_domain(task_to_domain jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
  mistake text;
BEGIN
  IF jsonb_typeof(task_to_domain) IS DISTINCT FROM 'object' THEN
    mistake := 'an object from task types to domains expected';
  ELSE
    SELECT CASE
        WHEN count(*) > 256 THEN 'at most 256 entries expected'
        WHEN bool_or(jsonb_typeof(value) <> 'string') THEN 'texts expected'
        WHEN bool_or(octet_length(key) > 255 OR octet_length(value #>> '{}') > 255)
          THEN 'at most 255 bytes expected of a name'
      END INTO mistake FROM jsonb_each(task_to_domain);
  END IF;
  IF mistake IS NOT NULL THEN
    RAISE EXCEPTION 'skald.start_workflow: task_to_domain: %', mistake USING ERRCODE = 'SK003';
  END IF;
END
$$;

CREATE TEMPORARY TABLE might_start ON COMMIT DROP AS
  SELECT pg_get_userbyid(entry.grantee) AS grantee, entry.is_grantable
  FROM pg_proc p, aclexplode(p.proacl) AS entry
  WHERE p.oid = 'skald.start_workflow'::regproc AND entry.grantee NOT IN (0, p.proowner);
DROP FUNCTION skald.start_workflow;

-- Returns the id of the workflow that will run when the caller's transaction commits. The same
-- idempotency key gives the same id, or SK004, as the strategy says. Version 0 is the newest at the
-- time of the start.
CREATE FUNCTION skald.start_workflow(
  name text, version integer DEFAULT 0, input jsonb DEFAULT '{}', idempotency_key text DEFAULT NULL,
  correlation_id text DEFAULT NULL, namespace text DEFAULT 'default', priority integer DEFAULT 0,
  idempotency_strategy text DEFAULT 'RETURN_EXISTING', task_to_domain jsonb DEFAULT '{}')
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  wanted_key CONSTANT text := coalesce(start_workflow.idempotency_key, '');
  strategy CONSTANT text := coalesce(start_workflow.idempotency_strategy, '');
  workflow_id uuid := skald.uuid_v7();
  holder uuid;
  held_status text;
  is_requested boolean;
BEGIN
  PERFORM skald.check_start(start_workflow.name, start_workflow.version, start_workflow.input,
    start_workflow.idempotency_key, start_workflow.correlation_id, start_workflow.namespace,
    start_workflow.priority);
  IF strategy NOT IN ('RETURN_EXISTING', 'FAIL', 'FAIL_ON_RUNNING') THEN
    RAISE EXCEPTION 'skald.start_workflow: idempotency_strategy: RETURN_EXISTING, FAIL or '
      'FAIL_ON_RUNNING expected' USING ERRCODE = 'SK003';
  END IF;
  PERFORM skald.check_task_to_domain(start_workflow.task_to_domain);
  IF wanted_key <> '' THEN
    INSERT INTO skald.idempotency_key (namespace, key, workflow_id, digest)
      VALUES (start_workflow.namespace, wanted_key, workflow_id, '')
      ON CONFLICT (namespace, key) DO NOTHING;
    IF strategy <> 'RETURN_EXISTING' THEN
      PERFORM 1 FROM skald.idempotency_key k
        WHERE k.namespace = start_workflow.namespace AND k.key = wanted_key FOR UPDATE;
    END IF;
    SELECT k.workflow_id INTO STRICT holder FROM skald.idempotency_key k
      WHERE k.namespace = start_workflow.namespace AND k.key = wanted_key;
    SELECT w.status INTO held_status FROM skald.workflow w WHERE w.id = holder;
    IF strategy = 'RETURN_EXISTING' THEN
      IF held_status IS NOT NULL THEN RETURN holder; END IF;
    ELSIF holder <> workflow_id THEN
      is_requested := EXISTS (SELECT 1 FROM skald.start_request r
                              WHERE r.id = holder AND r.refused_at IS NULL);
      IF is_requested OR held_status IN ('RUNNING', 'PAUSED')
         OR strategy = 'FAIL' AND held_status IS NOT NULL THEN
        RAISE EXCEPTION 'skald.start_workflow: idempotency_key "%" is that of workflow %',
          wanted_key, holder USING ERRCODE = 'SK004';
      END IF;
      IF held_status IS NOT NULL THEN holder := workflow_id; END IF;
      UPDATE skald.idempotency_key k SET workflow_id = holder, digest = ''
        WHERE k.namespace = start_workflow.namespace AND k.key = wanted_key;
    END IF;
    workflow_id := holder;
  END IF;
  INSERT INTO skald.start_request AS r (id, namespace, name, version, input, correlation_id,
                                        idempotency_key, priority, traceparent, task_to_domain)
    VALUES (workflow_id, start_workflow.namespace, start_workflow.name, start_workflow.version,
            start_workflow.input::text, coalesce(start_workflow.correlation_id, ''), wanted_key,
            start_workflow.priority, '',
            CASE WHEN start_workflow.task_to_domain = '{}' THEN ''
                 ELSE start_workflow.task_to_domain::text END)
    ON CONFLICT (id) DO UPDATE
      SET name = excluded.name, version = excluded.version, input = excluded.input,
          correlation_id = excluded.correlation_id, priority = excluded.priority,
          task_to_domain = excluded.task_to_domain,
          requested_at = excluded.requested_at, refused_at = NULL, refusal = ''
      WHERE r.refused_at IS NOT NULL;
  PERFORM pg_notify('skald_start', '');
  RETURN workflow_id;
END
$$;

-- Who may use the schema may not thereby start workflows: GRANT EXECUTE to those who may.
REVOKE EXECUTE ON FUNCTION skald.start_workflow FROM PUBLIC;
DO $$
DECLARE
  granted record;
BEGIN
  FOR granted IN SELECT * FROM might_start LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION skald.start_workflow TO %I%s', granted.grantee,
                   CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$$;

-- `input` is that of the newest rerun that brought one, else that of the start.
CREATE OR REPLACE VIEW skald.workflows AS
SELECT w.id AS workflow_id, w.namespace, w.name, w.version, w.status,
       nullif(w.saga_status, 'NONE') AS saga_status,
       nullif(w.correlation_id, '') AS correlation_id,
       nullif(w.idempotency_key, '') AS idempotency_key,
       w.priority, w.started_at, w.updated_at, w.ended_at,
       nullif(w.reason, '') AS reason, w.parked, w.wake_at,
       coalesce(
         -- Histories without a rerun are not taken apart.
         (SELECT r.body -> 'input' FROM skald.history r
          WHERE r.workflow_id = w.id AND r.event = 'WorkflowReopened'
            AND r.body -> 'input' IS NOT NULL
            AND EXISTS (SELECT FROM skald.history_row h
                        WHERE h.workflow_id = w.id
                          AND position('"type":"WorkflowReopened"'::bytea IN h.events) > 0)
          ORDER BY r.seq DESC LIMIT 1),
         (SELECT coalesce(e.body -> 'input',
                          (SELECT skald.readable_json(p.body) FROM skald.payload p
                           WHERE p.workflow_id = w.id
                             AND p.hash = decode(e.body ->> 'input@', 'hex')))
          FROM skald.history_row h
          CROSS JOIN LATERAL json_array_elements(skald.readable_json(h.events)) AS e (body)
          WHERE h.workflow_id = w.id AND h.first_seq = 1 AND e.body ->> 'type' = 'WorkflowStarted'
          LIMIT 1)) AS input,
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
