-- The first schema. Tenant in every table and key; times are microseconds since 1970 in UTC.

-- Ids made later sort later: the newest first needs no column of its own.
CREATE TABLE instances (
  tenant    TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  revision  INTEGER NOT NULL,
  process   TEXT    NOT NULL,
  status    TEXT    NOT NULL,
  deadline  INTEGER,            -- NULL once the instance is over or held: nothing of it is due then
  state     BLOB    NOT NULL,   -- JSON without tenant and id; gzip once it is over
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX instances_by_deadline ON instances (deadline) WHERE deadline IS NOT NULL;

-- Where an instance stands still, written and removed in its own commit.
CREATE TABLE waits (
  tenant    TEXT    NOT NULL,
  instance  TEXT    NOT NULL,
  node      TEXT    NOT NULL,
  visit     INTEGER NOT NULL,
  due       INTEGER,
  expires   INTEGER,
  wakes     INTEGER AS (min(ifnull(due, expires), ifnull(expires, due))),
  PRIMARY KEY (tenant, instance)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_by_time ON waits (wakes) WHERE wakes IS NOT NULL;

-- One row per hop, in the order of commits: its id, and the journal rows it appended.
-- With a rowid: rows of all instances come one after the other, and fill few pages per commit.
CREATE TABLE hops (
  tenant    TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  instance  TEXT    NOT NULL,
  revision  INTEGER NOT NULL,
  rows      BLOB    NOT NULL,
  UNIQUE (tenant, id),
  UNIQUE (tenant, instance, revision)
) STRICT;

-- Who verifies a step at the moment, and whether that account was charged for it.
CREATE TABLE claims (
  tenant    TEXT    NOT NULL,
  instance  TEXT    NOT NULL,
  revision  INTEGER NOT NULL,
  owner     TEXT    NOT NULL,
  account   TEXT    NOT NULL,
  charged   INTEGER NOT NULL,
  until     INTEGER NOT NULL,
  PRIMARY KEY (tenant, instance)
) STRICT, WITHOUT ROWID;

-- The ledger: failed tries since the last success.
CREATE TABLE attempts (
  tenant      TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  failures    INTEGER NOT NULL,
  waits_until INTEGER,
  last_at     INTEGER NOT NULL,
  disabled    INTEGER NOT NULL,
  PRIMARY KEY (tenant, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  tenant    TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  subject   TEXT    NOT NULL,
  action    TEXT    NOT NULL,
  body      TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_time    ON audit (tenant, at);
CREATE INDEX audit_by_subject ON audit (tenant, subject, at);
CREATE INDEX audit_by_action  ON audit (tenant, action, at);

-- Records: one table per kind; besides the body the texts that are unique, and those rows are listed by.
CREATE TABLE deployments (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  by_version TEXT,
  process    TEXT,
  number     INTEGER NOT NULL,  -- the version of the process: the newest is looked for
  body       TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_version)
) STRICT;
CREATE INDEX deployments_by_process ON deployments (tenant, process, number);

CREATE TABLE identity_stores (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE passcode_policies (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  store      TEXT,
  body       TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX passcode_policies_by_store ON passcode_policies (tenant, store);

CREATE TABLE users (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  by_ext_id  TEXT,
  store      TEXT,
  body       TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_ext_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_store ON users (tenant, store);

CREATE TABLE passcodes (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  by_use     TEXT,
  user       TEXT,
  body       TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_use)
) STRICT, WITHOUT ROWID;
CREATE INDEX passcodes_by_user ON passcodes (tenant, user);

CREATE TABLE process_tokens (
  tenant      TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  secret_hash TEXT,
  name        TEXT,
  process     TEXT,
  status      TEXT    NOT NULL,
  opens       INTEGER,
  closes      INTEGER,
  uses        INTEGER,            -- how many are allowed; NULL: any number
  counter     INTEGER NOT NULL,
  body        TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, secret_hash),
  UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX process_tokens_by_process ON process_tokens (tenant, process);

CREATE TABLE sessions (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  begin      TEXT,
  instance   TEXT,
  body       TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, begin)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_instance ON sessions (tenant, instance);
