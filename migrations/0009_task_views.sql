-- The view of tasks knows of steps that wait for the outside, permissive steps and loops.
-- Lock impact: the view only.

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
  ended -> 'output' AS output
FROM folded
WHERE scheduled ->> 'op' IS DISTINCT FROM 'EVALUATE';
