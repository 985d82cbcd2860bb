-- Views for people and dashboards; a supported interface, described in docs/sql.md.
-- Lock impact: new functions and views only.

-- Stored JSON as the database's functions can read it. JSON may hold \u0000 and halves of surrogate
-- pairs, which they refuse: here those read as U+FFFD. Bytes that are no JSON read as null. Not for
-- parallel plans, which allow no subtransactions.
CREATE FUNCTION skald.readable_json(stored bytea) RETURNS json
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE AS $$
DECLARE
  -- What stands before an escape that is one: an even number of backslashes.
  even CONSTANT text := '(?<!\\)((?:\\\\)*)';
  high CONSTANT text := '\\u[dD][89abAB][0-9a-fA-F]{2}';
  low CONSTANT text := '\\u[dD][c-fC-F][0-9a-fA-F]{2}';
  readable text;
BEGIN
  readable := convert_from(stored, 'UTF8');
  IF readable !~ '\\u(0000|[dD][89a-fA-F])' THEN
    RETURN readable::json;
  END IF;
  readable := regexp_replace(readable, even || '\\u0000', '\1\\ufffd', 'g');
  readable := regexp_replace(readable, even || high || '(?!' || low || ')', '\1\\ufffd', 'g');
  readable := regexp_replace(readable, '(?<!' || high || ')' || even || low, '\1\\ufffd', 'g');
  BEGIN
    PERFORM readable::jsonb;
  EXCEPTION WHEN untranslatable_character OR invalid_text_representation THEN
    -- A half behind something that only looks like its other half: all of them go.
    readable := regexp_replace(readable, '\\u(0000|[dD][89a-fA-F]..)', '\\ufffd', 'g');
  END;
  RETURN readable::json;
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character
            OR invalid_text_representation THEN
  RETURN NULL;
END
$$;

-- One row per event.
CREATE VIEW skald.history AS
SELECT h.workflow_id,
       h.first_seq + e.position - 1 AS seq,
       coalesce(skald.time_of((e.body ->> 'at')::bigint), h.at) AS at,
       e.body ->> 'type' AS event,
       e.body
FROM skald.history_row h
CROSS JOIN LATERAL json_array_elements(skald.readable_json(h.events))
  WITH ORDINALITY AS e (body, position);

-- One row per workflow. `input` and `output` are read from the first and the last row of the
-- history when they are asked for; not through functions, which would need the reader's own right
-- to it.
CREATE VIEW skald.workflows AS
SELECT w.id AS workflow_id, w.namespace, w.name, w.version, w.status,
       nullif(w.saga_status, 'NONE') AS saga_status,
       nullif(w.correlation_id, '') AS correlation_id,
       nullif(w.idempotency_key, '') AS idempotency_key,
       w.priority, w.started_at, w.updated_at, w.ended_at,
       nullif(w.reason, '') AS reason, w.parked, w.wake_at,
       (SELECT e.body -> 'input'
        FROM skald.history_row h
        CROSS JOIN LATERAL json_array_elements(skald.readable_json(h.events)) AS e (body)
        WHERE h.workflow_id = w.id AND h.first_seq = 1 AND e.body ->> 'type' = 'WorkflowStarted'
        LIMIT 1) AS input,
       (SELECT e.body -> 'output'
        FROM (SELECT h.events FROM skald.history_row h
              WHERE h.workflow_id = w.id AND w.ended_at IS NOT NULL
              ORDER BY h.first_seq DESC LIMIT 1) AS newest
        CROSS JOIN LATERAL json_array_elements(skald.readable_json(newest.events)) AS e (body)
        WHERE e.body ->> 'type' = 'WorkflowEnded'
        LIMIT 1) AS output
FROM skald.workflow w;

-- One row per task: one attempt of a step, of its undo or of its probe.
CREATE VIEW skald.tasks AS
WITH task_event AS (
  SELECT workflow_id, seq, at, event, body, (body ->> 'task')::integer AS task
  FROM skald.history
  WHERE event IN ('TaskScheduled', 'TaskStarted', 'TaskRequeued', 'TaskCompleted', 'TaskFailed',
                  'TaskTimedOut', 'TaskCanceled', 'TaskFailureAccepted')
), folded AS (
  SELECT workflow_id, task,
    (array_agg(body) FILTER (WHERE event = 'TaskScheduled'))[1] AS scheduled,
    (array_agg(body ORDER BY seq DESC) FILTER (WHERE event = 'TaskStarted'))[1] AS started,
    (array_agg(body) FILTER (WHERE event IN ('TaskCompleted', 'TaskFailed', 'TaskTimedOut',
                                             'TaskCanceled')))[1] AS ended,
    (array_agg(event ORDER BY seq DESC))[1] AS newest,
    (array_agg(event) FILTER (WHERE event IN ('TaskCompleted', 'TaskFailed', 'TaskTimedOut',
                                              'TaskCanceled')))[1] AS ending,
    min(at) FILTER (WHERE event = 'TaskScheduled') AS scheduled_at,
    max(at) FILTER (WHERE event = 'TaskStarted') AS started_at,
    min(at) FILTER (WHERE event IN ('TaskCompleted', 'TaskFailed', 'TaskTimedOut',
                                    'TaskCanceled')) AS ended_at
  FROM task_event GROUP BY workflow_id, task
)
SELECT workflow_id, task,
  (scheduled ->> 'run')::integer AS run,
  scheduled ->> 'ref' AS reference,
  scheduled ->> 'task_type' AS task_type,
  coalesce(scheduled ->> 'op', 'ACTION') AS operation,
  coalesce((scheduled ->> 'iteration')::integer, 0) AS iteration,
  coalesce((scheduled ->> 'generation')::integer, 1) AS generation,
  coalesce((scheduled ->> 'attempt')::integer, 1) AS attempt,
  CASE newest
    WHEN 'TaskScheduled' THEN 'SCHEDULED'
    WHEN 'TaskRequeued' THEN 'SCHEDULED'
    WHEN 'TaskStarted' THEN 'IN_PROGRESS'
    WHEN 'TaskCompleted' THEN 'COMPLETED'
    WHEN 'TaskFailed' THEN
      CASE WHEN ended ->> 'terminal' = 'true' THEN 'FAILED_WITH_TERMINAL_ERROR' ELSE 'FAILED' END
    WHEN 'TaskTimedOut' THEN 'TIMED_OUT'
    WHEN 'TaskCanceled' THEN 'CANCELED'
    WHEN 'TaskFailureAccepted' THEN 'COMPLETED_WITH_ERRORS'
  END AS status,
  CASE WHEN ending = 'TaskCompleted' THEN 'APPLIED' ELSE ended ->> 'effect' END AS effect,
  ended ->> 'verdict' AS verdict,
  started ->> 'worker' AS worker,
  scheduled_at, started_at, ended_at,
  ended ->> 'reason' AS reason,
  scheduled -> 'input' AS input,
  ended -> 'output' AS output
FROM folded;
