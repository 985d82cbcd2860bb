-- Definitions, task definitions, pinned forms, and the number that tells that they changed.
-- Lock impact: new tables only.

CREATE TABLE skald.definition (
  namespace text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  source text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, name, version)
);

CREATE TABLE skald.task_definition (
  namespace text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  source text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, name)
);

-- A definition with its task definitions embedded, once per content. Never changed.
CREATE TABLE skald.pinned_definition (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  content_hash bytea NOT NULL UNIQUE,     -- SHA-256 of body
  body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- One row. Grows with every change to the two tables above it, whoever makes it.
CREATE TABLE skald.catalog_generation (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  value bigint NOT NULL
);
INSERT INTO skald.catalog_generation (value) VALUES (1);

CREATE FUNCTION skald.raise_catalog_generation() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  new_value bigint;
BEGIN
  UPDATE skald.catalog_generation SET value = value + 1 RETURNING value INTO new_value;
  PERFORM pg_notify('skald_catalog', new_value::text);
  RETURN NULL;
END
$$;

CREATE TRIGGER definition_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
  ON skald.definition EXECUTE FUNCTION skald.raise_catalog_generation();
CREATE TRIGGER task_definition_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
  ON skald.task_definition EXECUTE FUNCTION skald.raise_catalog_generation();
