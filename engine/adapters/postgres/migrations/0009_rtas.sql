-- Real time: who publishes, what signs, channels and their events.

CREATE TABLE rtas_clients (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  name    text COLLATE "C",
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name)
);
CREATE TABLE signing_keys (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE rtas_channels (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  changed text COLLATE "C",
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX rtas_channels_by_change ON rtas_channels (tenant, changed);
CREATE INDEX rtas_channels_by_end ON rtas_channels (ends);
CREATE TABLE rtas_events (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  channel text COLLATE "C",
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX rtas_events_by_channel ON rtas_events (tenant, channel);
CREATE INDEX rtas_events_by_end ON rtas_events (ends);
