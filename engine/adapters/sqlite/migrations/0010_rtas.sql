-- Real time: who publishes, what signs, channels and their events.

CREATE TABLE rtas_clients (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  name    TEXT,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE signing_keys (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE rtas_channels (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  changed TEXT,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rtas_channels_by_change ON rtas_channels (tenant, changed);
CREATE INDEX rtas_channels_by_end ON rtas_channels (ends);
CREATE TABLE rtas_events (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  channel TEXT,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rtas_events_by_channel ON rtas_events (tenant, channel);
CREATE INDEX rtas_events_by_end ON rtas_events (ends);
