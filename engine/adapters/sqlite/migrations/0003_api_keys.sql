-- How programs come in, and what their creation calls were answered.

CREATE TABLE api_keys (
  tenant      TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  name        TEXT,
  secret_hash TEXT,
  body        TEXT    NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name),
  UNIQUE (tenant, secret_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE given_answers (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX given_answers_by_end ON given_answers (ends);
