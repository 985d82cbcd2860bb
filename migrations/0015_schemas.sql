-- Schemas of inputs and outputs, which definitions name instead of holding them.
-- Lock impact: a new table only.

CREATE TABLE skald.schema_definition (
  namespace text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  source text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, name, version)
);

CREATE TRIGGER schema_definition_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
  ON skald.schema_definition EXECUTE FUNCTION skald.raise_catalog_generation();
