-- TrustFactor: codes, contracts, transactions and callbacks; signals for journeys.

CREATE TABLE tf_codes (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  by_remote text COLLATE "C",
  owner text COLLATE "C",
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_remote)
);
CREATE INDEX tf_codes_by_owner ON tf_codes (tenant, owner);
CREATE INDEX tf_codes_by_end ON tf_codes (ends);
CREATE TABLE tf_contracts (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  contract_key text COLLATE "C",
  owner text COLLATE "C",
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, contract_key)
);
CREATE INDEX tf_contracts_by_owner ON tf_contracts (tenant, owner);
CREATE TABLE tf_transactions (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  by_remote text COLLATE "C",
  owner text COLLATE "C",
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, by_remote)
);
CREATE INDEX tf_transactions_by_owner ON tf_transactions (tenant, owner);
CREATE INDEX tf_transactions_by_end ON tf_transactions (ends);
CREATE TABLE tf_wrong_device (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX tf_wrong_device_by_end ON tf_wrong_device (ends);
CREATE TABLE tf_callbacks (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE tf_providers (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE signals (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  instance text COLLATE "C",
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX signals_by_instance ON signals (tenant, instance);
CREATE INDEX signals_by_end ON signals (ends);
