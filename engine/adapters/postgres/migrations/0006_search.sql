-- What instances and audit rows are looked for by.

ALTER TABLE audit ADD COLUMN actor text COLLATE "C";
UPDATE audit SET actor = body::json ->> 'actor';
CREATE INDEX audit_by_actor ON audit (tenant, actor, at, id);

-- Created NULL: made before this was kept, and over by now. No index on held, which changes: updates
-- stay in their page.
ALTER TABLE instances ADD COLUMN created bigint;
ALTER TABLE instances ADD COLUMN held boolean NOT NULL DEFAULT false;
UPDATE instances SET  -- a state lacks its first brace, behind which tenant and id would stand
  created = (extract(epoch FROM
    (('{' || convert_from(state, 'UTF8'))::json ->> 'created_at')::timestamptz) * 1000000)::bigint,
  held = ('{' || convert_from(state, 'UTF8'))::json ->> 'incident' IS NOT NULL
WHERE substring(state FROM 1 FOR 2) <> '\x1f8b'::bytea;
CREATE INDEX instances_by_creation ON instances (tenant, created);

-- What a token carried, of instances that are made from now on: short texts.
CREATE TABLE instance_parameters (
  tenant   text COLLATE "C" NOT NULL,
  name     text COLLATE "C" NOT NULL,
  value    text COLLATE "C" NOT NULL,
  instance text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, value, name, instance)
);
CREATE INDEX instance_parameters_by_instance ON instance_parameters (tenant, instance);
