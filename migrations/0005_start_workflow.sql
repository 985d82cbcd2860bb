-- skald.start_workflow(): a start inside an application's own transaction. See docs/sql.md.
-- Lock impact: new functions only.

-- A UUID of version 7: 48 bits of milliseconds, then random bits.
CREATE FUNCTION skald.uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT encode(set_bit(set_bit(overlay(
           uuid_send(gen_random_uuid())
           PLACING substring(int8send(skald.microseconds(clock_timestamp()) / 1000) FROM 3)
           FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- Raises SK003 for a request that could never be carried out, SK002 without such a definition.
CREATE FUNCTION skald.check_start(
  name text, version integer, input jsonb, idempotency_key text, correlation_id text,
  namespace text, priority integer) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
  mistake text;
BEGIN
  mistake := CASE
    WHEN name IS NULL OR name = '' THEN 'name: a definition''s name expected'
    WHEN version IS NULL OR version < 0 THEN 'version: 0 (the newest) or more expected'
    WHEN jsonb_typeof(input) IS DISTINCT FROM 'object' THEN 'input: a JSON object expected'
    WHEN octet_length(input::text) > 1048576 THEN 'input: at most 1048576 bytes expected'
    WHEN octet_length(idempotency_key) > 255 THEN 'idempotency_key: at most 255 bytes expected'
    WHEN octet_length(correlation_id) > 255 THEN 'correlation_id: at most 255 bytes expected'
    WHEN namespace IS NULL OR namespace = '' THEN 'namespace: a name expected'
    WHEN priority IS NULL OR priority NOT BETWEEN 0 AND 99 THEN 'priority: 0 to 99 expected'
  END;
  IF mistake IS NOT NULL THEN
    RAISE EXCEPTION 'skald.start_workflow: %', mistake USING ERRCODE = 'SK003';
  END IF;
  PERFORM 1 FROM skald.definition d
    WHERE d.namespace = check_start.namespace AND d.name = check_start.name
      AND (check_start.version = 0 OR d.version = check_start.version);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'skald.start_workflow: no definition "%"% in namespace "%"', name,
      CASE WHEN version = 0 THEN '' ELSE ' version ' || version END, namespace
      USING ERRCODE = 'SK002', HINT = 'Register it with: skald definition register FILE';
  END IF;
END
$$;

-- Returns the id of the workflow that will run when the caller's transaction commits. The same
-- idempotency key gives the same id. Version 0 is the newest at the time of the start.
CREATE FUNCTION skald.start_workflow(
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
  INSERT INTO skald.start_request (id, namespace, name, version, input, correlation_id,
                                   idempotency_key, priority, traceparent)
    VALUES (workflow_id, start_workflow.namespace, start_workflow.name, start_workflow.version,
            start_workflow.input::text, coalesce(start_workflow.correlation_id, ''), wanted_key,
            start_workflow.priority, '')
    ON CONFLICT (id) DO NOTHING;
  PERFORM pg_notify('skald_start', '');
  RETURN workflow_id;
END
$$;

-- Who may use the schema may not thereby start workflows: GRANT EXECUTE to those who may.
REVOKE EXECUTE ON FUNCTION skald.start_workflow FROM PUBLIC;
