-- What instances and audit rows are looked for by.

ALTER TABLE audit ADD COLUMN actor TEXT;
UPDATE audit SET actor = json_extract(body, '$.actor');
CREATE INDEX audit_by_actor ON audit (tenant, actor, at);

ALTER TABLE instances ADD COLUMN created INTEGER; -- NULL: made before this was kept, and over by now
ALTER TABLE instances ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
UPDATE instances SET  -- a state lacks its first brace, behind which tenant and id would stand
  created = CAST(round((julianday(json_extract('{' || CAST(state AS TEXT), '$.created_at'))
    - 2440587.5) * 86400000) AS INTEGER) * 1000,
  held = json_extract('{' || CAST(state AS TEXT), '$.incident') IS NOT NULL
WHERE substr(state, 1, 2) <> x'1f8b';
CREATE INDEX instances_by_creation ON instances (tenant, created);
CREATE INDEX instances_held ON instances (tenant, id) WHERE held = 1;

-- What a token carried, of instances that are made from now on: short texts.
CREATE TABLE instance_parameters (
  tenant   TEXT NOT NULL,
  name     TEXT NOT NULL,
  value    TEXT NOT NULL,
  instance TEXT NOT NULL,
  PRIMARY KEY (tenant, value, name, instance)
) STRICT, WITHOUT ROWID;
CREATE INDEX instance_parameters_by_instance ON instance_parameters (tenant, instance);
