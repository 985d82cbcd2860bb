-- Lines that workers write about their tasks.
-- Lock impact: new table only.

CREATE TABLE skald.task_log (
  workflow_id uuid NOT NULL,
  task integer NOT NULL,
  line bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  message bytea NOT NULL,                 -- as the worker sent it; UTF-8 unless the worker erred
  PRIMARY KEY (workflow_id, task, line)
);
