-- Workflows within workflows: whose child a workflow is, and which workflow carries a task out.
-- Lock impact: ACCESS EXCLUSIVE on skald.workflow for a moment (a column without a default, views);
-- then SHARE while the index looks through the rows there are, all of which it leaves out.

ALTER TABLE skald.workflow ADD COLUMN parent_id uuid;
CREATE INDEX workflow_parent ON skald.workflow (parent_id, started_at, id)
  WHERE parent_id IS NOT NULL;

CREATE OR REPLACE VIEW skald.workflows AS
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
        LIMIT 1) AS output,
       w.parent_id AS parent_workflow_id
FROM skald.workflow w;

-- One row per task: one attempt of a step, of its undo or of its probe. What evaluates the
-- condition of a loop is none.
CREATE OR REPLACE VIEW skald.tasks AS
WITH task_event AS (
  SELECT workflow_id, seq, at, event, body, (body ->> 'task')::integer AS task
  FROM skald.history
  WHERE event IN ('TaskScheduled', 'TaskStarted', 'TaskRequeued', 'TaskCompleted', 'TaskFailed',
                  'TaskTimedOut', 'TaskCanceled', 'TaskFailureAccepted', 'TaskHandedOver')
), folded AS (
  SELECT workflow_id, task,
    (array_agg(body) FILTER (WHERE event = 'TaskScheduled'))[1] AS scheduled,
    (array_agg(body ORDER BY seq DESC) FILTER (WHERE event = 'TaskStarted'))[1] AS started,
    (array_agg(body) FILTER (WHERE event IN ('TaskCompleted', 'TaskFailed', 'TaskTimedOut',
                                             'TaskCanceled')))[1] AS ended,
    (array_agg(event ORDER BY seq DESC))[1] AS newest,
    bool_or(body ->> 'permissive' = 'true') AS permitted,
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
    WHEN 'TaskHandedOver' THEN 'IN_PROGRESS'
    WHEN 'TaskCompleted' THEN 'COMPLETED'
    WHEN 'TaskFailed' THEN
      CASE WHEN ended ->> 'terminal' = 'true' THEN 'FAILED_WITH_TERMINAL_ERROR' ELSE 'FAILED' END
    WHEN 'TaskTimedOut' THEN 'TIMED_OUT'
    WHEN 'TaskCanceled' THEN 'CANCELED'
    WHEN 'TaskFailureAccepted' THEN
      CASE WHEN NOT coalesce(permitted, false) THEN 'COMPLETED_WITH_ERRORS'
           WHEN ending = 'TaskTimedOut' THEN 'TIMED_OUT'
           WHEN ending = 'TaskCanceled' THEN 'CANCELED'
           WHEN ended ->> 'terminal' = 'true' THEN 'FAILED_WITH_TERMINAL_ERROR'
           ELSE 'FAILED' END
  END AS status,
  CASE WHEN ending = 'TaskCompleted' THEN 'APPLIED' ELSE ended ->> 'effect' END AS effect,
  ended ->> 'verdict' AS verdict,
  started ->> 'worker' AS worker,
  scheduled_at, started_at, ended_at,
  ended ->> 'reason' AS reason,
  coalesce(ended -> 'input', scheduled -> 'input') AS input,
  ended -> 'output' AS output,
  (started ->> 'child')::uuid AS child_workflow_id
FROM folded
WHERE scheduled ->> 'op' IS DISTINCT FROM 'EVALUATE';
