-- Partitions by span of time: made ahead, dropped by retention.
-- Lock impact: new functions, one new table; then one partition each of skald.workflow and
-- skald.history_row, empty.

-- The spans that have partitions, both tables alike: ids with a time in [first_at, end_at).
CREATE TABLE skald.partition (
  suffix text PRIMARY KEY,
  first_at timestamptz NOT NULL UNIQUE,
  end_at timestamptz NOT NULL CHECK (end_at > first_at)
);

-- The smallest id of that millisecond.
CREATE FUNCTION skald.id_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes partitions until `until` is covered, each `width` wide, from the last one's end on or, if
-- there is none, from `width` before now. Returns how many it made. Waits at most 2 s for a lock:
-- a long query on the tables makes it fail (55P03) rather than stop the commits behind it; there
-- is time, the partitions are needed weeks later. A span whose ids lie in the default partition
-- already stays there.
CREATE FUNCTION skald.ensure_partitions(until timestamptz, width interval) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
  span_first timestamptz;
  span_end timestamptz;
  span_suffix text;
  made integer := 0;
BEGIN
  IF width < interval '1 hour' THEN
    RAISE EXCEPTION 'partitions of % are too narrow: at least 1 hour', width;
  END IF;
  LOCK TABLE skald.partition IN EXCLUSIVE MODE;
  SELECT coalesce(max(end_at), date_trunc('day', now() - width)) INTO span_first
    FROM skald.partition;
  WHILE span_first < until LOOP
    span_end := span_first + width;
    span_suffix := to_char(span_first, '"p"YYYYMMDDHH24');
    BEGIN
      EXECUTE format('CREATE TABLE skald.workflow_%s PARTITION OF skald.workflow '
                     'FOR VALUES FROM (%L) TO (%L)',
                     span_suffix, skald.id_floor(span_first), skald.id_floor(span_end));
      EXECUTE format('CREATE TABLE skald.history_row_%s PARTITION OF skald.history_row '
                     'FOR VALUES FROM (%L) TO (%L)',
                     span_suffix, skald.id_floor(span_first), skald.id_floor(span_end));
      INSERT INTO skald.partition VALUES (span_suffix, span_first, span_end);
      made := made + 1;
    EXCEPTION WHEN check_violation THEN
      RAISE WARNING 'partition %: its ids are in the default partition already', span_suffix;
    END;
    span_first := span_end;
  END LOOP;
  RETURN made;
END
$$;

-- Retention: drops the partitions that end at or before `before`, history and workflows and what
-- belongs to them. A partition with a workflow that has not ended is kept, and so is the newest.
-- One row per partition looked at. Waits at most 2 s for a lock, as above.
CREATE FUNCTION skald.drop_partitions(before timestamptz)
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
      WHERE r.id >= skald.id_floor(span.first_at) AND r.id < skald.id_floor(span.end_at));
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
      DELETE FROM skald.partition p WHERE p.suffix = span.suffix;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;

SELECT skald.ensure_partitions(now() + interval '4 weeks', interval '1 week');
