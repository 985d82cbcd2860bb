-- Nodes, their leases, and who owns which slots.
-- Lock impact: new functions and tables only.

-- Microseconds since 1970, which is how the engine counts; null for null.
CREATE FUNCTION skald.microseconds(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (extract(epoch FROM at) * 1000000)::bigint
$$;

-- And back. Null for null and for 0, which is how events say "none".
CREATE FUNCTION skald.time_of(microseconds bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT timestamptz 'epoch' + nullif(microseconds, 0) * interval '1 microsecond'
$$;

-- The fence. Every commit locks its node's row FOR SHARE and compares the epoch; raising the epoch
-- therefore waits for the commits in flight and refuses all later ones. Nothing else writes here.
CREATE TABLE skald.node (
  node_id text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL CHECK (epoch > 0)
);

-- Leases apart from the fence, so that a renewal and a commit do not wait for one another.
CREATE TABLE skald.node_lease (
  node_id text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- A shard is a range of slots; a slot is the low 16 bits of a workflow's id.
CREATE TABLE skald.shard (
  shard_id integer PRIMARY KEY,
  first_slot integer NOT NULL CHECK (first_slot BETWEEN 0 AND 65535),
  last_slot integer NOT NULL CHECK (last_slot BETWEEN first_slot AND 65535),
  node_id text COLLATE "C",
  epoch bigint,
  CHECK ((node_id IS NULL) = (epoch IS NULL))
);

INSERT INTO skald.shard (shard_id, first_slot, last_slot)
SELECT i, i * 4096, i * 4096 + 4095 FROM generate_series(0, 15) AS i;

-- Raises SK001 unless `epoch` is the newest of the node.
CREATE FUNCTION skald.check_fence(checked_node text, checked_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM skald.node WHERE node_id = checked_node AND epoch = checked_epoch FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'node %: epoch % is no longer the newest', checked_node, checked_epoch
      USING ERRCODE = 'SK001';
  END IF;
END
$$;

-- Makes the caller the newest epoch of the node and gives it a lease.
CREATE FUNCTION skald.acquire_node(wanted_node text, lease interval)
RETURNS TABLE (epoch bigint, expires_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  new_epoch bigint;
BEGIN
  INSERT INTO skald.node AS n VALUES (wanted_node, 1)
    ON CONFLICT (node_id) DO UPDATE SET epoch = n.epoch + 1
    RETURNING n.epoch INTO new_epoch;
  RETURN QUERY
    INSERT INTO skald.node_lease AS l VALUES (wanted_node, new_epoch, clock_timestamp() + lease)
    ON CONFLICT (node_id) DO UPDATE SET epoch = excluded.epoch, expires_at = excluded.expires_at
    RETURNING l.epoch, l.expires_at;
END
$$;

-- Raises SK001 when the lease was taken away: by a newer epoch, or by a node that took the shards.
CREATE FUNCTION skald.renew_node(renewed_node text, renewed_epoch bigint, lease interval)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
  new_expiry timestamptz;
BEGIN
  UPDATE skald.node_lease SET expires_at = clock_timestamp() + lease
    WHERE node_id = renewed_node AND epoch = renewed_epoch
    RETURNING expires_at INTO new_expiry;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'node %: the lease of epoch % is gone', renewed_node, renewed_epoch
      USING ERRCODE = 'SK001';
  END IF;
  RETURN new_expiry;
END
$$;

-- Takes all shards whose owner is nobody, dead or an earlier epoch of the caller. A dead owner is
-- fenced first. The shards are locked before anything else: of two takers one waits with empty
-- hands, so they cannot wait for one another.
CREATE FUNCTION skald.take_shards(taking_node text, taking_epoch bigint)
RETURNS TABLE (shard_id integer, first_slot integer, last_slot integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  dead text[];
BEGIN
  PERFORM 1 FROM skald.shard s ORDER BY s.shard_id FOR UPDATE;
  PERFORM skald.check_fence(taking_node, taking_epoch);
  WITH expired AS (
    DELETE FROM skald.node_lease l
    WHERE l.node_id <> taking_node AND l.expires_at < clock_timestamp()
      AND l.node_id IN (SELECT s.node_id FROM skald.shard s)
    RETURNING l.node_id
  )
  SELECT coalesce(array_agg(node_id), '{}') INTO dead FROM expired;
  UPDATE skald.node n SET epoch = n.epoch + 1 WHERE n.node_id = ANY (dead);
  UPDATE skald.shard s SET node_id = taking_node, epoch = taking_epoch
    WHERE s.node_id IS NULL OR s.node_id = taking_node OR s.node_id = ANY (dead)
      OR NOT EXISTS (SELECT 1 FROM skald.node_lease l WHERE l.node_id = s.node_id);
  RETURN QUERY
    SELECT s.shard_id, s.first_slot, s.last_slot FROM skald.shard s
    WHERE s.node_id = taking_node ORDER BY s.shard_id;
END
$$;

-- Gives lease and shards back and ends the epoch.
CREATE FUNCTION skald.release_node(released_node text, released_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM skald.shard ORDER BY shard_id FOR UPDATE;
  UPDATE skald.node SET epoch = epoch + 1
    WHERE node_id = released_node AND epoch = released_epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'node %: epoch % is no longer the newest', released_node, released_epoch
      USING ERRCODE = 'SK001';
  END IF;
  DELETE FROM skald.node_lease WHERE node_id = released_node;
  UPDATE skald.shard SET node_id = NULL, epoch = NULL WHERE node_id = released_node;
END
$$;
