-- What external activities have handed over, to be done once it is committed.

CREATE TABLE outbox (
  tenant   TEXT    NOT NULL,
  id       TEXT    NOT NULL,
  version  INTEGER NOT NULL,
  instance TEXT,
  status   TEXT,
  due      INTEGER,            -- NULL: nothing is to be done about it, somebody has to look at it
  body     TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_by_time     ON outbox (due) WHERE due IS NOT NULL;
CREATE INDEX outbox_by_instance ON outbox (tenant, instance);
CREATE INDEX outbox_by_status   ON outbox (tenant, status);

-- Where programs are told what became of journeys, and what they are sure of it by.
CREATE TABLE webhooks (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  name    TEXT,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_by_name ON webhooks (tenant, name);

CREATE TABLE webhook_secrets (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
