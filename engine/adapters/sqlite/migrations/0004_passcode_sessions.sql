-- Attempts that application servers have begun; each goes with its one completion, or with its end.

CREATE TABLE passcode_sessions (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX passcode_sessions_by_end ON passcode_sessions (ends);
