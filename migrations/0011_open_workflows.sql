-- Workflows that wait for something without a time can be counted without looking at those that
-- have ended.
-- Lock impact: SHARE on skald.workflow and its partitions while the index looks through the rows
-- there are.

CREATE INDEX workflow_asleep ON skald.workflow (id) WHERE parked AND wake_at IS NULL;
