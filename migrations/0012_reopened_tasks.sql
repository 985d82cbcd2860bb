-- Tasks of workflows that went on after their end (WorkflowReopened), and steps that were skipped.
-- Lock impact: ACCESS EXCLUSIVE on the view skald.tasks for a moment.

-- One row per task: one attempt of a step, of its undo or of its probe. What evaluates the
-- condition of a loop is none. `taken_back`: a restart or a rerun begins the step again since.
CREATE OR REPLACE VIEW skald.tasks AS
WITH task_event AS (
  SELECT workflow_id, seq, at, event, body, (body ->> 'task')::integer AS task
  FROM skald.history
  WHERE event IN ('TaskScheduled', 'TaskStarted', 'TaskRequeued', 'TaskCompleted', 'TaskFailed',
                  'TaskTimedOut', 'TaskCanceled', 'TaskFailureAccepted', 'TaskHandedOver',
                  'TaskSkipped')
), folded AS (
  SELECT workflow_id, task,
    (array_agg(body) FILTER (WHERE event = 'TaskScheduled'))[1] AS scheduled,
    (array_agg(body ORDER BY seq DESC) FILTER (WHERE event = 'TaskStarted'))[1] AS started,
    (array_agg(body ORDER BY seq DESC)
       FILTER (WHERE event IN ('TaskCompleted', 'TaskFailed', 'TaskTimedOut', 'TaskCanceled',
                               'TaskSkipped')))[1] AS ended,
    (array_agg(event ORDER BY seq DESC))[1] AS newest,
    max(seq) AS newest_seq,
    bool_or(body ->> 'permissive' = 'true') AS permitted,
    (array_agg(event ORDER BY seq DESC)
       FILTER (WHERE event IN ('TaskCompleted', 'TaskFailed', 'TaskTimedOut', 'TaskCanceled',
                               'TaskSkipped')))[1] AS ending,
    min(at) FILTER (WHERE event = 'TaskScheduled') AS scheduled_at,
    max(at) FILTER (WHERE event = 'TaskStarted') AS started_at,
    max(at) FILTER (WHERE event IN ('TaskCompleted', 'TaskFailed', 'TaskTimedOut', 'TaskCanceled',
                                    'TaskSkipped')) AS ended_at
  FROM task_event GROUP BY workflow_id, task
), named AS (
  SELECT h.workflow_id, listed.run,
    max(h.seq) FILTER (WHERE listed.dropped) AS dropped_seq,
    max(h.seq) FILTER (WHERE NOT listed.dropped) AS resumed_seq
  FROM skald.history h
  CROSS JOIN LATERAL (
    SELECT value::integer AS run, true AS dropped
    FROM json_array_elements_text(coalesce(h.body -> 'dropped', '[]'))
    UNION ALL
    SELECT value::integer, false
    FROM json_array_elements_text(coalesce(h.body -> 'resumed', '[]'))
  ) AS listed
  WHERE h.event = 'WorkflowReopened'
  GROUP BY h.workflow_id, listed.run
), begun AS (
  SELECT workflow_id, max(seq) AS seq
  FROM skald.history
  WHERE event = 'WorkflowReopened' AND body ->> 'anew' = 'true'
  GROUP BY workflow_id
), placed AS (
  SELECT folded.*, (folded.scheduled ->> 'run')::integer AS run,
    coalesce(named.dropped_seq > folded.newest_seq, false)
      OR coalesce(begun.seq > folded.newest_seq, false) AS taken_back,
    -- Of a run that goes on where it stood its newest attempt does.
    coalesce(named.resumed_seq > folded.newest_seq, false)
      AND folded.task = max(folded.task) OVER (
        PARTITION BY folded.workflow_id, folded.scheduled ->> 'run',
                     coalesce(folded.scheduled ->> 'op', 'ACTION')) AS resumed
  FROM folded
  LEFT JOIN named ON named.workflow_id = folded.workflow_id
                 AND named.run = (folded.scheduled ->> 'run')::integer
                 AND coalesce(folded.scheduled ->> 'op', 'ACTION') = 'ACTION'
  LEFT JOIN begun ON begun.workflow_id = folded.workflow_id
)
SELECT workflow_id, task, run,
  scheduled ->> 'ref' AS reference,
  scheduled ->> 'task_type' AS task_type,
  coalesce(scheduled ->> 'op', 'ACTION') AS operation,
  coalesce((scheduled ->> 'iteration')::integer, 0) AS iteration,
  coalesce((scheduled ->> 'generation')::integer, 1) AS generation,
  coalesce((scheduled ->> 'attempt')::integer, 1) AS attempt,
  CASE
    WHEN resumed THEN 'IN_PROGRESS'
    WHEN newest IN ('TaskScheduled', 'TaskRequeued') THEN 'SCHEDULED'
    WHEN newest IN ('TaskStarted', 'TaskHandedOver') THEN 'IN_PROGRESS'
    WHEN newest = 'TaskCompleted' THEN 'COMPLETED'
    WHEN newest = 'TaskSkipped' THEN 'SKIPPED'
    WHEN newest = 'TaskFailed' THEN
      CASE WHEN ended ->> 'terminal' = 'true' THEN 'FAILED_WITH_TERMINAL_ERROR' ELSE 'FAILED' END
    WHEN newest = 'TaskTimedOut' THEN 'TIMED_OUT'
    WHEN newest = 'TaskCanceled' THEN 'CANCELED'
    WHEN newest = 'TaskFailureAccepted' THEN
      CASE WHEN NOT coalesce(permitted, false) THEN 'COMPLETED_WITH_ERRORS'
           WHEN ending = 'TaskTimedOut' THEN 'TIMED_OUT'
           WHEN ending = 'TaskCanceled' THEN 'CANCELED'
           WHEN ended ->> 'terminal' = 'true' THEN 'FAILED_WITH_TERMINAL_ERROR'
           ELSE 'FAILED' END
  END AS status,
  CASE WHEN resumed THEN NULL
       WHEN ending = 'TaskCompleted' THEN 'APPLIED'
       WHEN ending = 'TaskSkipped' THEN 'NONE'
       ELSE ended ->> 'effect' END AS effect,
  CASE WHEN NOT resumed THEN ended ->> 'verdict' END AS verdict,
  started ->> 'worker' AS worker,
  scheduled_at, started_at,
  CASE WHEN NOT resumed THEN ended_at END AS ended_at,
  CASE WHEN NOT resumed THEN ended ->> 'reason' END AS reason,
  coalesce(ended -> 'input', scheduled -> 'input') AS input,
  CASE WHEN NOT resumed THEN ended -> 'output' END AS output,
  (started ->> 'child')::uuid AS child_workflow_id,
  taken_back
FROM placed
WHERE scheduled ->> 'op' IS DISTINCT FROM 'EVALUATE';
