-- The first schema. Tenant in every table and key; times are microseconds since 1970 in UTC.
-- Keys are compared byte by byte ("C"), whatever language the database speaks.

-- Ids made later sort later: the newest first needs no column of its own.
-- No index on what a hop changes, and room in the page for the next version: updates stay in their
-- page and touch no index. What time moves has a row in `waits`. States are not packed by the
-- server: the small ones are not worth it, and the finished ones are gzip.
CREATE TABLE instances (
  tenant    text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL,
  revision  bigint NOT NULL,
  process   text   NOT NULL,
  status    text   NOT NULL,
  state     bytea  NOT NULL,   -- JSON without tenant and id; gzip once it is over
  PRIMARY KEY (tenant, id)
) WITH (fillfactor = 50, toast_tuple_target = 4080);
ALTER TABLE instances ALTER COLUMN state SET STORAGE EXTERNAL;

-- Where an instance stands still and when time moves it, written and removed in its own commit.
CREATE TABLE waits (
  tenant    text COLLATE "C" NOT NULL,
  instance  text COLLATE "C" NOT NULL,
  node      text,               -- NULL: nothing is waited for, only the deadline counts
  visit     bigint,
  wakes     bigint,             -- NULL: an operator holds it, no time moves it
  PRIMARY KEY (tenant, instance)
) WITH (fillfactor = 80);
CREATE INDEX waits_by_time ON waits (wakes, tenant, instance) WHERE wakes IS NOT NULL;

-- Until when an instance that is over is kept.
CREATE TABLE retention (
  tenant     text COLLATE "C" NOT NULL,
  instance   text COLLATE "C" NOT NULL,
  kept_until bigint NOT NULL,
  PRIMARY KEY (tenant, instance)
);
CREATE INDEX retention_by_time ON retention (kept_until);

-- One row per hop: its id, and the journal rows it appended.
CREATE TABLE hops (
  tenant    text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL,
  instance  text COLLATE "C" NOT NULL,
  revision  bigint NOT NULL,
  rows      bytea  NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, instance, revision)
);
ALTER TABLE hops ALTER COLUMN rows SET STORAGE EXTERNAL;

-- Who verifies a step at the moment, and whether that account was charged for it.
CREATE TABLE claims (
  tenant    text COLLATE "C" NOT NULL,
  instance  text COLLATE "C" NOT NULL,
  revision  bigint  NOT NULL,
  owner     text    NOT NULL,
  account   text    NOT NULL,
  charged   boolean NOT NULL,
  until     bigint  NOT NULL,
  PRIMARY KEY (tenant, instance)
) WITH (fillfactor = 80);

-- The ledger: failed tries since the last success.
CREATE TABLE attempts (
  tenant      text COLLATE "C" NOT NULL,
  account     text COLLATE "C" NOT NULL,
  failures    bigint  NOT NULL,
  waits_until bigint,
  last_at     bigint  NOT NULL,
  disabled    boolean NOT NULL,
  PRIMARY KEY (tenant, account)
) WITH (fillfactor = 80);

CREATE TABLE audit (
  tenant    text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL,
  at        bigint NOT NULL,
  subject   text COLLATE "C" NOT NULL,
  action    text COLLATE "C" NOT NULL,
  body      text NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX audit_by_time    ON audit (tenant, at, id);
CREATE INDEX audit_by_subject ON audit (tenant, subject, at, id);
CREATE INDEX audit_by_action  ON audit (tenant, action, at, id);

-- Records: one table per kind; besides the body the texts that are unique, and those rows are listed by.
CREATE TABLE deployments (
  tenant     text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  by_version text COLLATE "C",
  process    text COLLATE "C",
  number     bigint NOT NULL,  -- the version of the process: the newest is looked for
  body       text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_version)
);
CREATE INDEX deployments_by_process ON deployments (tenant, process, number);

CREATE TABLE identity_stores (
  tenant     text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  body       text   NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE passcode_policies (
  tenant     text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  store      text COLLATE "C",
  body       text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX passcode_policies_by_store ON passcode_policies (tenant, store);

CREATE TABLE users (
  tenant     text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  by_ext_id  text COLLATE "C",
  store      text COLLATE "C",
  body       text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_ext_id)
) WITH (fillfactor = 80);
CREATE INDEX users_by_store ON users (tenant, store);

CREATE TABLE passcodes (
  tenant     text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  by_use     text COLLATE "C",
  "user"     text COLLATE "C",
  body       text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_use)
) WITH (fillfactor = 80);
CREATE INDEX passcodes_by_user ON passcodes (tenant, "user");

-- A use changes counter and version here and leaves the body alone: whoever reads takes the columns.
CREATE TABLE process_tokens (
  tenant      text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL,
  version     bigint NOT NULL,
  secret_hash text COLLATE "C",
  name        text COLLATE "C",
  process     text COLLATE "C",
  status      text   NOT NULL,
  opens       bigint,
  closes      bigint,
  uses        bigint,             -- how many are allowed; NULL: any number
  counter     bigint NOT NULL,
  body        text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, secret_hash),
  UNIQUE (tenant, name)
) WITH (fillfactor = 50);
CREATE INDEX process_tokens_by_process ON process_tokens (tenant, process);

CREATE TABLE sessions (
  tenant     text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  begin      text COLLATE "C",
  instance   text COLLATE "C",
  body       text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, begin)
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_instance ON sessions (tenant, instance);

CREATE TABLE tombstones (
  tenant     text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  process    text,
  body       text NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX tombstones_by_process ON tombstones (tenant, process, id);
