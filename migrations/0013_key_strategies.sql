-- skald.start_workflow() takes an idempotency strategy. See docs/sql.md.
-- Lock impact: the function is replaced by one with another parameter; its grants are carried over.

CREATE TEMPORARY TABLE may_start ON COMMIT DROP AS
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
  idempotency_strategy text DEFAULT 'RETURN_EXISTING')
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

-- Who may use the schema may not thereby start workflows: GRANT EXECUTE to those who may.
REVOKE EXECUTE ON FUNCTION skald.start_workflow FROM PUBLIC;
DO $$
DECLARE
  granted record;
BEGIN
  FOR granted IN SELECT * FROM may_start LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION skald.start_workflow TO %I%s', granted.grantee,
                   CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$$;
