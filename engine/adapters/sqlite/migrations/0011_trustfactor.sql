-- TrustFactor: codes, contracts, transactions and callbacks; signals for journeys.

CREATE TABLE tf_codes (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  by_remote TEXT,
  owner TEXT,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_remote)
) STRICT, WITHOUT ROWID;
CREATE INDEX tf_codes_by_owner ON tf_codes (tenant, owner);
CREATE INDEX tf_codes_by_end ON tf_codes (ends);
CREATE TABLE tf_contracts (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  contract_key TEXT,
  owner TEXT,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, contract_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tf_contracts_by_owner ON tf_contracts (tenant, owner);
CREATE TABLE tf_transactions (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  by_remote TEXT,
  owner TEXT,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_remote)
) STRICT, WITHOUT ROWID;
CREATE INDEX tf_transactions_by_owner ON tf_transactions (tenant, owner);
CREATE INDEX tf_transactions_by_end ON tf_transactions (ends);
CREATE TABLE tf_wrong_device (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tf_wrong_device_by_end ON tf_wrong_device (ends);
CREATE TABLE tf_callbacks (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tf_providers (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE signals (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  instance TEXT,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX signals_by_instance ON signals (tenant, instance);
CREATE INDEX signals_by_end ON signals (ends);
